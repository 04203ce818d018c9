"""The server's own parts, without its models; and how it is started."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from PIL import Image

from handsum.errors import HandsumError
from handsum.web import limits, uploads, work
from handsum.web.app import create_app
from handsum.web.loading import Loading


@contextmanager
def client(steps: dict[str, Callable[[], object]]) -> Iterator[httpx.Client]:
    """A client of a server in this process that loads `steps` in the place of models."""
    app = create_app(loading=Loading(steps))
    own = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on"))
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        thread = threading.Thread(target=own.run, kwargs={"sockets": [place]}, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{place.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, timeout=30) as web:
                yield web
        finally:
            own.should_exit = True
            thread.join(20)


def test_what_cannot_be_loaded_is_told_and_the_rest_works() -> None:
    def broken() -> None:
        raise HandsumError("the weights are damaged")

    with client({"cnn": broken, "other": lambda: None}) as web:
        answer = web.get("/api/number", params={"text": "1"})
        assert answer.status_code == 503
        assert answer.json()["detail"] == "cnn could not be loaded: the weights are damaged"
        assert answer.headers["retry-after"]
        told = web.get("/api/status").json()
        assert told["failed"] == {"cnn": "the weights are damaged"}
        assert web.get("/api/models").status_code == 200


def test_requests_wait_for_their_models_and_the_state_is_told() -> None:
    go_on = threading.Event()
    with client({"cnn": lambda: go_on.wait(10), "r3gan": lambda: None}) as web:
        told = web.get("/api/status").json()
        assert (told["state"], told["done"], told["doing"]) == ("loading", 0, "cnn")
        answers: list[int] = []
        asked = {"total": 99, "length": 2}
        waiting = threading.Thread(
            target=lambda: answers.append(web.get("/api/sum-sequence", params=asked).status_code)
        )
        waiting.start()
        waiting.join(0.3)
        assert answers == []
        go_on.set()
        waiting.join(10)
        assert answers == [422]
        text = web.get("/api/status", headers={"Accept": "text/event-stream"}).text
        assert '"state": "ready"' in text.split("\n\n")[-2]


def test_a_fault_is_told_without_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("handsum.pretrained.zoo.list_models", fail)
    with client({}) as web:
        answer = web.get("/api/models")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in answer.headers
    assert "secret" not in answer.text


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr("handsum.pretrained.zoo.list_models", fail)
    with client({}) as web:
        answer = web.get("/api/models")
    assert answer.status_code == 503
    assert "ask for less" in answer.json()["detail"]


def test_too_many_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST_WAITING", -work.THREADS)
    with client({}) as web:
        answer = web.get("/api/models")
    assert answer.status_code == 503
    assert "try again" in answer.json()["detail"]


def test_who_leaves_while_sending_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    with client({}) as web:
        place = (web.base_url.host, web.base_url.port)
        with socket.create_connection(place) as leaving:
            head = f"Host: 127.0.0.1:{place[1]}\r\nContent-Length: 1000\r\n\r\n"
            leaving.sendall(f"POST /api/predict HTTP/1.1\r\n{head}some".encode())
            leaving.shutdown(socket.SHUT_WR)
            leaving.settimeout(10)
            while leaving.recv(65536):
                pass
        assert web.get("/api/status").status_code == 200
    assert caplog.text == ""


def test_a_form_is_told_from_a_picture() -> None:
    with client({}) as web:
        answer = web.post("/api/predict", files={"file": b"a picture"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == "this is a form: send the picture's bytes alone, as the body"


def test_a_picture_is_large_by_its_pixels_too() -> None:
    def png(side: int) -> bytes:
        file = io.BytesIO()
        Image.new("1", (side, side), 1).save(file, "PNG")
        return file.getvalue()

    assert len(png(12_000)) < limits.LARGE_PICTURE_BYTES
    assert uploads.is_large(png(12_000))
    assert uploads.is_large(png(2_100))
    assert not uploads.is_large(png(1_900))
    assert not uploads.is_large(b"no picture")
    assert uploads.is_large(bytes(limits.LARGE_PICTURE_BYTES + 1))


@contextmanager
def start(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "handsum", "web", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        # One that does not stop fails its test, instead of keeping it waiting.
        watch = threading.Timer(180, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_it_is_told_to(how: signal.Signals) -> None:
    with start("--port", "0") as process:
        assert process.stderr is not None
        assert re.search(r"http://127.0.0.1:\d+ ", process.stderr.readline())
        process.send_signal(how)
        rest = process.stderr.read()
        assert process.wait(30) == (0 if how == signal.SIGINT else 128 + signal.SIGTERM)
    assert "Traceback" not in rest


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_at_once_in_the_middle_of_work(how: signal.Signals) -> None:
    with start("--port", "0") as process:
        assert process.stderr is not None
        found = re.search(r"127.0.0.1:(\d+) ", process.stderr.readline())
        assert found
        with socket.create_connection(("127.0.0.1", int(found[1]))) as asking:
            asked = f"GET /api/number?text={'1' * 200} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            asking.sendall(asked.encode())
            # Whether it is loading, compiling or drawing by now: each is work that goes on.
            time.sleep(3)
            process.send_signal(how)
            process.send_signal(how)
            assert process.stderr.read() == ""
        assert process.wait(30) == (0 if how == signal.SIGINT else 128 + signal.SIGTERM)


def test_others_reach_it_only_with_a_warning() -> None:
    with start("--port", "0", "--host", "0.0.0.0") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("warning: 0.0.0.0 lets everybody")
        assert "http://0.0.0.0:" in process.stderr.readline()
        process.terminate()
        process.stderr.read()
        assert process.wait(30) == 128 + signal.SIGTERM


def test_a_port_that_is_taken_is_one_line(run_command: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run_command("web", "--port", other.getsockname()[1])
    assert done.code == 1
    assert "address already in use; --port chooses another" in done.err
    done = run_command("web", "--host", "no.such.host.invalid")
    assert done.code == 2
    assert "there is no host" in done.err


def test_without_the_extra_it_says_what_to_install(
    run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = run_command("web")
    assert done.code == 1
    assert 'pip install "handsum[web]"' in done.err
