"""The choice of a hand: long mixes, and a list that could not be loaded."""

from __future__ import annotations

from typing import Any

import pytest
from pages import SIZES, Visit, settled
from playwright.sync_api import expect
from quick import quick

MIXES = ["+".join(str(part) for part in range(100, 100 + parts)) for parts in (7, 30)]
NO_PICTURE = {"name": "a.png", "mimeType": "image/png", "buffer": b"no picture"}


def fits(page: Any) -> None:
    """Nothing is wider than the page, and no picker wider than the other fields."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.locator(".hand-button:visible").all():
        box = button.bounding_box()
        assert box["x"] + box["width"] <= page.evaluate("innerWidth")
        assert box["width"] <= 390
        assert box["height"] <= 90


@pytest.mark.parametrize("mix", quick(MIXES, 1))
@pytest.mark.parametrize(
    "place", ["write?writer=", "advanced?writer=", "interpolate?to=7&from=", "visualise?writer="]
)
@SIZES
def test_a_long_mix_fits_into_the_page(visit: Visit, size: str, place: str, mix: str) -> None:
    page = visit(f"#{place}{mix.replace('+', '%2B')}&seed=1", size)
    panel = settled(page, place.partition("?")[0])
    picker = panel.locator(".hand-button").first
    expect(picker).to_have_attribute("title", f"Mix {mix}")
    expect(picker.locator("img")).to_be_visible()
    fits(page)


@SIZES
def test_a_message_about_a_long_mix_fits_into_the_page(visit: Any, size: str) -> None:
    page = visit(f"#write?writer={MIXES[1].replace('+', '%2B')}%2B9999&seed=1", size)
    panel = settled(page, "write")
    expect(panel.get_by_role("alert")).not_to_be_empty()
    expect(panel.locator(".hand-button")).to_contain_text("No such hand")
    fits(page)
    panel.locator(".hand-button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Use this mix").click()
    expect(dialog.get_by_role("alert").first).not_to_be_empty()
    assert dialog.evaluate("one => one.scrollWidth <= one.clientWidth")
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


@pytest.mark.parametrize("listed", quick([True, False], 1))
def test_a_picture_that_fails_before_the_first_hands_leaves_them(visit: Any, listed: bool) -> None:
    page = visit("#write?total=9&length=2&seed=1")
    held: list[Any] = []

    def hold_first(route: Any) -> None:
        if held:
            route.continue_()
        held.append(route)

    page.route("**/api/writers?*", hold_first)
    with page.expect_request("**/api/writers?*"):
        settled(page, "write").get_by_role("button", name="Hand: Any hand").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("A picture of your digits").set_input_files(NO_PICTURE)
    page.wait_for_timeout(300)
    if listed:
        held[0].continue_()
    else:
        held[0].fulfill(status=503)
    expect(dialog.get_by_role("alert").last).to_contain_text("not a picture of a known kind")
    hand = dialog.get_by_role("button", name="Hand 3", exact=True)
    if not listed:
        expect(dialog.get_by_role("button", name="More hands")).to_have_count(0)
        dialog.get_by_role("button", name="Show the hands").click()
    expect(hand).to_be_visible()
    expect(dialog.get_by_role("button", name="More hands")).to_be_visible()
    hand.click()
    expect(page.get_by_role("button", name="Hand: Hand 3.")).to_be_visible()
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]
