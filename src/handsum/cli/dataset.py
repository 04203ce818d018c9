"""`handsum dataset`: labelled pictures for those who train readers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from handsum.cli.console import err
from handsum.cli.writing_options import Model, Seed, Verify
from handsum.errors import UsageError

if TYPE_CHECKING:
    from handsum.datasets import Plan, Written

PICTURES = "Pictures"
DIVISION = "Division of the work"


def dataset(
    kind: Annotated[
        Literal["digits", "numbers", "sums"],
        typer.Argument(
            help="digits: one to a picture; numbers: several, drawn at random; sums: several, "
            "which all totals are equally likely for."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FOLDER", help="The folder to write, or go on in."),
    ],
    count: Annotated[int, typer.Option(help="How many pictures.")] = 1000,
    file_format: Annotated[
        Literal["png", "npz", "idx", "parquet", "webdataset", "coco", "tfds", "cuts"],
        typer.Option(
            "--format",
            help="png: class folders of digits, else images/, with labels.csv and labels.jsonl; "
            "npz; idx: MNIST's own; parquet: Hugging Face; webdataset: tar; coco: "
            "annotations.json; tfds: TensorFlow Datasets; cuts: the 28x28 digits cut out of the "
            "pictures, for `train cnn --dataset idx:FOLDER`.",
        ),
    ] = "png",
    length: Annotated[
        str | None,
        typer.Option(
            metavar="N|N-M",
            show_default="1-8",
            help="How many digits a number has; each length is equally likely.",
        ),
    ] = None,
    totals: Annotated[
        str | None,
        typer.Option(
            metavar="N|N-M",
            show_default="all that the length reaches",
            help="What sums sum to.",
        ),
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"],
        typer.Option(help="Which split the files' names say that this is."),
    ] = "train",
    realism: Annotated[
        str,
        typer.Option(
            metavar="all|none|NAME[=STRENGTH],...",
            rich_help_panel=PICTURES,
            help="What happens to the pictures, each up to a strength of 0 to 1 (0.5): touching, "
            "rotation, perspective, lines, colors, texture, blur, noise, jpeg, strokes. What was "
            "drawn for a picture is in its labels.",
        ),
    ] = "none",
    height: Annotated[
        int | None,
        typer.Option(
            show_default="28 for digits, else 64",
            rich_help_panel=PICTURES,
            help="The pictures' height in pixels; digits are square.",
        ),
    ] = None,
    seed: Seed = None,
    model: Model = None,
    verify: Verify = True,
    shards: Annotated[
        int | None,
        typer.Option(
            show_default="4,096 pictures or 128 MiB of pixels each",
            rich_help_panel=DIVISION,
            help="In how many parts it is written: what an interruption costs is one of them.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(rich_help_panel=DIVISION, help="Processes that divide the shards."),
    ] = 1,
    hosts: Annotated[
        int,
        typer.Option(
            rich_help_panel=DIVISION,
            help="Machines that divide the shards and share the folder; give each its --host, and "
            "all the same --seed.",
        ),
    ] = 1,
    host: Annotated[
        int, typer.Option(rich_help_panel=DIVISION, help="Which of the --hosts this is, from 0.")
    ] = 0,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help='Print {"folder", "count", "written", "kept" (from an earlier run), '
            '"missing_shards" (of other hosts), "seconds", "samples_per_second", "seed"}.',
        ),
    ] = False,
) -> None:
    """Write a labelled data set: pictures with their digits, boxes, sums and writers.

    The same command goes on where it was interrupted, and gives the same bytes whatever the
    workers and hosts.

    Examples:

    handsum dataset digits --count 60000 --format idx -o digits

    handsum dataset numbers --count 100000 --length 1-8 --realism all --workers 8 -o numbers

    handsum dataset sums --count 5000 --length 5 --totals 20-30 --format parquet -o sums
    """
    from handsum.datasets import Plan, Recipe, choose_shards, parse_range, parse_realism

    recipe = Recipe(
        kind=kind,
        count=count,
        seed=_choose_seed(output, seed, hosts),
        lengths=None if length is None else parse_range(length, "lengths"),
        totals=None if totals is None else parse_range(totals, "totals"),
        model=model,
        verify=verify,
        realism=parse_realism(realism),
        height=height,
    )
    plan = Plan(recipe, file_format, choose_shards(recipe) if shards is None else shards, split)
    if workers > plan.shards:
        note = f"note: {workers} workers for {plan.shards} of --shards: some have nothing to do"
        err().print(note, markup=False)
    start = time.perf_counter()
    written = _write(output, plan, workers, hosts, host)
    seconds = time.perf_counter() - start
    rate = written.written / seconds
    typer.echo(f"{output}: {_summary(plan, written, rate)}", err=as_json)
    if as_json:
        result = {
            "folder": str(output),
            "count": count,
            "written": written.written,
            "kept": written.kept,
            "missing_shards": written.missing,
            "seconds": round(seconds, 3),
            "samples_per_second": round(rate, 1),
            "seed": recipe.seed,
        }
        typer.echo(json.dumps(result))


def _choose_seed(output: Path, seed: int | None, hosts: int) -> int:
    """The seed asked for, or that of what the folder holds unfinished, or a new one.

    Raises:
        UsageError: each of several hosts would choose its own.
    """
    from handsum.datasets import read_manifest
    from handsum.seeds import choose_seed

    if seed is None and (manifest := read_manifest(output)):
        seed = manifest["recipe"]["seed"]
    if seed is None and hosts > 1:
        raise UsageError("hosts divide the pictures of one seed: give each the same --seed N")
    return choose_seed(seed)


def _write(output: Path, plan: Plan, workers: int, hosts: int, host: int) -> Written:
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from handsum.datasets import write_dataset

    mine = range(host, plan.shards, max(1, hosts))
    wanted = sum(len(plan.shard(index)) for index in mine)
    columns = (
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err(), transient=True, disable=not err().is_terminal) as bar:
        task = bar.add_task("writing", total=wanted, rate="")

        def tell(samples: int) -> None:
            bar.advance(task, samples)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:.0f}/s" if speed else "")

        return write_dataset(output, plan, workers=workers, hosts=hosts, host=host, tell=tell)


def _summary(plan: Plan, written: Written, rate: float) -> str:
    recipe = plan.recipe
    kind = recipe.kind if recipe.count > 1 else recipe.kind.removesuffix("s")
    notes = [f"{plan.format}", f"{plan.shards} shard{'s' if plan.shards > 1 else ''}"]
    if written.written:
        notes.append(f"{rate:.0f} samples/s")
    if written.kept:
        notes.append(f"{written.kept:,} were there")
    if written.missing:
        notes.append(f"{written.missing} of its shards are still other hosts' to write")
    return f"{recipe.count:,} {kind}  ({', '.join([*notes, f'seed {recipe.seed}'])})"
