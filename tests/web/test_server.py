"""The parts of the server without the models; its start and its stop."""

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
import numpy as np
import pytest
from PIL import Image
from serving import serve

from handsum.data.signs.views import WINDOWS, views_of
from handsum.errors import HandsumError, UsageError
from handsum.installation import install_command
from handsum.web import estimates, limits, problems, work
from handsum.web.catalogue import FINDER
from handsum.web.loading import loading_steps


def test_a_model_that_fails_to_load_is_reported_and_the_rest_works() -> None:
    def broken() -> None:
        raise HandsumError("the weights are damaged")

    with serve({"cnn": broken, "other": lambda: None}) as web:
        answer = web.get("/api/number", params={"text": "1"})
        assert answer.status_code == 503
        assert answer.json()["detail"] == "cnn could not be loaded: the weights are damaged"
        assert answer.headers["retry-after"]
        status = web.get("/api/status").json()
        assert status["failed"] == {"cnn": "the weights are damaged"}
        assert web.get("/api/models").status_code == 200


def test_windows_of_all_sizes_are_loaded_with_the_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[tuple[int, ...]] = set()

    class Detector:
        def find(self, pictures: list[np.ndarray]) -> list[None]:
            for picture in pictures:
                seen.update(view.pixels.shape for view in views_of(0, picture))
            return [None] * len(pictures)

    monkeypatch.setattr("handsum.pretrained.load.load_detector", lambda name: Detector())
    loading_steps()[FINDER]()
    assert seen == {window[:2] for window in WINDOWS}


def test_requests_wait_for_their_models_and_the_status_shows_the_progress() -> None:
    go_on = threading.Event()
    with serve({"cnn": lambda: go_on.wait(10), "r3gan": str, "detector": str}) as web:
        status = web.get("/api/status").json()
        assert (status["state"], status["done"], status["total"]) == ("loading", 0, 3)
        assert status["doing"] == "cnn"
        answers: list[int] = []
        query = {"total": 99, "length": 2}
        waiting = threading.Thread(
            target=lambda: answers.append(web.get("/api/sum-sequence", params=query).status_code)
        )
        waiting.start()
        waiting.join(0.3)
        assert answers == []
        go_on.set()
        waiting.join(10)
        assert answers == [422]
        text = web.get("/api/status", headers={"Accept": "text/event-stream"}).text
        assert '"state": "ready"' in text.split("\n\n")[-2]


def test_a_fault_is_answered_without_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("handsum.pretrained.zoo.list_models", fail)
    with serve({}) as web:
        answer = web.get("/api/models")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "content-security-policy" in answer.headers
    assert "secret" not in answer.text


def test_too_little_memory_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr("handsum.pretrained.zoo.list_models", fail)
    with serve({}) as web:
        answer = web.get("/api/models")
    assert answer.status_code == 503
    assert "ask for less" in answer.json()["detail"]


def test_too_many_requests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_REQUESTS", 0)
    with serve({}) as web:
        answer = web.get("/api/models")
    assert answer.status_code == 503
    assert "try again" in answer.json()["detail"]


def test_a_client_may_leave_during_an_upload(caplog: pytest.LogCaptureFixture) -> None:
    with serve({}) as web:
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


def test_a_form_is_refused() -> None:
    with serve({}) as web:
        answer = web.post("/api/predict", files={"file": b"a picture"})
    assert answer.status_code == 422
    detail = "this is a form: send only the bytes of the picture, as the body"
    assert answer.json()["detail"] == detail


def test_a_silent_stream_sends_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow() -> list[Any]:
        time.sleep(1)
        return []

    monkeypatch.setattr(work, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr("handsum.pretrained.zoo.list_models", slow)
    with serve({}) as web:
        text = web.get("/api/models", headers={"Accept": "text/event-stream"}).text
    *comments, result, rest = text.split("\n\n")
    assert len(comments) > 3
    assert set(comments) == {": still at work"}
    assert result == 'event: result\ndata: {"models": []}'
    assert rest == ""


def test_a_job_stops_when_its_client_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = threading.Event()

    def endless(query: Any, progress: Callable[[int, int], None]) -> Any:
        try:
            for step in range(1000):
                progress(step, 1000)
                time.sleep(0.02)
        except work.GoneError:
            stopped.set()
            raise

    monkeypatch.setattr("handsum.web.jobs.write_number", endless)
    with serve({"cnn": str, "r3gan": str, "detector": str}) as web:
        query = {"params": {"text": "1"}, "headers": {"Accept": "text/event-stream"}}
        with web.stream("GET", "/api/number", **query) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: progress"
            assert next(lines) == 'data: {"done": 0, "total": 1000}'
        assert stopped.wait(10)
        assert web.get("/api/status").status_code == 200


def invalid_values(schema: dict[str, Any]) -> list[str]:
    """Values of every sort that a parameter with this schema refuses."""
    (one,) = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    if "enum" in one or "const" in one:
        return ["", "nothing"]
    values = {"integer": ["x", "", "1.5", "nan"], "number": ["x", "", "nan"], "boolean": ["x", ""]}
    found = values.get(one["type"], [])
    if one["type"] == "number":
        found = [*found, "inf"]
    if one["type"] == "integer":
        found = [*found, "9" * 5000]
    found += [str(one["minimum"] - 1)] if "minimum" in one else []
    found += [str(one["maximum"] + 1)] if "maximum" in one else []
    found += [str(one["exclusiveMaximum"])] if "exclusiveMaximum" in one else []
    found += [""] if one.get("minLength") else []
    found += ["7" * (one["maxLength"] + 1)] if "maxLength" in one else []
    found += ["x"] if "pattern" in one else []
    assert found, schema
    return found


def test_every_invalid_parameter_is_explained_in_plain_words() -> None:
    validator = re.compile(r"Input|String|Field|[Vv]alid|parse|unable|should|Value error|permitted")
    known = re.compile(
        r"required|must not be empty|use .+|no such parameter, see /docs|"
        r"rows times columns is at most 400 digits"
    )
    with serve({}) as web:
        paths = web.get("/openapi.json").json()["paths"]
        checked = 0
        for path, methods in paths.items():
            for method, operation in methods.items():
                cases = [("nothing", "1")]
                for one in operation.get("parameters", []):
                    cases += [(one["name"], value) for value in invalid_values(one["schema"])]
                for name, value in cases:
                    answer = web.request(method, path, params={name: value})
                    assert answer.status_code == 422, (path, name, value)
                    messages = {one["parameter"]: one["message"] for one in answer.json()["errors"]}
                    assert known.fullmatch(messages[name]), (path, name, value, messages)
                    assert not validator.search(answer.json()["detail"]), (path, name, value)
                    checked += 1
        assert checked > 200


def test_a_required_parameter_and_a_grid_are_explained() -> None:
    with serve({}) as web:
        missing = web.get("/api/number").json()
        assert missing["detail"] == "text: required"
        assert missing["errors"] == [{"parameter": "text", "message": "required"}]
        large = web.get("/api/generate", params={"rows": 400}).json()
        assert large["detail"] == "request: rows times columns is at most 400 digits"


def test_a_message_names_arguments_as_the_page_does() -> None:
    found = problems.problem_of(UsageError("choose another `writer` or a smaller `batch_size`"))
    assert found.detail == "choose another hand or a smaller batch size"


def test_a_picture_is_dear_by_its_bytes_or_its_pixels() -> None:
    def png(side: int) -> io.BytesIO:
        file = io.BytesIO()
        Image.new("1", (side, side), 1).save(file, "PNG")
        return file

    assert len(png(12_000).getvalue()) < limits.DEAR_PICTURE_BYTES
    assert estimates.cost_of_picture(png(12_000)) > 1
    assert estimates.cost_of_picture(png(1_300)) > 1
    assert estimates.cost_of_picture(png(1_200)) <= 1
    assert estimates.cost_of_picture(io.BytesIO(b"no picture")) <= 1
    assert estimates.cost_of_picture(io.BytesIO(bytes(limits.DEAR_PICTURE_BYTES + 1))) > 1


@contextmanager
def start(*options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "handsum", "web", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as process:
        # A server that does not stop fails its test instead of blocking it.
        watch = threading.Timer(180, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it(how: signal.Signals) -> None:
    with start("--port", "0") as process:
        assert process.stderr is not None
        assert re.search(r"http://127.0.0.1:\d+ ", process.stderr.readline())
        process.send_signal(how)
        rest = process.stderr.read()
        assert process.wait(30) == (0 if how == signal.SIGINT else 128 + signal.SIGTERM)
    assert "Traceback" not in rest


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_two_signals_stop_it_at_once_during_work(how: signal.Signals) -> None:
    with start("--port", "0") as process:
        assert process.stderr is not None
        found = re.search(r"127.0.0.1:(\d+) ", process.stderr.readline())
        assert found
        with socket.create_connection(("127.0.0.1", int(found[1]))) as asking:
            query = f"GET /api/number?text={'1' * 200} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            asking.sendall(query.encode())
            # By now it is loading, compiling or drawing: all of it is work.
            time.sleep(3)
            process.send_signal(how)
            process.send_signal(how)
            assert process.stderr.read() == ""
        assert process.wait(30) == (0 if how == signal.SIGINT else 128 + signal.SIGTERM)


def test_a_public_address_prints_a_warning() -> None:
    with start("--port", "0", "--host", "0.0.0.0") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("warning: others in the network can use")
        while not (line := process.stderr.readline()).startswith("handsum web: "):
            assert re.fullmatch(r"in the network: http://[\d.]+:\d+/\?token=\S{32}\n", line)
        found = re.search(r"(http://127.0.0.1:\d+/)(\?token=\S{32})  ", line)
        assert found
        assert httpx.get(found[1]).status_code == 401
        assert httpx.get(found[1] + found[2]).status_code == 200
        headers = {"Host": "evil.example"}
        assert httpx.get(found[1] + found[2], headers=headers).status_code == 403
        process.terminate()
        process.stderr.read()
        assert process.wait(30) == 128 + signal.SIGTERM


@pytest.mark.parametrize("host", ["localhost.", "LOCALHOST.", "127.0.0.1."])
def test_a_host_may_end_with_a_dot(host: str) -> None:
    with start("--port", "0", "--host", host) as process:
        assert process.stderr is not None
        found = re.search(r"handsum web: (http://\S+)", process.stderr.readline())
        assert found
        assert httpx.get(found[1], headers={"Host": host}).status_code == 200
        process.terminate()
        process.stderr.read()
        assert process.wait(30) == 128 + signal.SIGTERM


def test_a_port_in_use_is_a_one_line_error(run_command: Any) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = run_command("web", "--port", other.getsockname()[1])
    assert done.code == 1
    assert "address already in use; choose another --port" in done.err
    for host in ("no.such.host.invalid", "no.such.host.invalid.", "."):
        done = run_command("web", "--host", host)
        assert done.code == 2
        assert f"no host {host!r}" in done.err


def test_without_the_extra_the_error_names_it(
    run_command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = run_command("web")
    assert done.code == 1
    assert f"run {install_command('handsum[web]')}" in done.err
