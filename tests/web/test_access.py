"""Host names, other sites, and the token of a server that others can reach."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from serving import connect, head, serve, status

from handsum.errors import UsageError
from handsum.web import server
from handsum.web.intake.access import LOOPBACK, Access, new_token, parse_allowed, parse_authority

PUBLIC = Access(LOOPBACK | {"box.lan"}, connected=True, token="secret-token", cookie="handsum-1")
WITH_TOKEN = {"Authorization": "Bearer secret-token"}
PLACES = ["/", "/docs", "/static/js/app.js", "/openapi.json", "/api/status", "/api/nothing", "/no"]


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    """A server that only this machine can reach, and one with a token."""
    with serve({}) as local, serve({}, PUBLIC) as public:
        yield {"local": str(local.base_url), "public": str(public.base_url)}


@pytest.fixture
def local(addresses: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of the server without a token."""
    with httpx.Client(base_url=addresses["local"]) as web:
        yield web


@pytest.fixture
def public(addresses: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of the server with a token."""
    with httpx.Client(base_url=addresses["public"]) as web:
        yield web


@pytest.fixture(params=["local", "public"])
def each(request: pytest.FixtureRequest) -> httpx.Client:
    """A client of either server."""
    found: httpx.Client = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost",
        "localhost.",
        "localhost:80",
        "127.0.0.1",
        "127.0.0.1:65535",
        "[::1]",
        "[::1]:8000",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]:8000",
    ],
)
def test_a_eachof_this_machine_answers_to_its_names(host: str, local: httpx.Client) -> None:
    assert local.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("evil.example", 403),
        ("evil.example.:8000", 403),
        ("localhost.localdomain", 403),
        ("localhost.evil.example", 403),
        ("evil-localhost", 403),
        ("0", 403),
        ("0.0.0.0:8000", 403),
        ("127.1", 403),
        ("127.0.0.2", 403),
        ("2130706433", 403),
        ("192.168.1.5", 403),
        ("[::]", 403),
        ("[::1%25lo]", 400),
        ("[::1", 400),
        ("::1", 400),
        ("localhost:x", 400),
        ("localhost:", 400),
        ("evil.example@localhost", 400),
        ("localhost/evil.example", 400),
        ("http://localhost", 400),
        ("localhost, evil.example", 400),
        ("", 400),
    ],
)
def test_other_names_get_no_answer(host: str, expected: int, local: httpx.Client) -> None:
    for place in PLACES:
        answer = local.get(place, headers={"Host": host})
        assert answer.status_code == expected, place
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-frame-options"] == "DENY"
    if expected == 403:
        assert "--allow-host" in answer.json()["detail"]


@pytest.mark.parametrize(
    "request_",
    [
        "GET /api/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET /api/status HTTP/1.1\r\n\r\n",
        "GET /api/status HTTP/1.0\r\n\r\n",
        "GET http://evil.example/api/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET http://localhost/api/status HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_a_request_without_one_clear_host_is_refused(request_: str, local: httpx.Client) -> None:
    with connect(local, request_) as connection:
        answer = connection.recv(65536)
        assert status(answer) == 400
        assert b"evil.example" not in answer


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("Digits.Example.org.", "digits.example.org"),
        ("192.168.1.5", "192.168.1.5"),
        ("fd00::0:5", "fd00::5"),
        ("[fd00::5]", "fd00::5"),
        ("münchen.example", "xn--mnchen-3ya.example"),
    ],
)
def test_a_name_can_be_allowed(given: str, name: str) -> None:
    host = f"[{name}]" if ":" in name else name
    access = Access(LOOPBACK | {parse_allowed(given)})
    with serve({}, access) as web:
        for form in (host, f"{host}:443", host.upper()):
            assert web.get("/", headers={"Host": form}).status_code == 200
        assert web.get("/", headers={"Host": f"x{name}"}).status_code in (400, 403)


@pytest.mark.parametrize(
    "given", ["", ".", "*", "http://a.example", "a.example:80", "[::1]:80", "a b", "a/b", "[x]"]
)
def test_what_is_no_name_cannot_be_allowed(given: str) -> None:
    with pytest.raises(UsageError, match="is no host name"):
        parse_allowed(given)


def test_the_command_allows_names(monkeypatch: pytest.MonkeyPatch, run_command: Any) -> None:
    served: list[Access] = []

    def serve(uvicorn: object, app: object, own: object) -> None:
        pass

    monkeypatch.setattr(server, "_serve_until_stopped", serve)
    monkeypatch.setattr(server, "_stop_at_signals", lambda: None)
    monkeypatch.setattr("handsum.web.app.create_app", lambda access: served.append(access))
    names = ("--allow-host", "a.example", "--allow-host", "B.example")
    assert run_command("web", "--port", "0", *names).code == 0
    done = run_command("web", "--port", "0", "--host", "0.0.0.0", *names)
    assert done.code == 0
    local, public = served
    assert local.token is None
    assert LOOPBACK | {"a.example", "b.example"} == local.hosts
    assert public.token in done.err
    assert {"a.example", "b.example"} < public.hosts
    done = run_command("web", "--port", "0", "--allow-host", "a.example:80")
    assert done.code == 2
    assert "set --allow-host to a name" in done.err


def operations(web: httpx.Client) -> list[tuple[str, str]]:
    paths = web.get("/openapi.json").json()["paths"]
    return [(method, path) for path, methods in paths.items() for method in methods]


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://localhost:{port}", True),
        ("HTTP://LOCALHOST:{port}", True),
        ("http://localhost.:{port}", True),
        ("http://localhost", False),
        ("http://localhost:1", False),
        ("http://127.0.0.1:{port}", False),
        ("http://evil.example", False),
        ("http://localhost:{port}.evil.example", False),
        ("http://evil.example:{port}", False),
        ("file://", False),
        ("null", False),
        ("localhost:{port}", False),
        ("", False),
    ],
)
def test_another_origin_computes_nothing(origin: str, own: bool, each: httpx.Client) -> None:
    port = each.base_url.port
    each.headers.update({"Host": f"localhost:{port}", **WITH_TOKEN})
    for method, path in operations(each):
        headers = {"Origin": origin.format(port=port)}
        # An unknown parameter: what is not refused is invalid.
        answer = each.request(method, path, headers=headers, params={"unknown": 1})
        assert answer.status_code == (422 if own else 403), path


def test_an_origin_without_a_port_has_its_scheme_s(each: httpx.Client) -> None:
    each.headers.update(WITH_TOKEN)
    for host, origin, expected in (
        ("localhost", "http://localhost", 200),
        ("localhost:80", "http://localhost", 200),
        ("localhost", "http://localhost:80", 200),
        ("localhost", "https://localhost", 200),
        ("localhost:443", "https://localhost", 200),
        ("localhost:443", "http://localhost", 403),
        ("[::1]", "http://[::1]", 200),
    ):
        headers = {"Host": host, "Origin": origin}
        assert each.get("/api/status", headers=headers).status_code == expected, headers


def test_a_reachable_eachanswers_to_the_address_of_the_connection() -> None:
    with serve({}, PUBLIC) as web:
        for host, expected in (("127.0.0.1", 200), ("box.lan", 200), ("10.0.0.1", 403)):
            answer = web.get("/api/status", headers={"Host": host, **WITH_TOKEN})
            assert answer.status_code == expected
    with serve({}, Access(frozenset(), connected=True)) as web:
        assert web.get("/api/status").status_code == 200
        assert web.get("/api/status", headers={"Host": "localhost"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer secret-toke"},
        {"Authorization": "Bearer secret-tokenx"},
        {"Authorization": "secret-token"},
        {"Authorization": "Basic secret-token"},
        {"Cookie": "handsum-1="},
        {"Cookie": "handsum-1=Secret-Token"},
        {"Cookie": "handsum-2=secret-token"},
        {"Cookie": "handsum-1=\xff"},
        {"Origin": "http://127.0.0.1"},
    ],
)
def test_without_the_token_there_is_nothing(headers: dict[str, str], public: httpx.Client) -> None:
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    for place in PLACES:
        refused = 403 if "Origin" in headers and place.startswith("/api") else 401
        for query in ("", "?token=", "?token=secret", "?token=%ff", "?TOKEN=secret-token"):
            answer = public.get(place + query, headers=encoded)
            assert answer.status_code == refused, place + query
            assert "set-cookie" not in answer.headers
            assert "secret-token" not in answer.text
    answer = public.get("/api/status", headers={"Accept": "text/event-stream", **encoded})
    assert answer.status_code == (403 if "Origin" in headers else 401)


def test_an_answer_without_the_token_says_what_to_do(public: httpx.Client) -> None:
    answer = public.get("/api/models")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "?token=" in answer.json()["detail"]
    page = public.get("/", headers={"Accept": "text/html,*/*"})
    assert page.status_code == 401
    assert page.headers["content-type"].startswith("text/plain")
    assert "open the address with ?token=" in page.text


@pytest.mark.parametrize(
    "how",
    [
        {"headers": WITH_TOKEN},
        {"headers": {"Authorization": "bearer secret-token"}},
        {"headers": {"Cookie": "other=1; handsum-1=secret-token"}},
        {"params": {"token": "secret-token"}},
        {"params": {"token": ["wrong", "secret-token"]}},
    ],
)
def test_the_token_opens_everything(how: dict[str, Any], public: httpx.Client) -> None:
    for place in PLACES:
        expected = 404 if "no" in place.rpartition("/")[2] else 200
        answer = public.get(place, **how)
        assert answer.status_code == expected, place
    stream = {**how, "headers": {"Accept": "text/event-stream", **how.get("headers", {})}}
    assert "event: status" in public.get("/api/status", **stream).text


def test_the_token_is_no_parameter_of_a_request(public: httpx.Client) -> None:
    answer = public.get("/api/number", params={"token": "secret-token", "text": ""})
    assert [one["parameter"] for one in answer.json()["errors"]] == ["text"]
    text = {"token": "secret-token", "unknown": "a&b=ü +"}
    assert public.get("/api/status", params=text).json()["detail"].startswith("unknown: no such")


def test_the_address_with_the_token_sets_a_cookie_for_this_site_only() -> None:
    with serve({}, PUBLIC) as web:
        answer = web.get("/", params={"token": "secret-token"})
        assert answer.headers["set-cookie"] == (
            "handsum-1=secret-token; Path=/; HttpOnly; SameSite=Strict"
        )
        assert answer.headers["cache-control"] == "no-store"
        assert web.get("/api/status").status_code == 200
        assert "set-cookie" not in web.get("/api/status").headers
        web.cookies.clear()
        secure = {"X-Forwarded-Proto": "https"}
        answer = web.get("/", params={"token": "secret-token"}, headers=secure)
        assert answer.headers["set-cookie"].endswith("; Secure")


def test_a_web_socket_is_refused(public: httpx.Client) -> None:
    lines = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    start = head(public, "GET /api/status", *lines, key) + "\r\n"
    with connect(public, start) as connection:
        assert status(connection.recv(65536)) == 401


def test_tokens_differ_and_are_long() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[\w-]{32}", token) for token in tokens)
    assert "secret-token" not in repr(PUBLIC)


def test_the_parts_of_a_host_header() -> None:
    for text, name, port in (
        ("A.Example.:80", "a.example", "80"),
        ("[FE80::0001]", "fe80::1", None),
        ("[::ffff:10.0.0.1]:1", "10.0.0.1", "1"),
    ):
        found = parse_authority(text)
        assert found is not None
        assert (found.name, found.port) == (name, port)


def test_the_page_takes_the_token_out_of_its_address(browser: Any, public: httpx.Client) -> None:
    context = browser.new_context()
    page = context.new_page()
    for place in ("", "docs"):
        page.goto(f"{public.base_url}/{place}?token=secret-token#compare".replace("//?", "/?"))
        expect(page).to_have_url(re.compile(r"^[^?]*#compare"))
    page.goto(f"{public.base_url}#compare")
    expect(page.get_by_role("tab").first).to_be_visible()
    (cookie,) = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    context.close()
    stranger = browser.new_context()
    page = stranger.new_page()
    page.goto(str(public.base_url))
    expect(page.get_by_text("this server needs its token")).to_be_visible()
    stranger.close()
