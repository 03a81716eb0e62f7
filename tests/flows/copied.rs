//! The examples are meant to be copied: `.ci/run` builds each outside of the workspace.

use std::{collections::BTreeMap, fs, path::Path};

/// FD-90
#[test]
fn a_copied_example_inherits_nothing() {
    for (example, manifest) in examples() {
        for inherited in ["workspace", "path ="] {
            assert!(!manifest.contains(inherited), "{example}: {inherited}");
        }
    }
}

/// FD-90: they do not drift apart.
#[test]
fn the_versions_of_an_example_are_those_of_the_workspace() {
    let workspace = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let workspace = versions(&workspace);
    for (example, manifest) in examples() {
        let own = versions(&manifest);
        assert!(own.contains_key("fief-test-server"), "{example}: {own:?}");
        for (name, version) in own {
            // One that is the example's own stands there alone.
            if let Some(expected) = workspace.get(name) {
                assert_eq!(version, *expected, "{example}: {name}");
            }
        }
    }
}

/// The manifest of each example.
fn examples() -> Vec<(String, String)> {
    let folders = fs::read_dir(root().join("examples")).unwrap();
    let manifests = folders.filter_map(|folder| {
        let folder = folder.unwrap();
        let name = folder.file_name().into_string().unwrap();
        Some((
            name,
            fs::read_to_string(folder.path().join("Cargo.toml")).ok()?,
        ))
    });
    let manifests: Vec<_> = manifests.collect();
    assert!(!manifests.is_empty());
    manifests
}

/// What a manifest says of versions: those of its dependencies, its own, and those of Rust and its edition.
fn versions(manifest: &str) -> BTreeMap<&str, &str> {
    let pairs = manifest.lines().filter_map(|line| {
        let (name, value) = line.split_once(" = ")?;
        let value = value.strip_prefix("{ version = ").unwrap_or(value);
        let version = value.strip_prefix('"')?.split('"').next()?;
        // The workspace's own crates depend on each other's exact versions.
        Some((name, version.trim_start_matches('=')))
    });
    pairs.collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
