"""The fields of the page: what a link sets them to, and what they say without a value."""

from __future__ import annotations

from typing import Any

import pytest
from pages import Visit, settled
from playwright.sync_api import expect
from quick import quick

WITH_SEED = ("generate", "advanced", "interpolate", "visualise")
SAVING = ("PNG", "SVG", "JSON", "GIF", "Copy link")
NUMBERS = [
    ("write", "total=23&length=5", "Total", "Enter a total."),
    ("write", "total=23&length=5", "Number of digits", "Enter the number of digits, or leave it"),
    ("advanced", "rows=2", "Copies of each", "Enter how many copies of each."),
    ("visualise", "model=lstm-cgan&total=12&length=3", "Total", "Enter a total."),
    ("visualise", "model=lstm-cgan&total=12&length=3", "Number of digits", "Enter the number"),
    ("compare", "kind=sum&total=12&length=3", "Total", "Enter a total."),
    ("compare", "kind=sum&total=12&length=3", "Number of digits", "Enter the number of digits."),
    *[(tab, "", "Seed", "Enter a seed.") for tab in WITH_SEED],
]


def go(page: Any, place: str) -> None:
    page.evaluate("hash => { location.hash = hash }", place)


def saving(panel: Any) -> list[Any]:
    """The buttons of a tab that save, copy or link."""
    found = [panel.get_by_role("button", name=name) for name in SAVING]
    return [button for button in found if button.count()]


@pytest.mark.parametrize(
    ("tab", "first", "second", "role", "name"),
    quick(
        [
            ("write", "total=23&length=5", "total=45&length=6", "spinbutton", "Total"),
            ("write", "total=23&length=5", "total=23&length=6", "spinbutton", "Number of digits"),
            ("write", "total=23&length=5", "total=23", "spinbutton", "Number of digits"),
            ("write", "kind=number&text=12", "kind=number&text=45", "textbox", "Number"),
            ("advanced", "digits=12&rows=2", "digits=34&rows=2", "textbox", "Digits"),
            ("advanced", "digits=12&rows=2", "digits=12&rows=1", "spinbutton", "Copies of each"),
            ("interpolate", "digits=12", "digits=34", "textbox", "Digits"),
            ("compare", "digits=12", "digits=34", "textbox", "Digits"),
            *[(tab, "", "", "spinbutton", "Seed") for tab in WITH_SEED],
        ],
        *(0, 2, 3, 4, 6, 8),
    ),
)
def test_a_link_sets_also_the_field_in_use(
    visit: Visit, tab: str, first: str, second: str, role: str, name: str
) -> None:
    page = visit(f"#{tab}?{first}&seed=1")
    panel = settled(page, tab)
    field = panel.get_by_role(role, name=name, exact=True)
    before = field.input_value()
    field.click()
    go(page, f"{tab}?{second}&seed=2")
    expect(field).not_to_have_value(before)
    expect(field).to_be_focused()
    # Also when it shows what is no number.
    if role == "spinbutton":
        field.press_sequentially("e")
        go(page, f"{tab}?{first}&seed=1")
        expect(field).to_have_value(before)
        assert not field.evaluate("one => one.validity.badInput")


@pytest.mark.parametrize(("tab", "query", "name", "message"), quick(NUMBERS, 0, 1, 2, 7))
def test_a_field_without_a_number_says_so(
    visit: Any, tab: str, query: str, name: str, message: str
) -> None:
    page = visit(f"#{tab}?{query}&seed=1")
    panel = settled(page, tab)
    field = panel.get_by_role("spinbutton", name=name, exact=True)
    values = ["-", "5e"] + ([""] if "leave it" not in message else [])
    for before in ("1", "-5"):
        for value in values:
            field.fill(before)
            settled(page, tab)
            field.fill("")
            field.press_sequentially(value)
            expect(panel.get_by_text(message).first).to_be_visible()
            assert panel.locator("img.written, .theatre, .film, .tile").count() == 0
            for alert in panel.get_by_role("alert").all():
                expect(alert).to_be_empty()
            for button in saving(panel):
                assert button.is_disabled()
            page.wait_for_timeout(400)
            expect(panel.get_by_text(message).first).to_be_visible()
    # A browser logs the server's refusals of -5.
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


def test_an_empty_number_of_digits_is_automatic(visit: Visit) -> None:
    page = visit("#write?total=23&length=5&seed=1")
    panel = settled(page, "write")
    field = panel.get_by_label("Number of digits")
    field.fill("")
    field.press_sequentially("-")
    expect(panel.get_by_text("Enter the number of digits")).to_be_visible()
    field.press("Backspace")
    expect(panel.locator(".equation")).to_contain_text("= 23")
    for button in saving(panel):
        expect(button).to_be_enabled()
