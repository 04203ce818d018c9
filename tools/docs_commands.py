"""Find the commands in the documentation, in the order of the page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def handsum_commands(markdown: str) -> list[list[str]]:
    """The arguments of every `handsum ...` line in the console blocks, without comments.

    Variables set for a command, as in `JAX_PLATFORMS=cpu handsum ...`, are left out.
    """
    lines = "".join(_BLOCK.findall(markdown)).replace("\\\n", " ").splitlines()
    found = (re.fullmatch(r"(?:[A-Z_]+=\S+ )*handsum (.+)", line) for line in lines)
    return [_words(one[1]) for one in found if one]


def python_commands(markdown: str) -> list[list[str]]:
    """The script and arguments of every `python examples/...` line in the console blocks."""
    lines = "".join(_BLOCK.findall(markdown)).splitlines()
    return [_words(line)[1:] for line in lines if line.startswith("python examples/")]


def pictures(page: Path) -> dict[Path, list[str]]:
    """The pictures of a page that a command of the page writes, with that command's arguments."""
    markdown = page.read_text()
    writers = {
        Path(words[words.index("-o") + 1]).name: words
        for words in handsum_commands(markdown)
        if "-o" in words
    }
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", markdown)
    paths = [(page.parent / link).resolve() for link in links]
    return {path: writers[path.name] for path in paths if path.name in writers}


def _words(line: str) -> list[str]:
    return shlex.split(line, comments=True)
