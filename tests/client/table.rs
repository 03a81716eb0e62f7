use std::{collections::HashSet, fs, path::Path};

/// Section 0: every row of Fief's clients that is about a client or a framework.
#[test]
fn each_row_of_fiefs_clients_has_its_tests() {
    assert_eq!(check(include_str!("../conformance.md")), 118);
}

/// Section 0: and so have the requirements.
#[test]
fn each_security_requirement_has_its_tests() {
    assert_ne!(check(include_str!("../security.md")), 0);
}

/// Section 0: and so have the faults that were seen in use.
#[test]
fn each_fault_from_the_field_has_its_tests() {
    assert_ne!(check(include_str!("../field.md")), 0);
}

/// Checks that the tests in a table exist and name their rows. Returns the number of rows.
fn check(table: &str) -> usize {
    let mut seen = HashSet::new();
    for row in table.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, id, case, here, tests, _] = cells[..] else {
            panic!("not four cells: {row}");
        };
        if !id.ends_with(|last: char| last.is_ascii_digit() || last.is_ascii_uppercase()) {
            continue;
        }
        assert!(!case.is_empty() && seen.insert(id), "{row}");
        let says_why_none = tests == "none" && !["", "tested", "the same"].contains(&here);
        for test in tests.split("<br>").filter(|_| !says_why_none) {
            check_test(id, test.trim_matches('`'));
        }
    }
    seen.len()
}

fn check_test(id: &str, test: &str) {
    let (file, name) = test
        .split_once(' ')
        .unwrap_or_else(|| panic!("{id}: {test}"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let source = fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("no {file}"));
    let doc = doc_of(&source, name).unwrap_or_else(|| panic!("no {name} in {file}"));
    let mut words = doc.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    assert!(
        words.any(|word| word == id),
        "{name} in {file} does not name {id}"
    );
}

/// Returns the doc comment of a test.
fn doc_of(source: &str, name: &str) -> Option<String> {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let is_test = |line: &&str| line.contains(&format!("fn {name}("));
    let at = lines.iter().position(is_test)?;
    let above = lines[..at].iter().rev();
    let attached = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
    Some(attached.copied().collect::<Vec<_>>().join(" "))
}
