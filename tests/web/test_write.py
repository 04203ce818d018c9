"""The tab Write in a real browser."""

from __future__ import annotations

import base64
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from file_facts import read_facts
from pages import Visit, photo, settled
from PIL import Image
from playwright.sync_api import expect
from quick import quick


def test_a_sum_is_written_saved_and_linked(visit: Visit, tmp_path: Path) -> None:
    page = visit("")
    panel = settled(page, "write")
    panel.get_by_label("Total").fill("31")
    panel.get_by_label("Number of digits").fill("6")
    expect(panel.locator(".equation")).to_contain_text("= 31")
    panel = settled(page, "write")
    expect(panel.get_by_text("Read correctly")).to_be_visible()
    files = {}
    for ending in ("PNG", "SVG", "GIF", "InkML", "JSON"):
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
    with Image.open(files["GIF"]) as film:
        assert film.n_frames > 20
    assert ElementTree.parse(files["InkML"]).getroot().find("{*}traceGroup") is not None
    # The pictures say what made them.
    assert read_facts(files["PNG"]) == read_facts(files["SVG"]) == read_facts(files["GIF"])
    assert read_facts(files["PNG"])["handsum:digits"] == digits
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


def test_a_browser_shows_the_paper_of_an_svg(browser: Any, server: Any) -> None:
    """Also under the server's content security policy."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    query = "text=42&seed=1&writer=3&ink=white&paper=%23123456&format=svg"
    page.goto(f"{server.address}/api/number?{query}")
    with Image.open(io.BytesIO(page.screenshot())) as shown:
        pixels = shown.convert("RGB")
        assert pixels.getpixel((1, 1)) == pixels.getpixel((60, 2)) == (0x12, 0x34, 0x56)
        assert max(red for _, (red, _, _) in pixels.crop((0, 0, 200, 100)).getcolors(20_000)) == 255
    page.close()
    assert [text for text in complaints if "Content Security Policy" in text] == []


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


def test_a_number_with_signs(visit: Visit) -> None:
    page = visit("#write?kind=number&text=3%2B4%3D7&seed=1")
    panel = settled(page, "write")
    expect(panel.locator(".equation")).to_have_text("3+4=7")
    expect(panel.get_by_text("Read correctly")).to_be_visible()
    panel.get_by_role("textbox", name="Number").fill("12/05/2024")
    expect(panel.locator(".equation")).to_have_text("12/05/2024")
    with page.expect_download() as download:
        panel.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "number-12-05-2024.png"
    panel.get_by_role("textbox", name="Number").fill("3×4")
    expect(panel.get_by_role("alert")).to_contain_text("not '×'")


def ink_of(picture: Any) -> int:
    """The number of dark pixels of a picture on the page."""
    with Image.open(io.BytesIO(picture.screenshot())) as shown:
        return int((np.asarray(shown.convert("L")) < 128).sum())


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_pen_writes_the_number_on_a_click_only(visit: Visit, size: str) -> None:
    page = visit("#write?kind=number&text=40712&seed=1", size)
    panel = settled(page, "write")
    picture = panel.locator("img.written")
    finished, still = ink_of(picture), picture.get_attribute("src")
    panel.get_by_role("button", name="Watch it written").click()
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    moments = []
    for _ in range(40):
        moments.append(ink_of(picture))
        page.wait_for_timeout(100)
    assert min(moments) < 0.5 * finished
    assert len(set(moments)) > 5
    assert max(moments) == pytest.approx(finished, rel=0.1)
    panel.get_by_role("button", name="Stop").click()
    expect(picture).to_have_attribute("src", still or "")
    # Another result stands still again.
    panel.get_by_role("button", name="Watch it written").click()
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    panel.get_by_role("button", name="Write again").click()
    expect(picture).to_have_attribute("src", re.compile("^data:image/png"))
    expect(panel.get_by_role("button", name="Watch it written")).to_be_enabled()


def test_nothing_moves_for_those_who_prefer_it(visit: Visit) -> None:
    page = visit("#write?kind=number&text=407&seed=1", reduced_motion="reduce")
    panel = settled(page, "write")
    expect(panel.get_by_role("button", name="Watch it written")).to_be_hidden()


def test_a_pen_is_chosen_and_linked(visit: Visit) -> None:
    page = visit("#write?kind=number&text=407&seed=1&pen=fine")
    panel = settled(page, "write")
    expect(panel.get_by_label("Pen", exact=True)).to_have_value("fine")
    fine = ink_of(panel.locator("img.written"))
    before = panel.locator("img.written").get_attribute("src")
    panel.get_by_label("Pen", exact=True).select_option("Marker")
    expect(panel.locator("img.written")).not_to_have_attribute("src", before or "")
    assert ink_of(panel.locator("img.written")) > 1.5 * fine
    assert "pen=marker" in page.url


def test_a_number_in_a_hand_fitted_to_a_photo(visit: Visit, api: Any) -> None:
    page = visit("#write?kind=number&text=1234567&seed=1")
    panel = settled(page, "write")
    before = panel.locator("img.written").get_attribute("src")
    panel.get_by_role("button", name="Hand: Any hand").click()
    dialog = page.get_by_role("dialog", name="Choose a hand")
    taken = {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": photo("3141592653", api)}
    dialog.get_by_label("A picture of your digits").set_input_files(taken)
    dialog.get_by_role("button", name="Yours · fit").click(timeout=240_000)
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
    panel.get_by_label("Number of digits").fill("12")
    expect(panel.locator(".equation")).to_contain_text("= 99")
    expect(panel.get_by_role("alert")).to_be_empty()


SAVING = ("PNG", "SVG", "GIF", "InkML", "JSON", "Copy link")


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


def test_a_long_number_scrolls_in_its_place(visit: Visit) -> None:
    page = visit(f"#write?kind=number&text={'1234567890' * 6}&seed=1", "phone")
    panel = settled(page, "write")
    expect(panel.locator("img.written")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sheet = panel.get_by_role("group", name="The picture")
    assert sheet.evaluate("one => one.scrollWidth > 2 * one.clientWidth")


def paper_and_ink(panel: Any) -> tuple[int, int]:
    """The brightness of the paper, and of the ink that differs most from it."""
    data = base64.b64decode(panel.locator("img.written").get_attribute("src").partition(",")[2])
    with Image.open(io.BytesIO(data)) as picture:
        grey = np.asarray(picture.convert("L"), int)
    paper = int(grey[0, 0])
    return paper, int(grey.ravel()[np.abs(grey - paper).argmax()])


def test_automatic_ink_suits_the_paper_and_every_other_is_itself(visit: Visit) -> None:
    page = visit("#write?kind=number&text=7&writer=12&seed=1")
    panel = settled(page, "write")
    inks = panel.get_by_role("group", name="Ink").get_by_role("radio")
    papers = panel.get_by_role("group", name="Paper")
    assert inks.first.is_checked()
    assert inks.first.get_attribute("aria-label").startswith("Automatic")
    paper, ink = paper_and_ink(panel)
    assert ink < 60 < paper
    papers.get_by_role("radio", name="Blackboard").check()
    paper, ink = paper_and_ink(settled(page, "write"))
    assert paper < 60 < 200 < ink
    for name, low, high in (("Blue-black", 0, 45), ("Black", 0, 25), ("Chalk", 250, 255)):
        panel.get_by_role("radio", name=name, exact=True).check()
        _, ink = paper_and_ink(settled(page, "write"))
        assert low <= ink <= high, name
        assert "ink=" in page.url


HANDS = ("12+999", "999", "12+", "zzz", "1:0", "like:AAAA", "+", "1:a+2")


@pytest.mark.parametrize("hand", quick(HANDS, 0, 2, 5))
def test_a_hand_that_does_not_exist_is_not_shown_as_one(visit: Visit, hand: str) -> None:
    page = visit("#write?kind=number&text=7&seed=1")
    panel = settled(page, "write")
    panel.get_by_role("button", name="Hand: Any hand").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Or mix several hands").fill(hand)
    dialog.get_by_role("button", name="Use this mix").click()
    expect(dialog.get_by_role("alert").first).not_to_be_empty()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Hand: Any hand")).to_be_visible()
    # In a link.
    page.evaluate("hand => { location.hash = `write?kind=number&text=7&writer=${hand}` }", hand)
    panel = settled(page, "write")
    picker = panel.locator(".hand-button")
    expect(picker).to_contain_text(re.compile("^(No such hand|Any hand)"))


def test_a_mix_is_shown_before_it_is_used(visit: Visit) -> None:
    page = visit("#write?kind=number&text=7&seed=1")
    panel = settled(page, "write")
    panel.get_by_role("button", name="Hand: Any hand").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Or mix several hands").fill("12:3 + 40:1")
    dialog.get_by_role("button", name="Use this mix").click()
    expect(dialog).to_be_hidden()
    picker = panel.get_by_role("button", name="Hand: Mix 12:3+40:1.")
    expect(picker.locator("img")).to_be_visible()
    settled(page, "write")
    assert "writer=12%3A3%2B40%3A1" in page.url
