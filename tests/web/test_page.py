"""The page in a real browser, at the sizes of a desktop and a phone.

A console message or a request to another server fails a test (see `visit`).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import SIZES, Visit, settled
from PIL import Image
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("web")

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


FIELDS = [
    ("write", "total=20&length=4", "spinbutton", "Total"),
    ("write", "kind=number&text=12", "textbox", "Number"),
    ("advanced", "", "textbox", "Digits"),
    ("advanced", "", "spinbutton", "Copies of each"),
    ("interpolate", "", "textbox", "Digits"),
    ("visualise", "model=lstm-cgan", "spinbutton", "Total"),
    ("visualise", "model=lstm-cgan", "spinbutton", "Number of digits"),
    ("compare", "", "textbox", "Digits"),
    ("compare", "kind=sum", "spinbutton", "Total"),
]
SAVING = ("PNG", "SVG", "JSON", "GIF", "Copy link")


def saving(panel: Any) -> list[Any]:
    """The buttons of a tab that save, copy or link."""
    return [panel.get_by_role("button", name=name) for name in SAVING]


@pytest.mark.parametrize(("tab", "query", "role", "name"), FIELDS)
def test_what_is_linked_and_saved_is_what_is_shown(
    visit: Visit, tab: str, query: str, role: str, name: str
) -> None:
    page = visit(f"#{tab}?{query}&seed=1")
    panel = settled(page, tab)
    buttons = [button for button in saving(panel) if button.count()]
    for button in buttons:
        expect(button).to_be_enabled()
    # As soon as a key is pressed.
    on = panel.get_by_role(role, name=name, exact=True).evaluate(
        """(input) => {
            input.value = "7";
            input.dispatchEvent(new Event("input", { bubbles: true }));
            const buttons = [...input.closest("[role=tabpanel]").querySelectorAll("button")];
            return buttons.filter((one) => !one.disabled).map((one) => one.textContent);
        }"""
    )
    assert set(SAVING).isdisjoint(on)
    for button in buttons:
        expect(button).to_be_enabled()
    assert "=7&" in page.url
    # An emptied field shows nothing, least of all the old picture.
    panel.get_by_role(role, name=name, exact=True).fill("")
    expect(panel.get_by_text("Enter ").first).to_be_visible()
    assert panel.locator("main canvas, img.written, .theatre, .film, .tile").count() == 0
    for button in buttons:
        expect(button).to_be_disabled()
    page.wait_for_timeout(600)
    expect(panel.get_by_text("Enter ").first).to_be_visible()
    panel.get_by_role(role, name=name, exact=True).fill("6")
    for button in buttons:
        expect(button).to_be_enabled()


def test_a_seed_is_typed_or_random(visit: Visit) -> None:
    page = visit("#generate?count=12&seed=1")
    panel = settled(page, "generate")
    seed = panel.get_by_label("Seed")
    seed.fill("12")
    assert panel.get_by_role("button", name="PNG").is_disabled()
    expect(panel.get_by_role("button", name="PNG")).to_be_enabled()
    assert "seed=12" in page.url
    seed.fill("")
    expect(panel.get_by_role("button", name="PNG")).to_be_disabled()
    seed.blur()
    expect(panel.get_by_role("button", name="PNG")).to_be_enabled()
    assert seed.input_value() not in ("", "12")


NONSENSE = ("zzz", "-1", "1e3", "__proto__", "constructor", "99999999999", "<b>", "1.5", "3,3", " ")
PARAMETERS = {
    "write": ("kind", "total", "length", "wide", "spacing", "writer", "ink", "paper", "caption"),
    "identify": ("kind",),
    "generate": ("model", "count", "random"),
    "advanced": ("digits", "rows", "model", "writer"),
    "mixed": ("mix", "count"),
    "interpolate": ("kind", "from", "to", "one", "other", "digits"),
    "visualise": ("model", "number", "total", "length", "writer"),
    "compare": ("kind", "digits", "total", "length"),
}


@pytest.mark.parametrize("tab", PARAMETERS)
def test_nonsense_in_a_link_is_left_out(visit: Visit, tab: str) -> None:
    page = visit(f"#{tab}?seed=1")
    settled(page, tab)
    for name in (*PARAMETERS[tab], "seed", "zzz", "__proto__"):
        for value in NONSENSE:
            page.evaluate("hash => { location.hash = hash }", f"{tab}?{name}={quote(value)}")
            if tab != "identify":
                expect(page.locator("#toast")).to_contain_text(f"link: {name}")
    panel = settled(page, tab)
    expect(panel.locator(RESULTS[tab]).first).to_be_visible()
    for alert in panel.get_by_role("alert").all():
        expect(alert).to_be_empty()


@pytest.mark.parametrize(
    ("tab", "path"),
    [
        ("write", "sum-sequence"),
        ("generate", "generate"),
        ("advanced", "generate"),
        ("mixed", "generate"),
        ("interpolate", "interpolate"),
        ("visualise", "visualize"),
        ("compare", "generate"),
    ],
)
def test_a_tab_shows_the_shape_of_its_first_result(visit: Visit, tab: str, path: str) -> None:
    page = visit("#identify")
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route(f"**/api/{path}?*", hold)
    page.evaluate("hash => { location.hash = hash }", f"{tab}?seed=1")
    panel = page.locator(f"#panel-{tab}")
    block = panel.locator(".shape > div").first
    expect(block).to_be_visible()
    assert block.bounding_box()["height"] > 40
    for route in held:
        route.continue_()
    page.unroute(f"**/api/{path}?*")
    expect(panel.locator(RESULTS[tab]).first).to_be_visible()
    expect(panel.locator(".shape")).to_have_count(0)


REFUSALS = [
    (503, {"Retry-After": "7"}, "", "The server is busy: try again in 7 seconds"),
    (429, {"Retry-After": "3"}, "<h1>no</h1>", "The server has too many requests: try again in 3"),
    (413, {}, "", "The picture is too large: make it smaller first"),
    (408, {}, "", "The picture did not arrive in time: try again"),
    (502, {}, "<html>", "The server failed (502)"),
    (503, {}, '{"detail": "too many requests are waiting: try again"}', "Too many requests are"),
]


@pytest.mark.parametrize(("status", "headers", "body", "message"), REFUSALS)
def test_a_refusal_is_a_plain_message(
    visit: Any, status: int, headers: dict[str, str], body: str, message: str
) -> None:
    page = visit("#write?total=20&length=5&seed=1")
    panel = settled(page, "write")
    answer = {"status": status, "headers": headers, "body": body}
    page.route("**/api/sum-sequence?*", lambda route: route.fulfill(**answer))
    panel.get_by_label("Total").fill("21")
    expect(panel.get_by_role("alert")).to_contain_text(message)
    for button in saving(panel):
        assert not button.count() or button.is_disabled()
    again = panel.get_by_role("button", name="Try again")
    if status == 413:
        expect(again).to_have_count(0)
    else:
        page.unroute("**/api/sum-sequence?*")
        again.click()
        expect(panel.locator(".equation")).to_contain_text("= 21")
        expect(panel.get_by_role("alert")).to_be_empty()
    # A browser logs every such answer.
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


def test_a_file_that_cannot_be_made_is_not_saved(visit: Any) -> None:
    page = visit("#write?total=20&length=5&seed=1")
    panel = settled(page, "write")
    saved: list[Any] = []
    page.on("download", lambda download: saved.append(download))
    page.route("**/api/sum-sequence?*", lambda route: route.fulfill(status=503))
    panel.get_by_role("button", name="SVG").click()
    expect(panel.get_by_role("alert")).to_contain_text("The server is busy")
    page.unroute("**/api/sum-sequence?*")
    with page.expect_download() as download:
        panel.get_by_role("button", name="Try again").click()
    assert saved == [download.value]
    expect(panel.get_by_role("alert")).to_be_empty()
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


def test_messages_name_the_fields_of_the_page(visit: Any) -> None:
    page = visit("#write?total=20&length=5&seed=1")
    panel = settled(page, "write")
    panel.get_by_label("Number of digits").fill("999")
    expect(panel.get_by_role("alert")).to_have_text("Number of digits: use 200 or less")
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


@pytest.mark.parametrize("tab", [tab for tab in TABS if tab not in ("identify", "compare")])
def test_a_phone_shows_the_main_button_at_once(visit: Visit, tab: str) -> None:
    page = visit(f"#{tab}?seed=1", "phone")
    panel = settled(page, tab)
    main = panel.locator(".button.first")
    for top in (0, 300):
        page.evaluate("top => scrollTo(0, top)", top)
        box = main.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= 844
    before = page.url
    main.click()
    settled(page, tab)
    assert page.url != before


@pytest.mark.parametrize("digits", ["7", "0123456789", "01234567890123456789"])
@SIZES
def test_all_columns_of_digits_are_in_sight(visit: Visit, size: str, digits: str) -> None:
    page = visit(f"#advanced?digits={digits}&rows=3&seed=1", size)
    panel = settled(page, "advanced")
    grid = panel.get_by_role("group", name="Digits in columns")
    assert grid.evaluate("one => one.scrollWidth <= one.clientWidth")
    tiles = [one.bounding_box() for one in grid.locator("canvas").all()]
    assert len(tiles) == 3 * len(digits)
    card = panel.locator(".output").bounding_box()
    for box in tiles:
        assert box["width"] >= 20
        assert card["x"] < box["x"]
        assert box["x"] + box["width"] < card["x"] + card["width"]
    # A column is one digit, and rows are even.
    for column in range(len(digits)):
        first, *others = tiles[3 * column : 3 * column + 3]
        assert all(abs(other["x"] - first["x"]) < 1 for other in others)
    assert abs(tiles[0]["y"] - tiles[3 * (len(digits) > 1)]["y"]) < 1


def test_a_field_has_one_meaning(visit: Visit) -> None:
    page = visit("")
    for tab in TABS:
        page.get_by_role("tab", name=tab, exact=False).click()
        settled(page, tab)
    fields = page.locator("label[for]").evaluate_all(
        "all => all.map((one) => [one.textContent, document.getElementById(one.htmlFor).type])"
    )
    types: dict[str, set[str]] = {}
    for label, kind in fields:
        types.setdefault(label, set()).add(kind)
    assert {"Digits", "Number of digits", "Total", "Seed"} <= types.keys()
    # "From" and "To" are hands or digits.
    assert all(len(kinds) == 1 for kinds in types.values()), types
    assert types["Digits"] == {"text"}
    assert types["Number of digits"] == {"number"}


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


def test_the_arrows_of_a_map_are_beside_its_caption(visit: Visit) -> None:
    page = visit("#visualise?seed=1&number=4", "phone")
    panel = settled(page, "visualise")
    panel.get_by_role("button", name="Enlarge the maps of Block 2, first").click()
    dialog = page.get_by_role("dialog")
    arrows = [dialog.get_by_role("button", name=name) for name in ("Previous map", "Next map")]
    caption = dialog.get_by_text("Map 1 of 48")
    left, right = (arrow.bounding_box() for arrow in arrows)
    text = caption.bounding_box()
    assert left["x"] + left["width"] <= text["x"]
    assert text["x"] + text["width"] <= right["x"] <= 390 - right["width"]
    assert left["y"] == right["y"]
    arrows[0].click()
    expect(dialog.get_by_text("Map 48 of 48")).to_be_visible()


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
