"""What the tests of the page share: drawing, photos, and waiting for a tab."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

# Only a hang takes this long, even on a busy machine.
expect.set_options(timeout=90_000)

TABS = (
    "write", "identify", "generate", "advanced", "mixed", "interpolate", "visualise", "compare",
)  # fmt: skip
RESULTS = {
    "write": "img.written",
    "identify": ".pad-hint",
    "generate": ".tile canvas",
    "advanced": ".tile canvas",
    "mixed": ".bars",
    "interpolate": ".film canvas.now",
    "visualise": ".theatre canvas",
    "compare": ".measured td",
}

SIZES = pytest.mark.parametrize("size", ["desk", "phone"])
Visit = Callable[..., Any]
Stroke = Sequence[tuple[float, float]]
# As fractions of the sheet: the bar and the stem of a 7.
BAR: Stroke = ((0.32, 0.25), (0.66, 0.25))
STEM: Stroke = ((0.66, 0.25), (0.6, 0.4), (0.5, 0.6), (0.44, 0.8))


def draw(page: Any, stroke: Stroke) -> None:
    """Draw a stroke on the sheet with the mouse."""
    box = page.locator("canvas.pad").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


def touch(page: Any, stroke: Stroke) -> None:
    """Draw a stroke on the sheet with a finger."""
    box = page.locator("canvas.pad").bounding_box()
    session = page.context.new_cdp_session(page)
    ends = np.array(
        [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
    )
    along = np.linspace(0, len(ends) - 1, 8 * len(ends))
    points = [np.interp(along, range(len(ends)), axis) for axis in ends.T]
    types = ["touchStart"] + ["touchMove"] * (len(along) - 1)
    for event, x, y in zip(types, *points, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": event, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def settled(page: Any, tab: str) -> Any:
    """The panel of a tab, when it has finished its work."""
    panel = page.locator(f"#panel-{tab}")
    expect(panel).to_be_visible()
    page.wait_for_timeout(350)
    expect(panel.locator("[aria-busy=true]")).to_have_count(0)
    return panel


def bundled_models(api: Any, *tasks: str) -> list[str]:
    """The names of the models with weights that do one of the tasks, in the server's order."""
    models = api.get("/models").json()["models"]
    return [model["name"] for model in models if model["bundled"] and model["task"] in tasks]


def photo(text: str, api: Any, noise: float = 6.0) -> bytes:
    """A photo of a written number: uneven light, grain, compression."""
    query = {"text": text, "seed": 3, "writer": 12, "scale": 6, "format": "png"}
    with Image.open(io.BytesIO(api.get("/number", params=query).content)) as image:
        ink = np.pad(np.asarray(image.convert("L"), float), 60, constant_values=255) / 255
    height, width = ink.shape
    light = np.linspace(150, 235, width)[None] + np.linspace(0, 15, height)[:, None]
    grain = np.random.default_rng(0).normal(0, noise, ink.shape)
    buffer = io.BytesIO()
    pixels = (light * (0.25 + 0.75 * ink) + grain).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
