"""The page in a real browser, at the sizes of a desktop and a phone.

A console message or a request to another server fails a test (see `visit`).
"""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

expect.set_options(timeout=30_000)
pytestmark = pytest.mark.xdist_group("web")

TABS = (
    "write", "identify", "generate", "advanced", "mixed", "interpolate", "visualise", "compare",
)  # fmt: skip
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


def test_a_seven_is_read_as_it_is_drawn(visit: Visit) -> None:
    page = visit("#identify")
    page.get_by_role("radio", name="One digit").check()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    draw(page, BAR)
    draw(page, STEM)
    reading = page.get_by_test_id("reading")
    expect(reading).to_have_text("7")
    bars = page.get_by_role("list", name="Probability of each digit").get_by_role("listitem")
    expect(bars).to_have_count(10)
    expect(bars.nth(7)).to_contain_text("9")
    seen = page.get_by_alt_text("The 28 by 28 pixels that the network sees")
    assert seen.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]
    expect(page.locator(".overlay .box")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(reading).to_have_count(0)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Nothing drawn yet.")).to_be_visible()


def test_it_reads_before_the_pen_is_lifted(visit: Visit) -> None:
    page = visit("#identify")
    box = page.locator("canvas.pad").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.49 * box["width"], box["y"] + 0.8 * box["height"], steps=15)
    expect(page.get_by_test_id("reading")).to_have_text("1")
    page.mouse.up()


def test_a_finger_draws_a_row(visit: Visit) -> None:
    page = visit("#identify", "phone")
    for left in (0.0, 0.35):
        touch(page, [(0.6 * x + left, y) for x, y in (*BAR, *STEM)])
    expect(page.get_by_test_id("reading")).to_have_text("77")
    expect(page.get_by_role("button", name="7, 9")).to_have_count(2)
    expect(page.get_by_role("img", name="The sum is 14")).to_be_visible()
    assert page.evaluate("scrollY") == 0


@SIZES
def test_a_photo_is_read(visit: Visit, api: Any, size: str) -> None:
    page = visit("#identify", size)
    taken = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo("40725", api)}
    page.get_by_label("A picture of digits").set_input_files(taken)
    expect(page.get_by_test_id("reading")).to_have_text("40725")
    expect(page.locator(".overlay .box")).to_have_count(5)
    # The layer with the boxes is as large as the picture.
    sizes = page.evaluate(
        """() => [document.querySelector(".photo"), document.querySelector(".overlay")].map(
            (one) => [one.clientWidth, one.clientHeight].map(Math.round))"""
    )
    assert sizes[0] == sizes[1]
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".photo")).to_be_hidden()


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(visit: Visit, api: Any, event: str) -> None:
    page = visit("#identify")
    page.evaluate(
        """([event, bytes]) => {
            const file = new File([new Uint8Array(bytes)], "a.jpg", { type: "image/jpeg" });
            const transfer = new DataTransfer();
            transfer.items.add(file);
            const sent = event === "drop"
                ? new DragEvent("drop", { dataTransfer: transfer, bubbles: true })
                : new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true });
            document.querySelector(".sheet-to-draw").dispatchEvent(sent);
        }""",
        [event, list(photo("316", api))],
    )
    expect(page.get_by_test_id("reading")).to_have_text("316")


def test_a_file_that_is_no_picture_is_an_error(visit: Visit) -> None:
    page = visit("#identify")
    text = {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.get_by_label("A picture of digits").set_input_files(text)
    expect(page.get_by_role("alert").first).to_contain_text("not a picture of a known kind")


def test_a_sum_is_written_saved_and_linked(visit: Visit, tmp_path: Path) -> None:
    page = visit("")
    panel = settled(page, "write")
    panel.get_by_label("Total").fill("31")
    panel.get_by_label("Digits").fill("6")
    expect(panel.locator(".equation")).to_contain_text("= 31")
    panel = settled(page, "write")
    expect(panel.get_by_text("Read correctly")).to_be_visible()
    files = {}
    for ending in ("PNG", "SVG", "JSON"):
        with page.expect_download() as download:
            panel.get_by_role("button", name=ending).click()
        files[ending] = tmp_path / download.value.suggested_filename
        assert files[ending].name == f"sum-31.{ending.lower()}"
        download.value.save_as(files[ending])
    digits = json.loads(files["JSON"].read_text())["sequences"][0]["digits"]
    assert sum(map(int, digits)) == 31
    with Image.open(files["PNG"]) as picture:
        assert picture.width > picture.height > 50
    assert ElementTree.parse(files["SVG"]).getroot().find("{*}title").text == digits
    # The link shows the same picture in another browser.
    shown = panel.locator("img.written").get_attribute("src")
    other = visit("#" + urlsplit(page.url).fragment)
    settled(other, "write")
    assert other.locator("img.written").get_attribute("src") == shown
    # "Write again" makes another picture, which stays when the tab changes.
    panel.get_by_role("button", name="Write again").click()
    expect(panel.locator("img.written")).not_to_have_attribute("src", shown)
    settled(page, "write")
    again = panel.locator("img.written").get_attribute("src")
    page.get_by_role("tab", name="Mixed").click()
    settled(page, "mixed")
    page.get_by_role("tab", name="Write").click()
    assert settled(page, "write").locator("img.written").get_attribute("src") == again


def test_a_number_in_a_chosen_hand_and_ink(visit: Visit) -> None:
    page = visit("#write?kind=number&text=1234567&seed=1")
    panel = settled(page, "write")
    before = panel.locator("img.written").get_attribute("src")
    panel.get_by_role("button", name="Hand: Any hand").click()
    dialog = page.get_by_role("dialog", name="Choose a hand")
    dialog.get_by_role("button", name="Hand 7", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(panel.get_by_role("button", name="Hand: Hand 7.")).to_be_visible()
    panel.get_by_role("radio", name="Red").check()
    panel.get_by_label("Gaps between thousands").check()
    settled(page, "write")
    assert panel.locator("img.written").get_attribute("src") != before
    for part in ("writer=7", "ink=%23a3291f", "spacing=1", "seed=1"):
        assert part in page.url


def test_a_number_in_a_hand_fitted_to_a_photo(visit: Visit, api: Any) -> None:
    page = visit("#write?kind=number&text=1234567&seed=1")
    panel = settled(page, "write")
    before = panel.locator("img.written").get_attribute("src")
    panel.get_by_role("button", name="Hand: Any hand").click()
    dialog = page.get_by_role("dialog", name="Choose a hand")
    taken = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": photo("3141592653", api)}
    dialog.get_by_label("A picture of your digits").set_input_files(taken)
    dialog.get_by_role("button", name="Yours · fit").click(timeout=60_000)
    expect(dialog).to_be_hidden()
    expect(panel.get_by_role("button", name="Hand: Your hand.")).to_be_visible()
    settled(page, "write")
    assert panel.locator("img.written").get_attribute("src") != before
    assert "writer=like%3A" in page.url


def test_an_error_is_shown_and_goes_away(visit: Visit) -> None:
    page = visit("#write?total=20&length=5&seed=1")
    panel = settled(page, "write")
    panel.get_by_label("Total").fill("99")
    expect(panel.get_by_role("alert")).to_contain_text("11 or more")
    panel.get_by_label("Digits").fill("12")
    expect(panel.locator(".equation")).to_contain_text("= 99")
    expect(panel.get_by_role("alert")).to_be_empty()


SAVING = ("PNG", "SVG", "JSON", "Copy link")


def test_only_the_result_of_the_fields_is_saved(visit: Visit, tmp_path: Path) -> None:
    page = visit("#write?total=23&length=5&seed=1")
    panel = settled(page, "write")
    buttons = [panel.get_by_role("button", name=name) for name in SAVING]
    for button in buttons:
        expect(button).to_be_enabled()
    held: list[Any] = []

    def hold_first(route: Any) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.route("**/api/sum-sequence?*", hold_first)
    panel.get_by_label("Total").fill("45")
    # During the pause after typing, and while the server works.
    for _ in range(2):
        for button in buttons:
            assert button.is_disabled()
        page.wait_for_timeout(400)
    expect(panel.locator(".equation")).to_contain_text("= 23")
    assert len(held) == 1
    held[0].continue_()
    expect(panel.locator(".equation")).to_contain_text("= 45")
    with page.expect_download() as download:
        panel.get_by_role("button", name="JSON").click()
    assert download.value.suggested_filename == "sum-45.json"
    download.value.save_as(tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["sequences"][0]["total"] == 45
    # After an error, and with an empty field.
    for total in ("99", ""):
        panel.get_by_label("Total").fill(total)
        settled(page, "write")
        for button in buttons:
            assert button.is_disabled()
    panel.get_by_label("Total").fill("44")
    for button in buttons:
        expect(button).to_be_enabled()


@pytest.mark.parametrize(
    ("tab", "role", "name"),
    [
        ("advanced", "textbox", "Digits"),
        ("interpolate", "textbox", "Digits"),
        ("visualise", "spinbutton", "Hand"),
        ("compare", "textbox", "Digits"),
    ],
)
def test_every_tab_links_only_its_result(visit: Visit, tab: str, role: str, name: str) -> None:
    page = visit(f"#{tab}?seed=1")
    panel = settled(page, tab)
    link = panel.get_by_role("button", name="Copy link")
    expect(link).to_be_enabled()
    disabled = panel.get_by_role(role, name=name, exact=True).evaluate(
        """(input) => {
            input.value = "7";
            input.dispatchEvent(new Event("input", { bubbles: true }));
            const buttons = [...input.closest("[role=tabpanel]").querySelectorAll("button")];
            return buttons.find((one) => one.textContent === "Copy link").disabled;
        }"""
    )
    assert disabled
    expect(link).to_be_enabled()
    assert "=7&" in page.url


def test_a_long_number_scrolls_in_its_place(visit: Visit) -> None:
    page = visit(f"#write?kind=number&text={'1234567890' * 6}&seed=1", "phone")
    panel = settled(page, "write")
    expect(panel.locator("img.written")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sheet = panel.get_by_role("group", name="The picture")
    assert sheet.evaluate("one => one.scrollWidth > 2 * one.clientWidth")


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@SIZES
def test_every_tab_works_and_is_accessible(visit: Visit, size: str, scheme: str) -> None:
    page = visit("", size, color_scheme=scheme, reduced_motion="reduce")
    for tab in TABS:
        page.get_by_role("tab", name=tab, exact=False).click()
        panel = settled(page, tab)
        expect(panel.locator(RESULTS[tab]).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
        found = Axe().run(page)
        assert found.violations_count == 0, f"{tab}: {found.generate_report()}"


def test_dialogs_are_accessible(visit: Visit) -> None:
    page = visit("#write?total=9&length=2&seed=1", "phone")
    settled(page, "write").get_by_role("button", name="Hand: Any hand").click()
    expect(page.get_by_role("button", name="Hand 0", exact=True)).to_be_visible()
    assert Axe().run(page).violations_count == 0
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Hand: Any hand")).to_be_focused()


def test_stages_play_and_maps_are_enlarged(visit: Visit) -> None:
    page = visit("#visualise?seed=1&number=4")
    panel = settled(page, "visualise")
    slider = panel.get_by_label("Stage", exact=True)
    stages = int(slider.get_attribute("max")) + 1
    assert stages > 10
    expect(panel.locator(".stages li")).to_have_count(stages)
    panel.get_by_role("button", name="Play").click()
    expect(panel.get_by_text(f"1 of {stages}:")).to_be_visible()
    expect(panel.get_by_text(f"2 of {stages}:")).to_be_visible()
    panel.get_by_role("button", name="Pause").click()
    panel.locator(".stages .maps").first.click(position={"x": 12, "y": 12})
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Map 1 of")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("Map 2 of")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    panel.get_by_label("Generator").select_option("lstm-cgan")
    expect(panel.get_by_text(" for 12")).to_be_visible()


def test_the_slider_goes_from_one_to_another(visit: Visit) -> None:
    page = visit("#interpolate?kind=digits&one=1&other=0&seed=4")
    panel = settled(page, "interpolate")
    expect(panel.get_by_text("reads 1")).to_be_visible()
    slider = panel.get_by_label("Position")
    slider.focus()
    page.keyboard.press("End")
    expect(panel.get_by_text("100% of the way")).to_be_visible()
    expect(panel.get_by_text("reads 0")).to_be_visible()
    with page.expect_download() as download:
        panel.get_by_role("button", name="GIF").click()
    with Image.open(download.value.path()) as film:
        assert film.n_frames == 48


def test_readers_and_sums_are_compared(visit: Visit) -> None:
    page = visit("#compare?kind=reading&total=20&length=4&seed=2")
    panel = settled(page, "compare")
    expect(panel.get_by_role("heading", level=3)).to_have_text(["cnn", "cnn-lstm"])
    expect(panel.get_by_role("img", name="The sum is")).to_have_count(2)
    panel.get_by_role("radio", name="A sum").check()
    expect(panel.get_by_role("heading", level=3)).to_have_count(5)
    expect(settled(page, "compare").locator("img.written")).to_have_count(5)


def test_it_works_with_the_keyboard(visit: Visit) -> None:
    page = visit("#write?total=20&length=5&seed=1")
    settled(page, "write")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    for name in ("handsum", "API", "Theme: same as the system"):
        page.keyboard.press("Tab")
        assert (
            page.evaluate(
                "document.activeElement.ariaLabel || document.activeElement.textContent.trim()"
            )
            == name
        )
    page.keyboard.press("Tab")
    expect(page.get_by_role("tab", name="Write")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Identify")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Compare")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Write")).to_be_focused()
    moved = page.evaluate(
        """() => {
            for (const key of ["End", "ArrowRight", "ArrowRight", "ArrowLeft"])
                document.activeElement.dispatchEvent(
                    new KeyboardEvent("keydown", { key, bubbles: true }))
            return document.activeElement.textContent
        }"""
    )
    assert moved == "Write"
    panel = settled(page, "write")
    page.keyboard.press("Tab")
    expect(panel.get_by_role("radio", name="A sum")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("textbox", name="Number")).to_be_visible()
    # An example to read without drawing.
    page.get_by_role("tab", name="Identify").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Show an example").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".overlay .box")).to_have_count(6)


def test_the_theme_survives_a_reload(visit: Visit) -> None:
    page = visit("", color_scheme="light")
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(color)
    for name in ("Theme: same as the system", "Theme: light"):
        page.get_by_role("button", name=name).click()
    dark = page.evaluate(color)
    assert dark != light
    page.reload()
    assert page.evaluate(color) == dark
    settled(page, "write")


def test_the_documentation_is_complete_and_accessible(visit: Visit, api: Any) -> None:
    for size in ("desk", "phone"):
        page = visit("docs", size)
        expect(page.locator(".operation")).to_have_count(10)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
