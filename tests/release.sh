#!/usr/bin/env bash
# What a release must pass in addition to .ci/run: compatibility with the last one, licences and sources of all
# dependencies, and a while of fuzzing. It needs Rust and installs the rest under target/tools once, which takes long.
#
#   tests/release.sh [semver|deny|fuzz [SECONDS [TARGET]]]      one step only; SECONDS for each target (60)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null
export CARGO_TERM_COLOR=never
TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")
TOOLS=$TARGET_DIR/tools

main() {
  case ${1:-all} in
    all) semver; deny; fuzz ;;
    semver | deny | fuzz) "$@" ;;
    *) die "unknown step: $1" ;;
  esac
  say "passed"
}

say() { printf 'release.sh: %s\n' "$*"; }
die() { printf 'release.sh: error: %s\n' "$*" >&2; exit 1; }

# tool NAME VERSION: installs a command of Cargo.
tool() {
  [ "$("$TOOLS/bin/$1" --version 2>/dev/null | awk '{print $NF}')" != "$2" ] || return 0
  say "installing $1 $2"
  CARGO_TARGET_DIR=$TOOLS/build cargo install "$1" --version "$2" --locked --quiet --root "$TOOLS" ||
    die "$1 could not be installed"
  rm -rf "$TOOLS/build"
}

# Compares the public API with that of the last release, which is the newest tag v*.
semver() {
  local last
  last=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
  if [ -z "$last" ]; then
    say "semver: there is no release yet (no tag v*), so there is nothing to compare with"
    return
  fi
  tool cargo-semver-checks 0.51.0
  PATH=$TOOLS/bin:$PATH cargo semver-checks --baseline-rev "$last" -p fief-client -p fief-axum -p fief-test-server
}

# Without advisories, whose database is not on a package registry: cargo deny check advisories, where it can be fetched.
deny() {
  tool cargo-deny 0.20.2
  "$TOOLS/bin/cargo-deny" --config .deny.toml check --hide-inclusion-graph bans licenses sources
}

# fuzz [SECONDS [TARGET]]: as cargo-fuzz does, but with any compiler.
fuzz() {
  local seconds=${1:-60} only=${2:-} count=0 manifest folder target corpus host build
  host=$(rustc -vV | sed -n 's/^host: //p')
  for manifest in */fuzz/Cargo.toml; do
    folder=${manifest%/*}
    build=$TARGET_DIR/fuzz
    say "building $folder"
    RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$build RUSTFLAGS=$FUZZ_FLAGS \
      cargo build --quiet --release --target "$host" --bins --manifest-path "$manifest"
    for target in "$folder"/fuzz_targets/*.rs; do
      target=$(basename "$target" .rs)
      [ -z "$only" ] || [ "$only" = "$target" ] || continue
      # What is found first, then what is committed.
      corpus=$build/corpus/$target
      mkdir -p "$corpus" "$build/artifacts"
      say "fuzzing $target for $seconds s"
      count=$((count + 1))
      local inputs=("$corpus")
      [ ! -d "$folder/corpus/$target" ] || inputs+=("$folder/corpus/$target")
      timeout $((seconds + 60)) "$build/$host/release/$target" -max_total_time="$seconds" -max_len=4096 \
        -artifact_prefix="$build/artifacts/$target-" "${inputs[@]}" >"$build/$target.log" 2>&1 ||
        { tail -n 20 "$build/$target.log" >&2; die "$target: the input is in $build/artifacts"; }
      grep -m1 '^Done' "$build/$target.log" | sed "s/^/release.sh: $target: /" || true
    done
  done
  ((count)) || die "there is no target $only"
}

FUZZ_FLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table
-Cllvm-args=-sanitizer-coverage-trace-compares -Clink-dead-code -Ccodegen-units=1 -Cdebug-assertions -Zsanitizer=address"
FUZZ_FLAGS=${FUZZ_FLAGS//$'\n'/ }

main "$@"
