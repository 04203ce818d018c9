"""Clients that send or read slowly, or never finish: they keep nobody out and fill no memory."""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from serving import connect, head, received, serve, status

from handsum.web import limits
from handsum.web.intake.connections import most_connections

MIB = 1024 * 1024
LOADED: dict[str, Callable[[], object]] = {"cnn": str, "detector": str}


def upload(web: httpx.Client, length: int, body: bytes = b"") -> socket.socket:
    """A connection with a part of an upload."""
    start = head(web, "POST /api/predict", f"Content-Length: {length}") + "\r\n"
    return connect(web, start.encode() + body)


def problem(answer: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def headers_of(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[0].decode().lower()


def dribble(connection: socket.socket, part: bytes, stop: threading.Event) -> None:
    try:
        while not stop.wait(0.05):
            connection.sendall(part)
    except OSError:
        pass


@pytest.mark.parametrize("first", ["", "GET /api/status", "GET /api/status HTTP/1.1\r\nX-1: 1"])
@pytest.mark.parametrize("slowly", [False, True])
def test_headers_must_arrive_in_time(
    monkeypatch: pytest.MonkeyPatch, first: str, slowly: bool
) -> None:
    monkeypatch.setattr(limits, "HEADERS_SECONDS", 0.5)
    stop = threading.Event()
    with serve({}) as web, connect(web, first) as connection:
        thread = threading.Thread(target=dribble, args=(connection, b"x", stop))
        if slowly:
            thread.start()
        began = time.monotonic()
        answer = received(connection)
        assert 0.3 < time.monotonic() - began < 5
        stop.set()
        if first or slowly:
            assert status(answer) == 408
            assert "connection: close" in headers_of(answer)
            assert "application/problem+json" in headers_of(answer)
            assert problem(answer)["detail"] == "the headers did not arrive in time: try again"
        else:
            assert answer == b""
        if slowly:
            thread.join(5)
        assert web.get("/api/status").status_code == 200


def one_answer(connection: socket.socket) -> bytes:
    """The next answer of a connection that stays open; it may come in several pieces."""
    answer, length = b"", None
    while length is None or len(answer.partition(b"\r\n\r\n")[2]) < length:
        piece = connection.recv(1)
        assert piece, answer
        answer += piece
        if answer.endswith(b"\r\n\r\n"):
            found = re.search(rb"content-length: ([0-9]+)", answer.lower())
            length = int(found[1]) if found else 0
    return answer


def test_the_second_request_of_a_connection_must_arrive_in_time_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "HEADERS_SECONDS", 0.5)
    with serve({}) as web:
        whole = head(web, "GET /api/status") + "\r\n"
        with connect(web, whole) as connection:
            assert status(one_answer(connection)) == 200
            connection.sendall(whole.encode())
            assert status(one_answer(connection)) == 200
            connection.sendall(whole[:20].encode())
            assert status(received(connection)) == 408


def test_connections_without_a_request_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CONNECTIONS", 10)
    with serve({}) as web, ExitStack() as stack:
        slow = [
            stack.enter_context(connect(web, start))
            for start in ["GET / HTTP/1.1\r\nX: 1", ""] * 20
        ]
        for _ in range(5):
            assert httpx.get(f"{web.base_url}/api/status").status_code == 200
        answers = [received(one) for one in slow[:25]]
        assert [status(one) for one in answers] == [503, None] * 12 + [503]
        assert "too many connections" in str(problem(answers[0])["detail"])
        assert "retry-after: 2" in headers_of(answers[0])


def test_connections_with_a_request_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_CONNECTIONS", 4)
    go_on = threading.Event()
    with serve({"detector": lambda: go_on.wait(20)}) as web, ExitStack() as stack:
        start = head(web, "GET /api/status", "Accept: text/event-stream") + "\r\n"
        streams = [stack.enter_context(connect(web, start)) for _ in range(4)]
        for stream in streams:
            assert status(stream.recv(65536)) == 200
        with connect(web) as refused:
            answer = received(refused)
            assert status(answer) == 503
            assert "try again" in str(problem(answer)["detail"])
        go_on.set()
        assert all(b'"state": "ready"' in received(stream) for stream in streams[:1])


def test_there_are_fewer_connections_than_files_may_be_open() -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no limit on open files")
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        for files, most in ((256, 64), (1024, limits.MOST_CONNECTIONS)):
            if hard >= files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
                assert most_connections() == most
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("body", [b"", b"x" * 99, b"x" * 3 * MIB], ids=len)
@pytest.mark.parametrize("slowly", [False, True])
def test_a_body_must_arrive_in_time(
    monkeypatch: pytest.MonkeyPatch, body: bytes, slowly: bool
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.5)
    monkeypatch.setattr(limits, "UNREAD_SECONDS", 0.5)
    stop = threading.Event()
    with serve(LOADED) as web, upload(web, 4 * MIB, body) as connection:
        thread = threading.Thread(target=dribble, args=(connection, b"x", stop))
        if slowly:
            thread.start()
        answer = received(connection)
        stop.set()
        assert status(answer) == 408
        assert "arrive in time: try again" in str(problem(answer)["detail"])
        assert "connection: close" in headers_of(answer)
        if slowly:
            thread.join(5)


def test_a_body_in_small_parts_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STEP_BYTES", 100)
    with serve(LOADED) as web:
        parts = (b"x" * 50 for _ in range(2000))
        answer = web.post("/api/predict", content=parts)
        assert answer.status_code == 422
        assert "not a picture" in answer.json()["detail"]


@pytest.mark.parametrize("size", [1, 50_000, MIB, MIB + 1, 5 * MIB])
@pytest.mark.parametrize("chunked", [False, True])
def test_every_byte_of_a_body_arrives(
    monkeypatch: pytest.MonkeyPatch, size: int, chunked: bool
) -> None:
    found: list[bytes] = []

    def read(file: object, query: object, progress: object) -> None:
        file.seek(0)  # type: ignore[attr-defined]
        found.append(file.read())  # type: ignore[attr-defined]
        raise MemoryError

    monkeypatch.setattr("handsum.web.uploads.predict", read)
    body = bytes(number % 251 for number in range(size))
    with serve(LOADED) as web:
        content = iter([body[: size // 3], body[size // 3 :]]) if chunked else body
        assert web.post("/api/predict", content=content).status_code == 503
    assert found[-1] == body


SMALL, LARGE = b"no picture", b"x" * 2 * MIB


@pytest.mark.parametrize(
    ("length", "sent", "other"),
    [(5000, b"x", SMALL), (5 * MIB, LARGE, LARGE), (5 * MIB, b"x", LARGE)],
    ids=["small", "large", "large without a part"],
)
def test_stalled_uploads_give_way(
    monkeypatch: pytest.MonkeyPatch, length: int, sent: bytes, other: bytes
) -> None:
    monkeypatch.setattr(limits, "MOST_ARRIVING", 3)
    monkeypatch.setattr(limits, "STALLED_SECONDS", 1.5)
    with serve(LOADED) as web, ExitStack() as stack:
        stalled = [stack.enter_context(upload(web, length, sent)) for _ in range(3)]
        time.sleep(0.3)
        full = web.post("/api/predict", content=other)
        assert full.status_code == 503
        assert full.headers["retry-after"]
        assert "too many pictures are on their way" in full.json()["detail"]
        # Drawings and photos do not take each other's places.
        free = LARGE if other == SMALL else SMALL
        assert web.post("/api/predict", content=free).status_code == 422
        time.sleep(2)
        for _ in range(2):
            assert web.post("/api/predict", content=other).status_code == 422
        # The answer comes before the rest of the body. Whose it is depends on which of them the
        # server read last; sent at once, that can be any.
        answered = select.select(stalled, [], [], 20)[0]
        assert answered
        assert all(status(one.recv(65536)) == 408 for one in answered)


def test_an_upload_with_progress_does_not_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_ARRIVING", 1)
    monkeypatch.setattr(limits, "STALLED_SECONDS", 1.0)
    stop = threading.Event()
    with serve(LOADED) as web, upload(web, 20 * MIB, LARGE) as connection:
        thread = threading.Thread(target=dribble, args=(connection, b"x" * 20_000, stop))
        thread.start()
        time.sleep(0.2)
        for _ in range(10):
            assert web.post("/api/predict", content=LARGE).status_code == 503
            time.sleep(0.15)
        stop.set()
        thread.join(5)


@pytest.mark.parametrize("length", [MIB, 5 * MIB])
def test_the_slowest_upload_gives_way_although_it_makes_progress(
    monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    monkeypatch.setattr(limits, "MOST_ARRIVING", 2)
    monkeypatch.setattr(limits, "STALLED_SECONDS", 0.5)
    monkeypatch.setattr(limits, "STEP_BYTES", 400)
    stop = threading.Event()
    with serve(LOADED) as web, ExitStack() as stack:
        slow, slower = (stack.enter_context(upload(web, length, b"x" * 500)) for _ in range(2))
        threads = [
            threading.Thread(target=dribble, args=(slow, b"x" * 900, stop)),
            threading.Thread(target=dribble, args=(slower, b"x" * 500, stop)),
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.8)
        body = SMALL if length == MIB else LARGE
        assert web.post("/api/predict", content=body).status_code == 422
        assert status(slower.recv(65536)) == 408
        assert web.get("/api/status").status_code == 200
        stop.set()
        for thread in threads:
            thread.join(5)


def test_bytes_in_files_are_limited_and_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES_IN_FILES", 10 * MIB)
    monkeypatch.setattr(limits, "STALLED_SECONDS", 60)
    with serve(LOADED) as web:
        for _ in range(3):
            with ExitStack() as stack:
                for _ in range(3):
                    stack.enter_context(upload(web, 4 * MIB, b"x" * 3 * MIB))
                time.sleep(0.3)
                full = web.post("/api/predict", content=b"x" * 3 * MIB)
                assert full.status_code == 503
                assert "too many large pictures" in full.json()["detail"]
                # A drawing is small enough for memory.
                assert web.post("/api/predict", content=b"x" * 9000).status_code == 422
            time.sleep(0.3)
            assert web.post("/api/predict", content=b"x" * 9 * MIB).status_code == 422


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("POST /api/predict?unknown=1", 422),
        ("POST /api/nothing", 404),
        ("POST /api/models", 405),
        ("GET /api/status", 200),
        ("GET /static/js/app.js", 200),
    ],
)
def test_an_answer_that_does_not_need_the_body_reaches_a_slow_client(
    monkeypatch: pytest.MonkeyPatch, first: str, expected: int
) -> None:
    monkeypatch.setattr(limits, "UNREAD_SECONDS", 1.0)
    with serve({}) as web:
        for length in ("Content-Length: 3000000", "Transfer-Encoding: chunked"):
            start = head(web, first, length) + "\r\n"
            with connect(web, start) as connection:
                answer = connection.recv(65536)
                assert status(answer) == expected
                assert "connection: close" in headers_of(answer)
                began = time.monotonic()
                received(connection)
                assert time.monotonic() - began < 5


@pytest.mark.parametrize("length", ["Content-Length: 41943040", "Transfer-Encoding: chunked"])
def test_whoever_sends_too_much_gets_the_answer(length: str) -> None:
    with serve(LOADED) as web:
        for _ in range(5):
            start = head(web, "POST /api/predict", length) + "\r\n"
            with connect(web, start) as connection:
                part = bytes(MIB)
                for _ in range(40):
                    if "chunked" in length:
                        connection.sendall(b"%x\r\n%b\r\n" % (MIB, part))
                    else:
                        connection.sendall(part)
                if "chunked" in length:
                    connection.sendall(b"0\r\n\r\n")
                answer = received(connection)
                assert status(answer) == 413
                assert "20 MiB" in str(problem(answer)["detail"])


def test_a_client_that_does_not_read_its_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(limits, "HEADERS_SECONDS", 0.5)
    monkeypatch.setattr(limits, "MOST_CONNECTIONS", 1)
    with serve({}) as web:
        many = (head(web, "GET /static/fonts/inter.woff2") + "\r\n") * 200
        with connect(web, many):
            # The only connection is free again, so a new one is answered.
            end = time.monotonic() + 20
            answered = 0
            while answered != 200 and time.monotonic() < end:
                time.sleep(0.3)
                try:
                    answered = httpx.get(f"{web.base_url}/api/status").status_code
                except httpx.TransportError:
                    answered = 0
            assert answered == 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_unfinished_uploads_take_little_memory() -> None:
    def memory() -> float:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found
        return int(found[1]) / 1024

    with serve(LOADED) as web, ExitStack() as stack:
        web.get("/api/status")
        before = memory()
        part = bytes(MIB)
        for _ in range(25):
            connection = stack.enter_context(upload(web, 20 * MIB))
            for _ in range(19):
                connection.sendall(part)
        time.sleep(0.5)
        # 475 MiB have been sent, which is less than the limit for files.
        grown = memory() - before
        assert grown < 200
