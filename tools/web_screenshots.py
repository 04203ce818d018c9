"""Write docs/images/web: screenshots of every tab, at the sizes of a desktop and a phone.

    python tools/web_screenshots.py [FOLDER]

It starts its own server and runs Debian's Chromium with Playwright.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "web"
SIZES = {"desk": (1280, 900), "phone": (390, 844)}
TABS = {
    "write": "write?total=23&length=5&seed=11&writer=12",
    "identify": "identify",
    "generate": "generate?seed=3",
    "advanced": "advanced?seed=3&writer=12",
    "mixed": "mixed?seed=3",
    "interpolate": "interpolate?seed=3",
    "visualise": "visualise?seed=3",
    "compare": "compare?seed=3",
}
# A 7 and a 2, as fractions of the sheet.
STROKES = (
    ((0.2, 0.28), (0.38, 0.26), (0.28, 0.78)),
    ((0.54, 0.36), (0.6, 0.24), (0.7, 0.27), (0.71, 0.42), (0.55, 0.74), (0.75, 0.73)),
)


@contextmanager
def serving() -> Iterator[str]:
    """Start a server, and return its address when its models are ready."""
    command = [sys.executable, "-m", "handsum", "web", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = re.search(r"http://\S+", process.stderr.readline())
            assert found, "the server did not start"
            while b'"state":"ready"' not in urllib.request.urlopen(found[0] + "/api/status").read():
                time.sleep(0.5)
            yield found[0]
        finally:
            process.terminate()


def draw(page: Page) -> None:
    """Draw STROKES on the sheet with the mouse."""
    box = page.locator("canvas.pad").bounding_box()
    assert box is not None
    for stroke in STROKES:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=12)
        page.mouse.up()


def shoot(page: Page, tab: str, path: Path) -> None:
    """Write a screenshot of a tab as a PNG with 256 colours."""
    page.goto(page.url.partition("#")[0] + f"#{TABS[tab]}")
    panel = page.locator(f"#panel-{tab}")
    if tab == "identify":
        draw(page)
        page.locator("[data-testid=reading]").wait_for()
    page.wait_for_timeout(700)
    expect(panel.locator("[aria-busy=true]")).to_have_count(0)
    panel.locator(".facts, table, .read-text").first.wait_for()
    page.wait_for_timeout(300)
    with Image.open(io.BytesIO(page.screenshot())) as image:
        reduced = image.convert("RGB").quantize(
            256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
        )
        reduced.save(path, optimize=True)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or os.environ["CHROMIUM"]
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for device, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme=scheme,
                    is_mobile=device == "phone",
                )
                page = context.new_page()
                page.on("console", lambda message: print(message.type, message.text))
                page.on("pageerror", lambda error: print("error", error))
                page.goto(address)
                for tab in TABS:
                    shoot(page, tab, folder / f"{tab}-{device}-{scheme}.png")
                context.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
