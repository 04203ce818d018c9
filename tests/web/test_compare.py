"""The tab Compare in a real browser: it requests what it shows, and nothing else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from pages import settled
from playwright.sync_api import expect


def asked(page: Any) -> list[str]:
    """The requests to the API from now on."""
    urls: list[str] = []
    page.on("request", lambda request: "/api/" in request.url and urls.append(request.url))
    return urls


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("kind=digits&digits=12", {"generate"}),
        ("kind=sum&total=12&length=3", {"sum-sequence"}),
        ("kind=reading&total=12&length=3", {"sum-sequence", "predict"}),
        # No generator can write it; nothing but messages.
        ("kind=sum&total=90&length=1", {"sum-sequence"}),
        ("kind=reading&total=90&length=1", {"sum-sequence"}),
    ],
)
def test_only_what_is_compared_is_requested(visit: Any, query: str, paths: set[str]) -> None:
    page = visit("#write?seed=1")
    settled(page, "write")
    urls = asked(page)
    page.evaluate("hash => { location.hash = hash }", f"compare?{query}&seed=1")
    panel = settled(page, "compare")
    assert {urlsplit(url).path.removeprefix("/api/") for url in urls} == paths
    models = panel.get_by_role("heading", level=3).count()
    # One for each model; one picture for all readers.
    writing = [url for url in urls if "sum-sequence" in url]
    assert len(urls) - len(writing) * ("reading" in query) in (models, 0)
    assert len(writing) == (0 if "digits=" in query else 1 if "reading" in query else models)
    alerts = [text for text in panel.get_by_role("alert").all_inner_texts() if text]
    assert len(alerts) == (models if "=90" in query else 0)
    # A browser logs the server's refusals.
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]


@pytest.mark.parametrize("kind", ["digits", "sum", "reading"])
def test_a_new_comparison_stops_the_last(visit: Any, kind: str) -> None:
    page = visit("#write?seed=1")
    settled(page, "write")
    stopped: list[str] = []
    page.on("requestfailed", lambda request: stopped.append(request.url))
    held = visit.hold(page, "**/api/*?*seed=7*")
    place = f"compare?kind={kind}&digits=12&total=12&length=3"
    page.evaluate("hash => { location.hash = hash }", f"{place}&seed=7")
    panel = page.locator("#panel-compare")
    expect(panel.locator("[aria-busy=true]").first).to_be_visible()
    page.wait_for_timeout(400)
    assert held
    page.evaluate("hash => { location.hash = hash }", f"{place}&seed=8")
    settled(page, "compare")
    assert sorted(url for url in stopped if "seed=7" in url) == sorted(
        route.request.url for route in held
    )
    expect(panel.get_by_role("button", name="Copy link")).to_be_enabled()


def test_another_try_writes_the_picture_again(visit: Any) -> None:
    page = visit("#write?seed=1")
    settled(page, "write")
    page.route("**/api/sum-sequence?*", lambda route: route.fulfill(status=503))
    page.evaluate("location.hash = 'compare?kind=reading&total=12&length=3&seed=1'")
    panel = page.locator("#panel-compare")
    again = panel.get_by_role("button", name="Try again")
    expect(again).to_have_count(2)
    page.unroute("**/api/sum-sequence?*")
    for left in (1, 0):
        again.first.click()
        expect(again).to_have_count(left)
    expect(panel.get_by_role("img", name="The sum is")).to_have_count(2)
    expect(panel.get_by_role("button", name="Copy link")).to_be_enabled()
    visit.wrong[:] = [line for line in visit.wrong if "Failed to load resource" not in line]
