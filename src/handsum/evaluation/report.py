"""An evaluation as one self-contained HTML page, with the figures as JSON beside it."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handsum.errors import HandsumError
from handsum.evaluation.tables import Table
from handsum.files import atomic_write, check_replaceable, make_folders, write_json

PAGE, FIGURES = "index.html", "figures.json"
MARK = '<meta name="generator" content="handsum">'
STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
.quick { background: #c60; color: #fff; padding: .4rem .8rem; border-radius: .4rem }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left; white-space: pre }
thead th { border-bottom-width: 2px } tbody tr:nth-child(even) { background: var(--soft) }
img { max-width: 100%; height: auto; background: #fff; border-radius: .3rem }
figure { margin: 1.2rem 0 } figcaption, .note { opacity: .8; font-size: .9rem }
code { background: var(--soft); padding: .1rem .3rem; border-radius: .2rem }
"""


@dataclass(frozen=True)
class Picture:
    """A PNG with its title, and a caption that is also its alternative text."""

    title: str
    caption: str
    png: bytes


def prepare_report(folder: Path) -> None:
    """Make the folder of a report, before the work starts.

    Raises:
        HandsumError: it cannot be made or written, or holds an index.html of something else.
    """
    make_folders(folder)
    page = folder / PAGE
    try:
        if page.exists() and MARK not in page.read_text(errors="replace"):
            raise HandsumError(f"{page} is not a handsum report: choose another `report` folder")
    except OSError as error:
        raise HandsumError(f"cannot write a report to {folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise HandsumError(f"cannot write a report to {folder}: permission denied")
    for name in (PAGE, FIGURES):
        check_replaceable(folder / name)


def save_report(
    folder: Path, facts: dict[str, Any], tables: Sequence[Table], pictures: Sequence[Picture]
) -> None:
    """Write index.html and figures.json into `folder` (see `prepare_report`).

    `facts` become the JSON; the page shows their command, versions, seed and effort first.

    Raises:
        HandsumError: a file cannot be written.
    """
    write_json(folder / FIGURES, facts, indent=2)
    with atomic_write(folder / PAGE) as file:
        file.write(_page(facts, tables, pictures).encode())


def _page(facts: dict[str, Any], tables: Sequence[Table], pictures: Sequence[Picture]) -> str:
    names = ", ".join(figures["model"] for figures in facts["figures"])
    title = f"{names}: measured by handsum"
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    warning = (
        '<p class="quick">Few digits, rough figures: not for comparing or publishing.</p>'
        if facts["effort"] != "full"
        else ""
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{MARK}<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>"
        f'<p class="note"><code>{html.escape(facts["command"])}</code><br>'
        f"seed {facts['seed']}; {html.escape(versions)}</p>{warning}"
        + "".join(map(_table, tables))
        + "".join(map(_picture, pictures))
        + "</body></html>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table.rows
    )
    note = f'<p class="note">{html.escape(table.note)}</p>' if table.note else ""
    return (
        f"<h2>{html.escape(table.title)}</h2>"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        f"</div>{note}"
    )


def _picture(picture: Picture) -> str:
    data = base64.b64encode(picture.png).decode()
    caption = html.escape(picture.caption)
    return (
        f"<h2>{html.escape(picture.title)}</h2><figure>"
        f'<img alt="{caption}" src="data:image/png;base64,{data}">'
        f"<figcaption>{caption}</figcaption></figure>"
    )
