"""Make the pictures of the documentation again, by the commands that stand beside them.

python tools/pictures.py [PAGE ...]

A picture in a page of docs/ that a command of the same page writes (`-o NAME.png`, under the
picture's own name) is made by that command.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs_commands import pictures

from handsum.cli.app import app

DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    """Run the pages' commands, each into its picture."""
    pages = [Path(name).resolve() for name in sys.argv[1:]] or sorted(DOCS.rglob("*.md"))
    for page in pages:
        for place, words in pictures(page).items():
            place.parent.mkdir(parents=True, exist_ok=True)
            words[words.index("-o") + 1] = str(place)
            app(words, standalone_mode=False)


if __name__ == "__main__":
    main()
