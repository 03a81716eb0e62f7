#!/usr/bin/env python3
"""Checks the words of comments, documentation and messages: words.py fief-client/src fief-axum/src README.md

Of folders, it reads the Rust and Markdown files. Each word below is not the field's. Words and phrases that are right in
one place are in ALLOWED, with the file.
"""

import re
import sys
from pathlib import Path

# What is not written, and what is instead.
WORDS = {
    r"answer(s|ed|ing)?": "response, respond, return",
    r"(is|are|was|were) (long )?over": "has expired, has ended",
    r"(is|are|was|were) away": "is unreachable, is unavailable",
    r"nobody|somebody|everybody|everyone|anyone|no one": "anonymous, unauthenticated, a user, any request",
    r"whoever|whatever|whichever|wherever": "if, each, any",
    r"who(m)?": "that, a user that, requests that",
    r"lends?|lent": "attach, insert",
    r"land(s|ed|ing|ings)?": "complete, finish",
    r"wish(es)?": "parameter",
    r"learn(s|ed|t)?": "update, cache",
    r"settle(s|d)?": "is fresh, mark as fresh",
    r"visit(s|ed|ing)?": "request, load",
    r"refus(e|es|ed|al|als)": "reject",
    r"turned away": "rejected",
    r"let(s)? (\w+ )?in": "accept, allow",
    r"cheap clone": "Cloning is cheap.",
    r"(ask|asks|asked|asking)": "require, request, authenticate, query",
    r"(tell|tells|told)": "report, notify, distinguish",
    r"(a|no|is|are|not|any) good": "valid, usable",
    r"of no use": "unusable",
    r"come(s)? by": "sends a request",
    r"by itself": "alone, automatically",
    r"as it is": "unchanged",
    r"the others('s)?": "other requests, other callers",
    r"lately": "recently",
    r"anew": "again",
    r"besides": "in addition to, other than",
    r"(gets|get) to know": "",
    r"none (for|where|when|if|from|of|in|as)": "`None`",
    r"(?<=[,.:;] )none\b": "`None`",
}

# Phrases that are right, by file; "" is any file.
ALLOWED = {
    "": ["connection refused", "Connection refused"],
}

COMMENT = re.compile(r"(?<!:)//[/!]?(.*)$")
MESSAGE = re.compile(r'"((?:[^"\\]|\\.)*)"')
CODE = re.compile(r"`[^`]*`|\]\([^)]*\)|https?://\S+")


def texts(file):
    """The lines that have words, each with its number."""
    return pages(file) if file.suffix == ".md" else sources(file)


def pages(file):
    """The lines of a Markdown file, but for code."""
    fenced = False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line.strip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, CODE.sub(" ", line)


def sources(file):
    """The lines of comments and of messages of a Rust file."""
    fenced = False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if line.strip().startswith("#[cfg(test)]"):
            return
        comment = COMMENT.search(re.sub(r'"(?:[^"\\]|\\.)*"', '""', line))
        if comment:
            text = comment[1].strip()
            if text.startswith("```"):
                fenced = not fenced
            elif not fenced:
                yield number, CODE.sub(" ", text)
        else:
            for message in MESSAGE.findall(line):
                if " " in message:
                    yield number, message


def check(file):
    allowed = ALLOWED[""] + ALLOWED.get(str(file), [])
    for number, text in texts(file):
        for phrase in allowed:
            text = text.replace(phrase, " ")
        for word, better in WORDS.items():
            for found in re.finditer(rf"(?i)(?<![\w-])(?:{word})(?![\w-])", text):
                yield f"{file}:{number}: {found[0]!r} ({better}): {text.strip()}"


def all_files(source):
    return sorted(source.rglob("*.[rm][sd]")) if source.is_dir() else [source]


def main():
    if not sys.argv[1:]:
        sys.exit(__doc__)
    files = [file for source in sys.argv[1:] for file in all_files(Path(source))]
    problems = [problem for file in files for problem in check(file)]
    print("\n".join(problems) or "words: all in order")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
