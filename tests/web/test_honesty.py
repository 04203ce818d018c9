"""What the page shows is what its fields, its link and its buttons say, also after an error."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from pages import RESULTS, Visit, settled
from playwright.sync_api import expect
from quick import quick

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


@pytest.mark.parametrize(("tab", "query", "role", "name"), quick(FIELDS, 0, 1, 3, 5, 7))
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


NONSENSE = ("zzz", "-1", "1.5", "__proto__", "constructor", "99999999999", "<b>", "1e3", "3,3", " ")
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


@pytest.mark.parametrize(
    "values",
    [NONSENSE[:4], pytest.param(NONSENSE[4:], marks=pytest.mark.slow)],
    ids=["some", "others"],
)
@pytest.mark.parametrize("tab", PARAMETERS)
def test_nonsense_in_a_link_is_left_out(visit: Visit, tab: str, values: tuple[str, ...]) -> None:
    page = visit(f"#{tab}?seed=1")
    settled(page, tab)
    for name in (*PARAMETERS[tab], "seed", "zzz", "__proto__"):
        for value in values:
            page.evaluate("hash => { location.hash = hash }", f"{tab}?{name}={quote(value)}")
            if tab != "identify":
                expect(page.locator("#toast")).to_contain_text(f"link: {name}")
    panel = settled(page, tab)
    expect(panel.locator(RESULTS[tab]).first).to_be_visible()
    for alert in panel.get_by_role("alert").all():
        expect(alert).to_be_empty()


@pytest.mark.parametrize("link", ["write?zzz=1", "generate?zzz=1"])
def test_a_link_opened_while_a_request_waits_is_followed(visit: Visit, link: str) -> None:
    """A request starts a moment after its fields change, and then writes its own address."""
    page = visit("#write?total=20&length=5&seed=1")
    # A busy browser runs timers before it tells of the new address.
    page.add_init_script(
        """const add = addEventListener;
        const slow = (run) => (event) => setTimeout(run, 1000, event);
        window.addEventListener = (name, run, ...rest) =>
            add(name, name === "hashchange" ? slow(run) : run, ...rest);
        """
    )
    page.reload()
    settled(page, "write")
    page.evaluate(
        """link => {
            const total = document.querySelector("#panel-write input[type=number]");
            total.value = "21";
            total.dispatchEvent(new Event("input"));
            location.hash = link;
        }""",
        link,
    )
    tab = link.split("?")[0]
    expect(page.locator(f"#panel-{tab}")).to_be_visible()
    expect(page.locator("#toast")).to_contain_text("link: zzz")


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
def test_a_tab_shows_the_shape_of_its_first_result(visit: Any, tab: str, path: str) -> None:
    page = visit("#identify")
    held = visit.hold(page, f"**/api/{path}?*")
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


@pytest.mark.parametrize(("status", "headers", "body", "message"), quick(REFUSALS, 0, 1, 2, 5))
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
