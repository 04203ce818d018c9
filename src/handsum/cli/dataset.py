"""`handsum dataset`: labelled pictures to train readers with."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from handsum.cli.console import err
from handsum.cli.json_output import AsJson, print_json, show_notes
from handsum.cli.writing_options import Model, Seed, Verify
from handsum.errors import UsageError, name_some

if TYPE_CHECKING:
    from handsum.datasets import WrittenDataset

NUMBERS = "Numbers with signs"
PICTURES = "Pictures"
DIVISION = "Division of the work"

# Seconds from a signal to the end of the process, however busy it is.
PATIENCE = 15.0


def dataset(
    kind: Annotated[
        Literal["digits", "numbers", "sums", "pages"] | None,
        typer.Argument(
            show_default=False,
            help="digits: one to a picture; numbers: several random digits; sums: several digits; "
            "every total is equally likely; pages: rows of numbers and words, as lists, tables, "
            "forms and notes.",
        ),
    ] = None,
    *,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write, or to continue."),
    ],
    count: Annotated[
        int | None,
        typer.Option(show_default="1000, or as many as --texts has", help="Number of pictures."),
    ] = None,
    format: Annotated[
        Literal["png", "npz", "idx", "parquet", "webdataset", "coco", "tfds", "alto", "cuts"],
        typer.Option(
            "--format",
            help="png: a folder for each digit, or images/, with labels.csv and metadata.jsonl; "
            "npz: NumPy; idx: as MNIST; parquet: Hugging Face; webdataset: tar; coco: "
            "annotations.json; tfds: TensorFlow Datasets; alto: XML beside each picture; cuts: "
            "28x28 digits cut out of the pictures, for `train cnn --dataset idx:FOLDER`.",
        ),
    ] = "png",
    length: Annotated[
        str | None,
        typer.Option(
            metavar="N|N-M",
            show_default="1-8",
            help="Digits in a number, with its signs; each length is equally likely (of a pattern "
            "with finitely many numbers, each number).",
        ),
    ] = None,
    pattern: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|EXPRESSION",
            rich_help_panel=NUMBERS,
            help="What numbers look like: amount, date, time, phone, card, year, digits{4}, id{8}, "
            "or an expression such as '-?digits{1,3}.digits{2}'. May be given several times.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...",
            show_default="equal",
            rich_help_panel=NUMBERS,
            help="How often each of several patterns occurs.",
        ),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            rich_help_panel=NUMBERS,
            help="Numbers to write, in turn: one in each line, and how many times after a tab.",
        ),
    ] = None,
    totals: Annotated[
        str | None,
        typer.Option(
            metavar="N|N-M",
            show_default="all possible",
            help="Totals to draw sums from.",
        ),
    ] = None,
    split: Annotated[
        Literal["train", "validation", "test"],
        typer.Option(help="Split name used in the file names."),
    ] = "train",
    realism: Annotated[
        str,
        typer.Option(
            metavar="all|none|NAME[=STRENGTH],...",
            rich_help_panel=PICTURES,
            help="Effects, each with a strength of up to 1 (0.5 if not given): touching, "
            "rotation, perspective, lines, colors, texture, blur, noise, jpeg, strokes, bleed, "
            "folds, stains, highlighter, stamp, staple, motion, moire, halftone, and desk around "
            "pages. The labels record what each picture got.",
        ),
    ] = "none",
    forms: Annotated[
        Literal["european", "american", "mixed"] | None,
        typer.Option(
            show_default="as the generator draws them",
            rich_help_panel=PICTURES,
            help="Local forms of the digits. european: a 1 with a flag, a crossed 7; american: a "
            "plain 1 and 7, sometimes a slashed 0; mixed: each writer one of them. The labels name "
            "the form of each digit.",
        ),
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(
            show_default="28 for digits, 1024 for pages, else 64",
            rich_help_panel=PICTURES,
            help="Height of the pictures in pixels; digits are square.",
        ),
    ] = None,
    seed: Seed = None,
    model: Model = None,
    verify: Verify = True,
    shards: Annotated[
        int | None,
        typer.Option(
            show_default="one for each 4,096 pictures or 128 MiB of pixels",
            rich_help_panel=DIVISION,
            help="Number of parts to write; an interruption loses at most the current one.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(rich_help_panel=DIVISION, help="Processes to divide the shards among."),
    ] = 1,
    hosts: Annotated[
        int | None,
        typer.Option(
            show_default="1, or as SLURM says",
            rich_help_panel=DIVISION,
            help="Machines that share the folder and divide the shards. Give each its own --host, "
            "and all of them the same --seed.",
        ),
    ] = None,
    host: Annotated[
        int | None,
        typer.Option(
            show_default="0, or as SLURM, PBS or Kubernetes says",
            rich_help_panel=DIVISION,
            help="Number of this machine among --hosts, from 0.",
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "dask"],
        typer.Option(
            rich_help_panel=DIVISION,
            help="local: processes of this machine; dask: a Dask cluster (handsum\\[dask]).",
        ),
    ] = "local",
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            show_default="a cluster of --workers processes here",
            rich_help_panel=DIVISION,
            help="With --engine dask: the scheduler, such as tcp://10.0.0.5:8786.",
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(
            rich_help_panel=DIVISION,
            help="How often a shard is written again whose process was killed (with --scheduler, "
            "what is set there counts).",
        ),
    ] = 2,
    status: Annotated[
        bool,
        typer.Option(
            "--status",
            rich_help_panel=DIVISION,
            help="Write nothing: show how far the data set in the folder is, and who works on it.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a labelled data set: pictures with digits, boxes, masks, strokes, sums and writers.

    Run the same command again to continue after an interruption. Workers and hosts do not change
    the files.

    Examples:

    handsum dataset digits --count 60000 --format idx -o digits

    handsum dataset numbers --count 100000 --length 1-8 --realism all --workers 8 -o numbers

    handsum dataset numbers --pattern amount --pattern date --realism all -o amounts

    handsum dataset sums --count 5000 --length 5 --totals 20-30 --format parquet -o sums
    """
    from handsum.datasets import write_dataset

    if status:
        _show_status(output, as_json)
        return
    if kind is None:
        raise UsageError("say what to write: digits, numbers or sums")
    start = time.perf_counter()
    # The workers are waited for when a signal ends the command.
    several = workers > 1 or engine != "local"
    with _unwinding() if several else nullcontext(), _progress() as progress:
        written = write_dataset(
            output,
            kind,
            count=count,
            format=format,
            length=length,
            pattern=pattern,
            weights=weights,
            texts=texts,
            totals=totals,
            split=split,
            realism=realism,
            forms=forms,
            height=height,
            seed=seed,
            model=model,
            verify=verify,
            shards=shards,
            workers=workers,
            hosts=hosts,
            host=host,
            engine=engine,
            scheduler=scheduler,
            retries=retries,
            progress=progress,
        )
    seconds = time.perf_counter() - start
    rate = written.written / seconds
    show_notes(written.notes)
    typer.echo(f"{output}: {_summary(written, rate)}", err=as_json)
    if as_json:
        speed = {"seconds": round(seconds, 3), "samples_per_second": round(rate, 1)}
        print_json(written.as_dict() | speed)


@contextmanager
def _unwinding() -> Iterator[None]:
    """Within the block, Ctrl-C raises KeyboardInterrupt, and SIGTERM SystemExit.

    Elsewhere in a command they end the process at once (see `handsum.__main__`).
    """
    received: list[int] = []
    timers: list[threading.Timer] = []

    def unwind(number: int, frame: FrameType | None) -> None:
        # The exception may get lost in a callback, or leave a lock behind that nobody releases.
        timer = threading.Timer(PATIENCE, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()
        timers.append(timer)
        received.append(number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    before = {
        number: signal.signal(number, unwind)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    except Exception:
        # A library may turn the exception into an error of its own.
        if received:
            sys.exit(128 + received[-1])
        raise
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show the number of pictures that are written, and the rate, if there is a terminal."""
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err(), transient=True, disable=not err().is_terminal) as bar:
        task = bar.add_task("writing", total=None, rate="")

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed:.0f}/s" if speed else "")

        yield progress


def _show_status(folder: Path, as_json: bool) -> None:
    from handsum.datasets import read_status

    status = read_status(folder)
    if as_json:
        print_json(status.as_dict())
        return
    done = f"{status.finished:,} of {status.shards:,} shards"
    share = f"{status.written:,} of {status.count:,} samples"
    typer.echo(f"{folder}: {'complete, ' if status.complete else ''}{done}, {share}")
    for worker in status.workers:
        plural = "s" if worker.shards > 1 else ""
        typer.echo(f"  {worker.by}: {worker.shards:,} shard{plural}, {worker.rate:.1f} samples/s")
    if status.begun:
        typer.echo(f"  begun: {name_some([f'shard {index}' for index in status.begun])}")
    if status.rate is not None and status.seconds_left is not None:
        left = timedelta(seconds=round(status.seconds_left))
        typer.echo(f"  {status.rate:.1f} samples/s in all: {left} left")


def _summary(written: WrittenDataset, rate: float) -> str:
    facts = [written.plan.title]
    if written.written:
        facts.append(f"{rate:.0f} samples/s")
    if written.kept:
        facts.append(f"{written.kept:,} were there")
    if written.missing_shards:
        few = f"{written.missing_shards} shard{'s' if written.missing_shards > 1 else ''}"
        facts.append(f"other hosts still have {few} to write")
    return f"{written.plan.recipe.title}  ({', '.join([*facts, f'seed {written.seed}'])})"
