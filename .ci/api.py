#!/usr/bin/env python3
"""Checks which crates the public API of a crate names: api.py target/doc/fief_axum.json CRATE...

The JSON is rustdoc's. A crate that is not listed would become a part of our API: its next major version would be ours.
"""

import json
import sys

# Crates that are re-exported by others, which are the ones that users know.
PARTS = {
    "alloc": "std",
    "axum_core": "axum",
    "core": "std",
    "serde_core": "serde",
}


def main(file, *allowed):
    document = json.load(open(file))
    found = {}
    for item in public_items(document):
        for name, path in crates_of(item["inner"], document):
            found.setdefault(name, (item.get("name") or "an impl", path))
    unknown = {name: use for name, use in found.items() if name not in {"std", *allowed}}
    for name, (item, path) in sorted(unknown.items()):
        print(f"api: {name} is not listed: {item} of {document_name(document)} names {path}", file=sys.stderr)
    unused = sorted(set(allowed) - set(found))
    if unused:
        print(f"api: {document_name(document)} names none of these: {', '.join(unused)}", file=sys.stderr)
    if unknown or unused:
        sys.exit(1)
    print(f"api: {document_name(document)} names {', '.join(sorted(found))}")


def document_name(document):
    return document["index"][str(document["root"])]["name"]


def public_items(document):
    """What a user can name, and what is implemented for it."""
    index, seen, todo = document["index"], set(), [document["root"]]
    while todo:
        id = str(todo.pop())
        item = index.get(id)
        if id in seen or item is None or item["crate_id"] != 0:
            continue
        seen.add(id)
        (kind, inner), = item["inner"].items()
        if kind == "use":
            todo.append(inner["id"])
            if str(inner["id"]) not in index:
                # Of another crate. A re-exported crate has no path of its own.
                yield {"name": inner["name"], "inner": {"path": inner["source"], "id": inner["id"]}}
            continue
        if kind == "impl" and (inner["is_synthetic"] or inner["blanket_impl"] is not None):
            continue
        if kind == "module":
            todo.extend(inner["items"])
            continue
        todo.extend(members(kind, inner))
        yield item


def members(kind, inner):
    """The ids of what belongs to an item."""
    if kind in ("struct", "variant"):
        shape = inner["kind"]
        if isinstance(shape, dict):
            (_, shape), = shape.items()
            fields = shape if isinstance(shape, list) else shape["fields"]
            yield from (field for field in fields if field is not None)
    elif kind == "enum":
        yield from inner["variants"]
    elif kind in ("impl", "trait"):
        yield from inner["items"]
    yield from inner.get("impls", []) if isinstance(inner, dict) and kind in ("struct", "enum") else []


def crates_of(value, document):
    """The crates that a signature names, each with the path."""
    if isinstance(value, list):
        for part in value:
            yield from crates_of(part, document)
    elif isinstance(value, dict):
        path = document["paths"].get(str(value.get("id"))) if "path" in value else None
        # What macros name for themselves is not a name for users.
        if path is not None and path["crate_id"] != 0 and "__private" not in path["path"]:
            name = document["external_crates"][str(path["crate_id"])]["name"]
            yield PARTS.get(name, name), "::".join(path["path"])
        for key, part in value.items():
            # These are ids of items that are looked at themselves.
            if key not in ("items", "impls", "variants", "implementations"):
                yield from crates_of(part, document)


if __name__ == "__main__":
    main(*sys.argv[1:])
