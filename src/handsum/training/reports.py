"""The loss plot and the progress GIF of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from handsum.files import atomic_write
from handsum.images import describe, save_gif
from handsum.training.runs import Run


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows of a `metrics.jsonl`, without an incomplete last line."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def describe_run(run: Run, step: int) -> dict[str, str]:
    """The metadata of the pictures of a run (see `images.describe`)."""
    return describe(
        seed=run.config.seed, model=run.model, preset=run.preset, dataset=run.dataset, step=step
    )


def plot_losses(rows: Sequence[dict[str, float]], path: Path, metadata: Mapping[str, str]) -> None:
    """Draw every metric over the steps: one panel for losses, one for the rest."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = sorted({name for row in rows for name in row} - {"step", "seconds"})
    panels = [[n for n in names if "loss" in n], [n for n in names if "loss" not in n]]
    panels = [panel for panel in panels if panel]
    figure = Figure(figsize=(9, 3.4 * len(panels)), layout="constrained")
    FigureCanvasAgg(figure)
    for axis, panel in zip(np.atleast_1d(figure.subplots(len(panels))), panels, strict=True):
        for name in panel:
            points = [(row["step"], row[name]) for row in rows if name in row]
            steps, values = np.array(points).T
            width = max(1, len(values) // 100)
            kernel = np.ones(width) / width
            line = axis.plot(steps, values, alpha=0.25 if width > 1 else 1.0, linewidth=1)[0]
            if width > 1:
                smooth = np.convolve(values, kernel, "valid")
                axis.plot(steps[width - 1 :], smooth, color=line.get_color(), label=name)
            else:
                line.set_label(name)
        axis.set_xlabel("step")
        axis.grid(alpha=0.3)
        axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120, metadata=dict(metadata))


def save_progress(
    frames: Sequence[Path], path: Path, metadata: Mapping[str, str], seconds: float = 6.0
) -> None:
    """Join sample grids into a GIF of about `seconds`; the last one is shown longer."""
    pictures = []
    for frame in frames:
        with Image.open(frame) as picture:
            pictures.append(picture.convert("L").copy())
    durations = [max(40, round(1000 * seconds / len(pictures)))] * len(pictures)
    durations[-1] = 2000
    save_gif(path, pictures, durations, metadata)
