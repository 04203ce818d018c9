"""The commands that the documentation tells people to run, in the order in which it does."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def handsum_commands(markdown: str) -> list[list[str]]:
    """The arguments of every `handsum ...` line of the console blocks, without its comment.

    Variables that are set for it, as in `JAX_PLATFORMS=cpu handsum ...`, are left out.
    """
    lines = "".join(_BLOCK.findall(markdown)).replace("\\\n", " ").splitlines()
    found = (re.fullmatch(r"(?:[A-Z_]+=\S+ )*handsum (.+)", line) for line in lines)
    return [_words(one[1]) for one in found if one]


def python_commands(markdown: str) -> list[list[str]]:
    """The script and arguments of every `python examples/...` line of the console blocks."""
    lines = "".join(_BLOCK.findall(markdown)).splitlines()
    return [_words(line)[1:] for line in lines if line.startswith("python examples/")]


def pictures(page: Path) -> dict[Path, list[str]]:
    """The pictures of a page that one of its commands writes, with that command's arguments."""
    markdown = page.read_text()
    writes = {
        Path(words[words.index("-o") + 1]).name: words
        for words in handsum_commands(markdown)
        if "-o" in words
    }
    shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", markdown)
    places = [(page.parent / place).resolve() for place in shown]
    return {place: writes[place.name] for place in places if place.name in writes}


def _words(line: str) -> list[str]:
    return shlex.split(line, comments=True)
