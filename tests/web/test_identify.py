"""The tab Identify in a real browser."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages import BAR, SIZES, STEM, Visit, draw, photo, settled, touch
from PIL import Image
from playwright.sync_api import expect
from quick import quick

from handsum.data.folder import open_folder
from handsum.sums import sum_distribution, sum_summary

NO_PICTURES = (b"no picture", b"", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"\0" * 999)


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
    expect(bars.nth(7)).to_have_class("top-one")
    seen = page.get_by_alt_text("The digit, cut out to 28 by 28 pixels")
    assert seen.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [28, 28]
    expect(page.locator(".overlay .box")).to_have_count(1)
    page.keyboard.press("Control+z")
    # The bar alone is no 7.
    expect(page.get_by_text("7", exact=True).and_(reading)).to_have_count(0)
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
    expect(page.get_by_role("button", name="7, ")).to_have_count(2)
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


def as_file(data: bytes, name: str = "a.png") -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": data}


@pytest.mark.parametrize("data", quick(NO_PICTURES, 0, 4))
def test_a_file_that_is_no_picture_leaves_the_sheet(visit: Visit, data: bytes) -> None:
    page = visit("#identify")
    page.get_by_role("radio", name="One digit").check()
    draw(page, BAR)
    draw(page, STEM)
    reading = page.get_by_test_id("reading")
    expect(reading).to_have_text("7")
    before = page.locator(".sheet-to-draw").bounding_box()
    page.get_by_label("A picture of digits").set_input_files(as_file(data))
    expect(page.get_by_role("alert").first).to_contain_text("picture")
    assert page.locator(".sheet-to-draw").bounding_box() == before
    expect(page.locator("canvas.pad")).to_be_visible()
    # The drawing is as it was, and drawing goes on.
    expect(page.locator(".overlay .box")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("alert").first).to_be_empty()


def test_a_bad_file_leaves_the_photo(visit: Any, api: Any) -> None:
    page = visit("#identify")
    chooser = page.get_by_label("A picture of digits")
    chooser.set_input_files(as_file(photo("40725", api), "a.jpg"))
    reading = page.get_by_test_id("reading")
    expect(reading).to_have_text("40725")
    alert = page.get_by_role("alert").first
    shown = page.locator(".photo").get_attribute("src")
    for data in (*NO_PICTURES, b"x" * (22 << 20), b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        chooser.set_input_files(as_file(data))
        expect(alert).to_contain_text("picture")
        expect(page.get_by_text("Reading the picture")).to_be_hidden()
        expect(page.locator(".photo")).to_have_attribute("src", shown)
        expect(page.locator(".photo")).to_be_visible()
        expect(page.get_by_text("Draw here")).to_be_hidden()
        expect(page.locator(".overlay .box")).to_have_count(5)
        # Its reading is usable.
        page.get_by_role("button", name="7, ").click()
        expect(page.get_by_role("heading", name="Digit 3: 7")).to_be_visible()
        page.get_by_role("button", name="4, ").click()
        chooser.set_input_files([])
    # A failure of the server as well; the picture is shown when the second try succeeds.
    page.route("**/api/predict*", lambda route: route.fulfill(status=503))
    chooser.set_input_files(as_file(photo("316", api), "b.jpg"))
    expect(alert).to_contain_text("The server is busy")
    expect(page.locator(".overlay .box")).to_have_count(5)
    page.unroute("**/api/predict*")
    page.get_by_role("button", name="Try again").click()
    expect(reading).to_have_text("316")
    expect(page.locator(".photo")).not_to_have_attribute("src", shown)
    page.get_by_role("button", name="Show an example").click()
    expect(page.locator(".overlay .box")).to_have_count(6)
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


def test_a_picture_that_only_the_server_knows_is_read(visit: Visit, api: Any) -> None:
    page = visit("#identify")
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(photo("40725", api))) as picture:
        picture.save(buffer, "TIFF")
        shape = picture.width / picture.height
    page.get_by_label("A picture of digits").set_input_files(as_file(buffer.getvalue(), "a.tif"))
    expect(page.get_by_test_id("reading")).to_have_text("40725")
    expect(page.get_by_text("This browser cannot show")).to_be_hidden()
    expect(page.locator(".overlay image")).to_have_count(5)
    box = page.locator(".sheet-to-draw").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(shape, rel=0.02)
    expect(page.locator(".overlay .box")).to_have_count(5)
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("Draw here")).to_be_visible()


def test_the_same_file_can_be_chosen_again(visit: Visit, api: Any, tmp_path: Path) -> None:
    for name, data in (("good.jpg", photo("316", api)), ("bad.png", b"no picture")):
        (tmp_path / name).write_bytes(data)
    page = visit("#identify")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))

    def choose(button: str, name: str) -> None:
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name=button).click()
        chooser.value.set_files(tmp_path / name)

    for name in ("bad.png", "bad.png", "good.jpg", "good.jpg"):
        with page.expect_response("**/api/predict*"):
            choose("Choose a photo", name)
    expect(page.get_by_test_id("reading")).to_have_text("316")
    assert sum("/api/predict" in url for url in sent) == 4
    # The other file input of the page: a hand like that in a picture.
    page.get_by_role("tab", name="Write").click()
    settled(page, "write").get_by_role("button", name="Hand: Any hand").click()
    for name in ("bad.png", "bad.png"):
        with page.expect_response("**/api/writers/like*"):
            choose("Like mine", name)
    # Every file input of the page was tried.
    assert page.locator("input[type=file]").count() == 2
    # After a failure the hands can still be chosen.
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert").last).to_contain_text("not a picture of a known kind")
    dialog.get_by_role("button", name="More hands").click()
    dialog.get_by_role("button", name="Hand 3", exact=True).click()
    expect(page.get_by_role("button", name="Hand: Hand 3.")).to_be_visible()


def test_a_corrected_digit_counts_and_can_be_trained_on(
    visit: Visit, api: Any, tmp_path: Path
) -> None:
    page = visit("#identify")
    page.get_by_label("A picture of digits").set_input_files(as_file(photo("40725", api), "a.jpg"))
    reading = page.get_by_test_id("reading")
    expect(reading).to_have_text("40725")
    # The boxes on the photo are buttons, and a correction is certain.
    page.locator(".overlay .box").nth(2).click()
    expect(page.get_by_role("heading", name="Digit 3: 7")).to_be_visible()
    page.get_by_text("Correct it").click()
    page.get_by_role("button", name="It is a 1").click()
    expect(reading).to_have_text("40125")
    expect(page.get_by_role("img", name="The sum is 12")).to_be_visible()
    expect(page.get_by_role("button", name="1, yours")).to_be_visible()
    page.locator(".overlay .box").nth(4).click()
    page.get_by_role("button", name="No digit").click()
    expect(reading).to_have_text("4012")
    expect(page.get_by_role("img", name="The sum is 7")).to_be_visible()
    expect(page.locator(".overlay .none")).to_have_count(1)
    page.get_by_text("Train on these digits").click()
    page.get_by_role("button", name="Keep these 4 digits").click()
    # Those of the next picture are added.
    page.get_by_label("A picture of digits").set_input_files(as_file(photo("316", api), "b.jpg"))
    expect(reading).to_have_text("316")
    page.get_by_role("button", name="Keep these 3 digits").click()
    expect(page.get_by_role("button", name="Kept")).to_be_disabled()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save 7 digits").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    splits = [load() for load in open_folder(str(tmp_path / "digits")).values()]
    assert sorted(np.concatenate([split.labels for split in splits])) == [0, 1, 1, 2, 3, 4, 6]


def test_the_sum_of_a_correction_is_that_of_the_package(visit: Visit, api: Any) -> None:
    page = visit("#identify")
    result = api.post("/predict", content=photo("40725", api)).json()
    shares = np.array([digit["probabilities"] for digit in result["digits"]])
    # Doubts, so that there is something to add.
    shares = 0.7 * shares + 0.03
    # The answer's six decimals add up to 1 only nearly.
    shares /= shares.sum(1, keepdims=True)
    for digit, row in zip(result["digits"], shares, strict=True):
        digit["probabilities"] = row.tolist()
    total = page.evaluate(
        """async (result) => {
            const { Reading } = await import("/static/js/reading.js");
            const reading = new Reading(result);
            reading.correct(0, 4);
            return reading.total;
        }""",
        result,
    )
    shares[0] = np.eye(10)[4]
    distribution = sum_distribution(shares)
    expected = sum_summary(distribution)
    assert total["sum"] == expected.sum
    assert tuple(total["interval"]) == expected.interval
    assert list(total["distribution"].values()) == pytest.approx(distribution.tolist())


def test_rows_are_read_as_a_pattern(visit: Visit, api: Any) -> None:
    page = visit("#identify")
    written = api.get("/number", params={"text": "$12.50", "seed": 3, "format": "png"})
    picture = as_file(written.content)
    page.get_by_label("A picture of digits").set_input_files(picture)
    reading = page.get_by_test_id("reading")
    expect(reading).to_have_text("1250")
    page.get_by_label("Each row is").select_option("An amount")
    expect(reading).to_have_text("$12.50")
