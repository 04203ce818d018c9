"""Files that cannot be saved: what the page says, and what another try does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pages import settled
from playwright.sync_api import expect
from quick import quick

# A tab, its field, a button that saves, and how its request is known.
FILES = [
    ("write", "total=20&length=5", "Total", "21", "SVG", "**/api/*format=svg*"),
    ("write", "kind=number&text=12", "Number", "34", "SVG", "**/api/*format=svg*"),
    ("interpolate", "digits=2", "Digits", "3", "GIF", "**/api/*format=gif*"),
    ("interpolate", "digits=2", "Seed", "5", "PNG", "**/api/*format=png*"),
]
EACH_FILE = pytest.mark.parametrize(
    ("tab", "query", "field", "value", "button", "url"), quick(FILES, 0, 2)
)


@pytest.fixture
def refused(visit: Any) -> Iterator[Any]:
    """As `visit`, for pages whose server fails: a browser logs that."""
    yield visit
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


def field_of(panel: Any, name: str) -> Any:
    return panel.locator("[type=text], [type=number]").and_(panel.get_by_label(name, exact=True))


@EACH_FILE
def test_another_try_goes_when_a_field_changes(
    refused: Any, tab: str, query: str, field: str, value: str, button: str, url: str
) -> None:
    page = refused(f"#{tab}?{query}&seed=1")
    panel = settled(page, tab)
    page.route(url, lambda route: route.fulfill(status=503))
    panel.get_by_role("button", name=button).click()
    again = panel.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    # At once, not when the next result comes.
    refused.hold(page, "**/api/*")
    field_of(panel, field).fill(value)
    assert again.count() == 0
    assert panel.get_by_role("alert").inner_text() == ""


@EACH_FILE
def test_a_late_failure_offers_no_other_try(
    refused: Any, tab: str, query: str, field: str, value: str, button: str, url: str
) -> None:
    page = refused(f"#{tab}?{query}&seed=1")
    panel = settled(page, tab)
    held = refused.hold(page, url)
    with page.expect_request(url):
        panel.get_by_role("button", name=button).click()
    field_of(panel, field).fill(value)
    settled(page, tab)
    held[0].fulfill(status=503)
    expect(page.locator("#toast")).to_contain_text("was not saved")
    expect(panel.get_by_role("alert")).to_be_empty()


def test_a_late_success_leaves_a_newer_error(refused: Any) -> None:
    page = refused("#write?total=20&length=5&seed=1")
    panel = settled(page, "write")
    held = refused.hold(page, "**/api/*format=svg*")
    with page.expect_request("**/api/*format=svg*"):
        panel.get_by_role("button", name="SVG").click()
    panel.get_by_label("Total").fill("99")
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text("11 or more")
    with page.expect_download() as download:
        held[0].continue_()
    assert download.value.suggested_filename == "sum-20.svg"
    page.wait_for_timeout(200)
    expect(alert).to_contain_text("11 or more")


def test_one_file_leaves_the_error_of_another(refused: Any) -> None:
    page = refused("#interpolate?digits=2&seed=1")
    panel = settled(page, "interpolate")
    page.route("**/api/*format=gif*", lambda route: route.fulfill(status=503))
    panel.get_by_role("button", name="GIF").click()
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text("The server is busy")
    for name in ("PNG", "GIF"):
        with page.expect_download():
            panel.get_by_role("button", name=name).click()
        page.wait_for_timeout(200)
        if name == "PNG":
            expect(alert).to_contain_text("The server is busy")
            page.unroute("**/api/*format=gif*")
    expect(alert).to_be_empty()


def test_another_try_of_a_result_goes_when_a_field_changes(refused: Any) -> None:
    page = refused("#write?total=20&length=5&seed=1")
    panel = settled(page, "write")
    page.route("**/api/sum-sequence?*", lambda route: route.fulfill(status=503))
    panel.get_by_label("Total").fill("21")
    again = panel.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/api/sum-sequence?*")
    panel.get_by_label("Total").fill("22")
    assert again.count() == 0
    expect(panel.locator(".equation")).to_contain_text("= 22")
