use std::{env, fs, path::Path, process::Command};

use crate::batch::COUNTED;

/// What a request costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) instructions: i64,
    pub(crate) locked: i64,
    pub(crate) allocations: i64,
}

impl Counts {
    /// Runs this program under callgrind, in a directory for what it writes.
    pub(crate) fn of(arguments: &[&str], directory: &Path) -> Self {
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--collect-bus=yes"])
            .args(["--compress-strings=no", "--callgrind-out-file=profile"])
            .arg(format!("--dump-after={BATCH}"))
            .arg(env::current_exe().unwrap())
            .args(arguments)
            .current_dir(directory)
            .output()
            .unwrap();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {log}");
        // The first one is of the set-up and the batch that warms up.
        let profile = fs::read_to_string(directory.join("profile.2"));
        Self::parse(&profile.expect(BATCH))
    }

    /// Returns what it costs above another one.
    pub(crate) fn above(self, other: Self) -> Self {
        Self {
            instructions: self.instructions - other.instructions,
            locked: self.locked - other.locked,
            allocations: self.allocations - other.allocations,
        }
    }

    /// Reads callgrind's [format](https://valgrind.org/docs/manual/cl-format.html).
    fn parse(profile: &str) -> Self {
        let field = |name| profile.lines().find_map(|line| line.strip_prefix(name));
        assert_eq!(field("events: "), Some("Ir Ge"));
        let (instructions, locked) = field("summary: ").unwrap().split_once(' ').unwrap();
        let allocations = ALLOCATORS.iter().map(|name| calls(profile, name));
        let requests = i64::try_from(COUNTED).unwrap();
        Self {
            instructions: number(instructions) / requests,
            locked: number(locked) / requests,
            allocations: allocations.sum::<i64>() / requests,
        }
    }
}

/// How often a function was called.
fn calls(profile: &str, function: &str) -> i64 {
    let callee = format!("\ncfn={function}\ncalls=");
    let counts = profile.split(&callee).skip(1);
    counts
        .map(|rest| number(rest.split(' ').next().unwrap()))
        .sum()
}

fn number(text: &str) -> i64 {
    text.parse().unwrap()
}

/// The function after which callgrind writes a profile.
const BATCH: &str = "counts::batch::batch*";
/// Of the C library, for Rust's allocations and those of aws-lc.
const ALLOCATORS: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];
