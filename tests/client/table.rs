use std::{collections::HashSet, fs, path::Path};

/// Section 0: `tests/conformance.md` names tests that are there, and that name the row.
#[test]
fn each_row_of_the_table_has_its_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let table = include_str!("../conformance.md");
    let mut seen = HashSet::new();
    for row in table
        .lines()
        .filter(|line| line.starts_with("| C") || line.starts_with("| Q"))
    {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, id, case, here, tests, _] = cells[..] else {
            panic!("not four cells: {row}");
        };
        assert!(
            !case.is_empty() && !here.is_empty() && seen.insert(id),
            "{row}"
        );
        let why_none = tests == "none" && here != "the same";
        for test in tests.split("<br>").filter(|_| !why_none) {
            let (file, name) = test.trim_matches('`').split_once(' ').unwrap();
            let source = fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("{file}"));
            let doc = doc_of(&source, name).unwrap_or_else(|| panic!("no {name} in {file}"));
            assert!(doc.contains(id), "{name} in {file} does not name {id}");
        }
    }
    assert_eq!(seen.len(), ROWS);
}

/// The comment above a test.
fn doc_of(source: &str, name: &str) -> Option<String> {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let is_test = |line: &&str| line.contains(&format!("fn {name}("));
    let at = lines.iter().position(is_test)?;
    let above = lines[..at].iter().rev();
    let attached = above.take_while(|line| line.starts_with("///") || line.starts_with("#["));
    Some(attached.copied().collect::<Vec<_>>().join(" "))
}

/// Every row of Fief's clients that is about a client.
const ROWS: usize = 73;
