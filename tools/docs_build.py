"""MkDocs hooks: generate the parts of the site that would become outdated if written by hand.

They generate the command reference, the tables of options and the page on JSON, replace
`<!-- facts of MODEL -->` in a model's page by tables from its snapshot and docs/results.json, turn
links to files outside docs/ into plain text, and keep option names from being broken across lines.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import typer

from handsum.cli.app import app
from handsum.models.registry import ENTRIES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
COMMANDS = "reference/commands.md"
SURFACES = "reference/surfaces.md"
JSON = "reference/json.md"
FACTS = re.compile(r"^<!-- facts of ([\w-]+) -->$", re.MULTILINE)
_CODE_HTML = re.compile(
    r'<div class="language-console highlight">.*?</div>|<code>[^<]*</code>', re.DOTALL
)
_OPTION = re.compile(r"(?<=[\s>])--?[a-z][\w-]*")
_SHORT_CODE = re.compile(r"<code>([^<\s]{1,24})</code>")


def on_config(config: Any) -> Any:
    """Add the models that have a page to the navigation."""
    (models,) = (section["Models"] for section in config["nav"] if "Models" in section)
    pages = (f"models/{name}.md" for name in ENTRIES)
    models += [page for page in pages if page not in models and (DOCS / page).exists()]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages: the commands, the options side by side, and the output as JSON."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, COMMANDS, content=command_reference()))
    files.append(File.generated(config, SURFACES, content=_tool("surface").tables()))
    files.append(File.generated(config, JSON, content=_tool("docs_json").json_reference()))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Insert a model's facts; replace a link to a file of the repository by its text."""
    markdown = FACTS.sub(lambda found: model_facts(found[1]), markdown)
    return re.sub(r"\[([^\]]+)\]\((?:\.\./)+(?:src|examples|tools)/[^)]*\)", r"\1", markdown)


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:
    """Mark option names and short inline code, which docs/style.css does not break."""

    def mark_options(block: re.Match[str]) -> str:
        return _OPTION.sub(r'<span class="whole">\g<0></span>', block[0])

    html = _SHORT_CODE.sub(r'<code class="whole">\1</code>', html)
    return _CODE_HTML.sub(mark_options, html)


def _tool(name: str) -> Any:
    """Another module of this folder."""
    folder = str(Path(__file__).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


def command_reference() -> str:
    """Every command with its description, arguments, options and examples, as Markdown."""
    group = typer.main.get_command(app)
    parts = [
        "# Commands\n",
        "Generated from the commands; `handsum COMMAND --help` prints the same.\n",
    ]
    for name, command in sorted(group.commands.items()):  # type: ignore[attr-defined]
        parts += [f"## handsum {name}\n", *_command(command)]
    return "\n".join(parts)


def _command(command: Any) -> Iterator[str]:
    visible = [one for one in command.params if not getattr(one, "hidden", False)]
    text, _, examples = (command.help or "").partition("Examples:")
    yield _paragraphs(text)
    arguments = [one for one in visible if one.param_type_name == "argument"]
    options = [one for one in visible if one.param_type_name == "option"]
    for title, rows in (("argument", arguments), ("option", options)):
        if rows:
            yield f"| {title} | meaning | default |\n|---|---|---|"
            yield "\n".join(_row(one) for one in rows) + "\n"
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    if lines:
        yield "```console\n" + "\n".join(lines) + "\n```\n"


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    else:
        names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
        if parameter.metavar:
            names += f" `{parameter.metavar}`"
    default = parameter.show_default if isinstance(parameter.show_default, str) else ""
    if not default and not parameter.required and parameter.default not in (None, False, (), []):
        default = f"`{parameter.opts[0] if parameter.default is True else parameter.default}`"
    text = (parameter.help or "").replace("|", "\\|").replace("\n", " ")
    return f"| {names} | {_code(text)} | {'required' if parameter.required else default} |"


def _code(text: str) -> str:
    """Braces as code, since Markdown would give them another meaning."""
    return re.sub(r"(\{[^`]*\})", r"`\1`", text)


def _paragraphs(text: str) -> str:
    blocks = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(block.split()) for block in blocks) + "\n"


@cache
def _results() -> Any:
    """The tool that writes docs/results.md, as a module, and the figures that it stored."""
    sys.path.insert(0, str(ROOT / "tools"))
    import results

    return results, json.loads((DOCS / "results.json").read_text())


def stored_evaluation(name: str) -> Any:
    """A model's evaluation, from docs/results.json."""
    from handsum.evaluation.run import Evaluation
    from handsum.evaluation.tables import generator_tables, reader_tables

    tool, results = _results()
    facts = results[name]["facts"]
    figures, real = tool.figures_of(facts)
    tables = generator_tables([figures], real) if real else reader_tables([figures])
    return Evaluation(facts, tables, [])


def model_facts(name: str) -> str:
    """How a model was made and how good it is, as tables."""
    from handsum.evaluation.measure import markdown
    from handsum.pretrained.snapshots import is_bundled, read_facts, weights_folder

    if not is_bundled(name):
        return "Its weights are not in the package.\n"
    folder = weights_folder(name)
    facts = read_facts(folder)
    size = (folder / "weights.npz").stat().st_size
    rows = {
        "task": ENTRIES[name].task,
        "parameters": f"{facts['parameters']:,}",
        "size in the package": f"{size / 2**20:.1f} MiB",
        "command": f"`{facts['command']}`",
        "seed": facts["config"].get("seed", 0),
        "steps": f"{facts['step']:,} of {facts['config']['steps']:,}",
        "time": f"{facts['minutes']} minutes",
        "hardware": facts["hardware"],
        "data": f"{facts['dataset']}: training split; choices made on the validation split",
    }
    lines = ["## How it was made\n", "| | |", "|---|---|"]
    lines += [f"| {title} | {value} |" for title, value in rows.items()]
    if name in _results()[1]:
        found = stored_evaluation(name)
        lines += ["\n## How good it is\n", f"Measured by `{found.facts['command']}`.\n"]
        lines += [markdown(table) for table in found.tables if "confidence" not in table.title]
    return "\n".join(lines) + "\n"
