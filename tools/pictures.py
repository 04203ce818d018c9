"""Make the pictures of the documentation again, with the commands on the same page.

python tools/pictures.py [PAGE ...]

A picture on a page of docs/ is made by the command on that page that writes it (`-o NAME.png`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs_commands import pictures

from handsum.cli.app import app

DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    """Run the commands of the pages, each into its picture."""
    pages = [Path(name).resolve() for name in sys.argv[1:]] or sorted(DOCS.rglob("*.md"))
    for page in pages:
        for place, words in pictures(page).items():
            place.parent.mkdir(parents=True, exist_ok=True)
            words[words.index("-o") + 1] = str(place)
            app(words, standalone_mode=False)


if __name__ == "__main__":
    main()
