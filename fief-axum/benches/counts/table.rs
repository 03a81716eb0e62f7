use std::{env::consts::ARCH, fmt::Display, process::Command};

use crate::callgrind::Counts;

/// What the figures depend on, and the heading of the columns.
pub(crate) fn head(bare: Counts) -> String {
    let features = [
        (cfg!(feature = "metrics"), "metrics"),
        (cfg!(feature = "tower-sessions"), "tower-sessions"),
        (cfg!(feature = "utoipa"), "utoipa"),
    ];
    let features = features.iter().filter(|(is_on, _)| *is_on);
    let features: Vec<_> = features.map(|(_, name)| *name).collect();
    let lines = [
        format!("arch: {ARCH}"),
        format!("rustc: {}", version("rustc", "--version")),
        format!("glibc: {}", version("getconf", "GNU_LIBC_VERSION")),
        format!("valgrind: {}", version("valgrind", "--version")),
        format!("features: {}", features.join(" ")),
        format!(
            "bare router: {} {} {}",
            bare.instructions, bare.locked, bare.allocations
        ),
        String::new(),
        line(
            "above the bare router",
            "instructions",
            "locked",
            "allocations",
        ),
    ];
    lines.join("\n")
}

pub(crate) fn row(name: &str, counts: Counts) -> String {
    line(name, counts.instructions, counts.locked, counts.allocations)
}

fn line(
    name: &str,
    instructions: impl Display,
    locked: impl Display,
    allocations: impl Display,
) -> String {
    format!("{name:32} {instructions:>12} {locked:>8} {allocations:>12}\n")
}

/// The version that a program reports, without its name.
fn version(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim()
        .trim_start_matches(|c: char| !c.is_ascii_digit())
        .to_owned()
}
