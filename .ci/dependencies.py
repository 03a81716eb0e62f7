#!/usr/bin/env python3
"""Checks what the crates depend on: how many crates fief-axum needs, and that all of them build with the oldest Rust."""

import json
import subprocess
import sys

# With all features, for this platform, and without what only tests need.
MOST = 170


def main():
    problems = []
    tree = cargo("tree", "-p", "fief-axum", "-e", "normal", "--all-features", "--prefix", "none", "--no-dedupe")
    crates = {line.split(" (")[0] for line in tree.splitlines() if line}
    if len(crates) > MOST:
        problems.append(f"fief-axum needs {len(crates)} crates, more than {MOST}")

    packages = json.loads(cargo("metadata", "--format-version", "1", "--all-features"))["packages"]
    ours = next(package["rust_version"] for package in packages if package["name"] == "fief-axum")
    for package in packages:
        theirs = package["rust_version"]
        if theirs and version(theirs) > version(ours):
            problems.append(f"{package['name']} {package['version']} needs Rust {theirs}, and we promise {ours}")

    for problem in problems:
        print(f"dependencies: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"dependencies: {len(crates)} crates for fief-axum; none of {len(packages)} needs more than Rust {ours}")


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def version(text):
    return [int(part) for part in (text + ".0.0").split(".")[:3]]


main()
