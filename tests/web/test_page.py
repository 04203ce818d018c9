"""The page in a real browser, at the sizes of a desktop and a phone.

A console message or a request to another server fails a test (see `visit`).
"""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import RESULTS, TABS, Visit, bundled_models, settled
from PIL import Image
from playwright.sync_api import expect
from quick import quick
from serving import serve


@pytest.mark.parametrize(
    ("size", "scheme"),
    quick([("desk", "light"), ("phone", "dark"), ("desk", "dark"), ("phone", "light")], 0, 1),
)
def test_every_tab_works_and_is_accessible(visit: Visit, size: str, scheme: str) -> None:
    page = visit("", size, color_scheme=scheme, reduced_motion="reduce")
    for tab in TABS:
        page.get_by_role("tab", name=tab, exact=False).click()
        panel = settled(page, tab)
        expect(panel.locator(RESULTS[tab]).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
        found = Axe().run(page)
        assert found.violations_count == 0, f"{tab}: {found.generate_report()}"


@pytest.mark.parametrize("opened", [["Compare"], TABS], ids=["compare", "all"])
def test_a_waiting_page_keeps_nobody_from_going_elsewhere(browser: Any, opened: list[str]) -> None:
    """No model is ever loaded here, and a browser opens six connections to a server."""
    context = browser.new_context()
    with serve({}) as web:
        page = context.new_page()
        page.goto(str(web.base_url))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        for tab in opened:
            page.get_by_role("tab", name=tab, exact=False).click()
            page.wait_for_timeout(500)
        assert asked
        # The page itself still gets an answer, and so does the next one.
        ask = "fetch('/api/models', {signal: AbortSignal.timeout(60_000)}).then(({ok}) => ok)"
        assert page.evaluate(ask)
        page.goto(f"{web.base_url}/docs", timeout=60_000)
        context.close()


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
    expect(dialog.get_by_role("heading")).to_contain_text("Block 1, first convolution")
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


def test_readers_and_sums_are_compared(visit: Visit, api: Any) -> None:
    page = visit("#compare?kind=reading&total=20&length=4&seed=2")
    panel = settled(page, "compare")
    expect(panel.get_by_role("heading", level=3)).to_have_text(["detector", "cnn-lstm"])
    expect(panel.get_by_role("img", name="The sum is")).to_have_count(2)
    panel.get_by_role("radio", name="A sum").check()
    asked = bundled_models(api, "digit generator", "sequence generator")
    expect(panel.get_by_role("heading", level=3)).to_have_text(asked)
    expect(settled(page, "compare").locator("img.written")).to_have_count(len(asked))


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
