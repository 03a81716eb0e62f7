//! The pages "When it says …" have a row for every kind, and no other.

use std::{collections::HashMap, fs, path::Path};

use fief_client::Reason;

use crate::web::rejections;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(path)).unwrap()
}

/// Returns the cells of the only table of a page, without its head.
fn rows(page: &str) -> Vec<Vec<String>> {
    let lines = page.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(cell).collect();
    lines.map(cells).collect()
}

fn cell(text: &str) -> String {
    text.trim().replace('`', "")
}

/// Returns the names of the variants of a public enum in a source file.
fn variants(source: &str, name: &str) -> Vec<String> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let is_variant = |line: &&str| line.starts_with(|first: char| first.is_ascii_uppercase());
    let names = lines.filter(is_variant).map(|line| {
        let end = line.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
        line[..end].to_owned()
    });
    names.collect()
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// TV-28, FD-74: each reason of the source has its label and its row, and each row its reason.
#[test]
fn each_reason_has_its_row() {
    let names = variants(&read("fief-client/src/error/reason.rs"), "Reason");
    let all = Reason::all();
    let debug: Vec<_> = all.iter().map(|reason| format!("{reason:?}")).collect();
    assert_eq!(names.len(), all.len());
    let page = read("fief-client/src/error/reasons.md");
    let rows = rows(&page);
    assert_eq!(rows.len(), all.len(), "{rows:?}");
    for (((name, debug), reason), row) in names.iter().zip(debug).zip(all).zip(&rows) {
        let [says, label, means, does] = &row[..] else {
            panic!("not four cells: {row:?}");
        };
        assert_eq!(debug.split(' ').next().unwrap(), name);
        assert_eq!(reason.label(), snake_case(name));
        assert_eq!(label, reason.label());
        assert_eq!(*says, reason.to_string().replace("90 s", "…"));
        assert!(!means.is_empty() && !does.is_empty(), "{row:?}");
    }
}

/// TV-28, FD-74: and so has each kind of rejection.
#[test]
fn each_kind_of_rejection_has_its_row() {
    let names = variants(&read("fief-axum/src/rejection/kind.rs"), "RejectionKind");
    let page = read("fief-axum/src/rejection/reasons.md");
    let rows: HashMap<_, _> = rows(&page)
        .into_iter()
        .map(|row| (row[0].clone(), row))
        .collect();
    let cases = rejections::cases();
    assert_eq!((names.len(), cases.len()), (rows.len(), rows.len()));
    for case in cases {
        let debug = format!("{:?}", case.kind);
        let name = debug.split(' ').next().unwrap();
        assert!(names.iter().any(|known| known == name), "{name}");
        let [_, label, says, means, does] = &rows[name][..] else {
            panic!("not five cells: {name}");
        };
        let expected = match name {
            "Denied" => "denied_token",
            "Expired" => "expired_token",
            _ => case.error,
        };
        assert_eq!((&**label, &**says), (expected, case.description), "{name}");
        assert!(!means.is_empty() && !does.is_empty(), "{name}");
    }
}
