#!/usr/bin/env python3
"""Checks the layout of crates: rooms.py fief-client/src fief-axum/src

- Modules do not import each other in circles. Two may, where ALLOWED says why.
- A `src/` has at most MAX_ENTRIES entries, and a file at most MAX_LINES lines besides docs and tests.
- What is one room's own stays there: SEAMS.

Imports are read as text: `use` declarations and paths that begin with `crate`, `self` or `super`. A name counts for the
module that defines it, not for one that re-exports it. What is behind `#[cfg(test)]` or in comments does not count.
"""

import re
import sys
from pathlib import Path

MAX_ENTRIES = 24
MAX_LINES = 250

# Pairs of modules that may import each other, and why.
ALLOWED = {
    ("fief-axum/src", "auth", "builder"): "a type and the builder that makes it, each other's way in",
    ("fief-client/src", "error", "login/pending"): "an error that holds tokens, which hold the error that they end with",
}

# What does not occur in a crate's code but in the files that are named.
SEAMS = [
    ("fief-client/src", r"\baxum\b", []),
    ("fief-client/src", r"\breqwest\b", ["transport", "builder.rs", "lib.rs"]),
    ("fief-axum/src", r"\b(jsonwebtoken|reqwest)\b", []),
    # What clients can cause is logged by `limited!`. These lines are of the start, are logged once, or have a limit.
    (
        "fief-axum/src",
        r"tracing::(error|warn)!",
        ["auth.rs", "builder", "extract/current_user.rs", "openapi", "routes/address.rs", "routes/failure.rs"],
    ),
]

USE = re.compile(r"(?m)^[ ]*(pub(?:\([^)]*\))?[ ]+)?use[ ]+([^;]+);")
PATH = re.compile(r"\b(?:crate|self|super)(?:::\w+)+")
TESTS = re.compile(r"#\[cfg\(test\)\]\s*mod \w+ \{")
TEST_MODULE = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^]]*\]\s*)*mod (\w+);")


class Module:
    def __init__(self, source, file):
        self.file = file.relative_to(source)
        parts = self.file.with_suffix("").parts
        self.path = () if parts == ("lib",) else parts[:-1] if parts[-1] == "mod" else parts
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", file.read_text(), flags=re.S)
        tests = TESTS.search(text)
        self.text = text[: tests.start()] if tests else text
        self.lines = sum(1 for line in self.text.splitlines() if line.strip())
        self.imports, self.exports = set(), {}

    def absolute(self, path):
        """A path from the crate's root, or None for another crate's."""
        if path[0] == "crate":
            return path[1:]
        if path[0] == "self":
            return self.path + path[1:]
        base = self.path
        while path and path[0] == "super":
            base, path = base[:-1], path[1:]
        return base + path


def paths(tree, prefix=()):
    """The paths of a `use` declaration, each with the name that it gets."""
    tree = tree.strip()
    if tree.startswith("{"):
        for part in split(tree[1:-1]):
            yield from paths(part, prefix)
        return
    head, separator, rest = tree.partition("::")
    if separator and "{" not in head:
        yield from paths(rest, (*prefix, head.strip()))
        return
    name, _, alias = tree.partition(" as ")
    yield (*prefix, name.strip()), (alias or name).strip()


def split(parts):
    depth, part = 0, ""
    for character in parts:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield part
            part = ""
        else:
            part += character
    if part.strip():
        yield part


def load(source):
    files = [file for file in source.rglob("*.rs") if file.stem not in ("tests", "main")]
    files = [file for file in files if "tests" not in file.relative_to(source).parts]
    modules = {module.path: module for module in (Module(source, file) for file in files)}
    for module in modules.values():
        read(module, modules)
    return modules


def read(module, modules):
    named = {}
    for visibility, tree in USE.findall(module.text):
        for path, name in paths(re.sub(r"\s+", " ", tree)):
            if path[0] not in ("crate", "self", "super"):
                if module.path + path[:1] not in modules:
                    continue
                path = ("self", *path)
            path = module.absolute(path)
            if visibility:
                module.exports[name] = path
            named[name] = path
    body = USE.sub("", module.text)
    for path in PATH.findall(body):
        module.imports.add(module.absolute(tuple(path.split("::"))))
    for name, path in named.items():
        inside = re.findall(rf"(?<![:\w]){re.escape(name)}::(\w+)", body) if path in modules else []
        module.imports.update((*path, item) for item in inside)
        # A name that is only handed on is not used here.
        if not inside and (name not in module.exports or re.search(rf"\b{re.escape(name)}\b", body)):
            module.imports.add(path)


def home(path, modules, seen=()):
    """The module that defines what a path names."""
    for length in range(len(path), -1, -1):
        module = modules.get(path[:length])
        if module is None:
            continue
        rest = path[length:]
        target = module.exports.get(rest[0]) if rest else None
        if target is not None and (module.path, rest[0]) not in seen:
            return home(target + rest[1:], modules, (*seen, (module.path, rest[0])))
        return module.path
    return None


def circles(edges):
    """The sets of modules that reach each other (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in edges[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            start = stack.index(node)
            found.append(stack[start:])
            del stack[start:]

    for node in edges:
        if node not in index:
            visit(node)
    return [circle for circle in found if len(circle) > 1]


def check(source):
    """What is wrong with a crate."""
    modules = load(source)
    edges = {}
    for module in modules.values():
        targets = {home(path, modules) for path in module.imports}
        edges[module.path] = targets - {None, module.path}
    for circle in circles(edges):
        names = sorted("/".join(path) or "lib" for path in circle)
        if len(circle) > 2 or (str(source), *names) not in ALLOWED:
            yield f"{source}: import each other in a circle: {', '.join(names)}"
            for path in sorted(circle):
                for target in sorted(edges[path] & set(circle)):
                    yield f"    {'/'.join(path)} -> {'/'.join(target)}"
    entries = len(list(source.iterdir()))
    if entries > MAX_ENTRIES:
        yield f"{source}: {entries} entries, more than {MAX_ENTRIES}"
    tests = [module.path + (name,) for module in modules.values() for name in TEST_MODULE.findall(module.text)]
    for module in modules.values():
        is_test = any(module.path[: len(test)] == test for test in tests)
        if module.lines > MAX_LINES and not is_test:
            yield f"{source}/{module.file}: {module.lines} lines, more than {MAX_LINES}"
    for crate, pattern, rooms in SEAMS:
        for module in modules.values() if crate == str(source) else []:
            is_room = module.file.parts[0] in rooms or str(module.file) in rooms
            if not is_room and re.search(pattern, module.text):
                yield f"{source}/{module.file}: {re.search(pattern, module.text)[0]} does not belong here"


def main():
    if not sys.argv[1:]:
        sys.exit(__doc__)
    problems = [problem for source in sys.argv[1:] for problem in check(Path(source))]
    print("\n".join(problems) or "rooms: all in order")
    sys.exit(bool(problems))


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    main()
