"""One server and one browser for all tests of the page in a process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Error, sync_playwright

SIZES = {"phone": (390, 844), "desk": (1280, 900)}
START_SECONDS = 600
# The seeds that the page chooses: the same ones whenever a test runs.
SAME_SEEDS = """
    let seed = 1;
    crypto.getRandomValues = (array) =>
        array.map((_, index) => (array[index] = seed = (1664525 * seed + 1013904223) % 2 ** 32));
"""


@dataclass(frozen=True)
class Server:
    """A running server: its address, and the file with its standard error."""

    address: str
    log: Path


@pytest.fixture(scope="session")
def server(caches: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as a user starts it, after all models are loaded; it logs every compilation."""
    log = tmp_path_factory.mktemp("web") / "log"
    command = [sys.executable, "-m", "handsum", "web", "--port", "0"]
    with log.open("w") as errors:
        process = subprocess.Popen(
            command, stderr=errors, env=os.environ | {"JAX_LOG_COMPILES": "1"}
        )
    try:
        address = _wait_until_ready(process, log)
        yield Server(address, log)
    finally:
        process.terminate()
        process.wait(20)
    assert "Traceback" not in log.read_text()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"handsum web: (http://\S+)", log.read_text())
        if found:
            state = httpx.get(found[1] + "/api/status").json()
            assert state["failed"] == {}
            if state["state"] == "ready":
                return found[1]
        time.sleep(0.2)
    pytest.fail(f"the server was not ready:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def api(server: Server) -> Iterator[Any]:
    """A client of the server's API."""
    with httpx.Client(base_url=server.address + "/api", timeout=240) as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium; without it the tests are skipped locally and fail on CI."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        reason = "no chromium on this machine: apt-get install chromium (.ci/run does)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root, the user in containers.
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@dataclass
class Visits:
    """The pages opened in a test, and everything that went wrong in them."""

    browser: Any
    address: str
    contexts: list[Any] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    held: list[Any] = field(default_factory=list)

    def hold(self, page: Any, url: str) -> list[Any]:
        """Leave requests without an answer; the list grows with the route of each.

        At the end of the test those that it left are dropped: Playwright would wait for them for
        ever, and asyncio would complain during some later test.
        """
        routes: list[Any] = []

        def keep(route: Any) -> None:
            routes.append(route)
            self.held.append(route)

        page.route(url, keep)
        return routes

    def drop_held(self) -> None:
        """Drop the requests that still wait."""
        for route in self.held:
            with suppress(Error):
                route.abort()

    def __call__(self, place: str = "", size: str = "desk", **options: Any) -> Any:
        """Open a page of the server in its own browser context."""
        width, height = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            accept_downloads=True,
            has_touch=size == "phone",
            **options,
        )
        context.set_default_timeout(90_000)
        context.add_init_script(SAME_SEEDS)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._check)
        page.goto(f"{self.address}/{place}")
        return page

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text} ({message.location})")

    def _check(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"request to another server: {request.url}")


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Callable[..., Any]]:
    """Open pages; a console message or a request to another server fails the test."""
    visits = Visits(browser, server.address)
    yield visits
    visits.drop_held()
    for context in visits.contexts:
        context.close()
    assert visits.wrong == []
