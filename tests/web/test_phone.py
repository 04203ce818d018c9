"""The page on a phone, and fields that mean the same on every tab."""

from __future__ import annotations

import pytest
from pages import SIZES, TABS, Visit, settled
from playwright.sync_api import expect
from quick import quick

MAIN_BUTTONS = [tab for tab in TABS if tab not in ("identify", "compare")]


@pytest.mark.parametrize("tab", quick(MAIN_BUTTONS, 0, 3, 5))
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


@pytest.mark.parametrize("digits", quick(["7", "0123456789", "01234567890123456789"], 0, 2))
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
