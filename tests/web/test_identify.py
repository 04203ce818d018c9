"""The tab Identify in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from pages import BAR, SIZES, STEM, Visit, draw, photo, touch
from playwright.sync_api import expect

pytestmark = pytest.mark.xdist_group("web")


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
