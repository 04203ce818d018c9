"""Places, the two queues, and work that stops when its client has left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from serving import send, serve

from handsum import stopping
from handsum.web import limits, parameters, work
from handsum.web.parameters import Parameters

CHEAP, DEAR = "/api/number?text=1", f"/api/number?text={'1' * 200}"
EVENTS = "Accept: text/event-stream\r\n"


@dataclass
class Job:
    """A job that goes on until `go_on` is set; `starts` and `steps` count its work."""

    go_on: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    starts: int = 0
    steps: int = 0

    def __call__(self, query: Any, progress: Callable[[int, int], None]) -> Any:
        from starlette.responses import Response

        self.starts += 1
        try:
            while not self.go_on.wait(0.002):
                stopping.check()
                self.steps += 1
        finally:
            self.ended.set()
        return Response("done")


@pytest.fixture
def dear_job(monkeypatch: pytest.MonkeyPatch) -> Iterator[Job]:
    """The job of every long number; short ones are answered at once."""
    from starlette.responses import Response

    job = Job()

    def write(query: Any, progress: Callable[[int, int], None]) -> Any:
        return job(query, progress) if len(query.text) > 1 else Response("cheap")

    monkeypatch.setattr("handsum.web.jobs.write_number", write)
    yield job
    job.go_on.set()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("headers", ["", EVENTS])
def test_work_stops_when_its_client_has_left(dear_job: Job, headers: str) -> None:
    with serve() as web:
        with send(web, DEAR, headers=headers):
            wait_until(lambda: dear_job.steps > 0)
        assert dear_job.ended.wait(20)
        steps = dear_job.steps
        # The next one gets the turn, and nothing of the first goes on.
        dear_job.go_on.set()
        assert web.get(DEAR).text == "done"
        assert dear_job.steps == steps


def test_a_client_that_leaves_the_queue_is_never_worked_for(dear_job: Job) -> None:
    with serve() as web:
        with send(web, DEAR):
            wait_until(lambda: dear_job.steps > 0)
            for headers in ("", EVENTS) * 4:
                send(web, DEAR, headers=headers).close()
            # An answer shows that the server has seen the closed connections, too.
            assert web.get(CHEAP).text == "cheap"
        assert dear_job.ended.wait(20)
        dear_job.go_on.set()
        assert web.get(DEAR).text == "done"
    assert dear_job.starts == 2


def test_a_client_may_leave_while_the_models_load(dear_job: Job) -> None:
    loaded = threading.Event()
    with serve({"cnn": lambda: loaded.wait(20), "r3gan": lambda: None}) as web:
        for _ in range(3):
            send(web, DEAR).close()
        assert web.get("/api/status").json()["state"] == "loading"
        loaded.set()
        dear_job.go_on.set()
        assert web.get(DEAR).text == "done"
    assert dear_job.starts == 1


def test_cheap_requests_do_not_wait_for_dear_ones(dear_job: Job) -> None:
    with serve() as web:
        waiting = [send(web, DEAR) for _ in range(limits.THREADS + 4)]
        wait_until(lambda: dear_job.steps > 0)
        assert [web.get(CHEAP).text for _ in range(3)] == ["cheap"] * 3
        assert dear_job.starts == limits.DEAR_AT_ONCE
        for connection in waiting:
            connection.close()


def test_a_job_that_turns_out_to_be_dear_starts_again_in_the_other_queue(
    monkeypatch: pytest.MonkeyPatch, dear_job: Job
) -> None:
    monkeypatch.setattr(limits, "CHEAP_SECONDS", 0.05)
    monkeypatch.setattr(limits, "CHEAP_DIGITS", 10_000)

    def busy(query: Any, progress: Callable[[int, int], None]) -> Any:
        if len(query.text) > 1:
            # Processor time, which waiting does not use.
            sum(range(30_000))
        return dear_job_write(query, progress)

    from handsum.web import jobs

    dear_job_write = jobs.write_number
    monkeypatch.setattr(jobs, "write_number", busy)
    monkeypatch.setattr(dear_job, "go_on", _Busy())
    with serve() as web:
        waiting = [send(web, DEAR) for _ in range(limits.THREADS)]
        # All of them leave the queue of the cheap ones, and one at a time works on.
        wait_until(lambda: dear_job.starts == limits.THREADS + limits.DEAR_AT_ONCE)
        assert web.get(CHEAP).text == "cheap"
        dear_job.go_on.set()
        for connection in waiting:
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            connection.close()


class _Busy(threading.Event):
    """An event that is waited for by computing."""

    def wait(self, timeout: float | None = None) -> bool:
        sum(range(20_000))
        return super().is_set()


def test_work_that_takes_too_long_is_refused(
    monkeypatch: pytest.MonkeyPatch, dear_job: Job
) -> None:
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.05)
    monkeypatch.setattr(dear_job, "go_on", _Busy())
    with serve() as web:
        answer = web.get(DEAR)
        assert answer.status_code == 422
        detail = "this takes the server too long: use a smaller picture, or ask for less"
        assert answer.json()["detail"] == detail
        assert web.get(CHEAP).text == "cheap"


def test_a_request_takes_its_place_before_its_body_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_UPLOADS", 0)
    with (
        serve() as web,
        send(web, "/api/predict", "POST", "Content-Length: 1000\r\n") as connection,
    ):
        assert connection.recv(1000).startswith(b"HTTP/1.1 503")
        assert web.get("/api/models").status_code == 200


def test_places_are_free_again_after_answers_errors_and_clients_that_left(
    monkeypatch: pytest.MonkeyPatch, dear_job: Job
) -> None:
    monkeypatch.setattr(limits, "MOST_REQUESTS", 1)
    with serve() as web:
        for headers in ("", EVENTS):
            steps = dear_job.steps
            with send(web, DEAR, headers=headers):
                wait_until(lambda: dear_job.steps > steps)  # noqa: B023
                assert web.get(CHEAP).status_code == 503
                assert web.get("/api/status").status_code == 200
            wait_until(lambda: web.get(CHEAP).status_code == 200)
        for _ in range(3):
            assert web.get("/api/number").status_code == 422
            assert web.post("/api/predict", content=b"").status_code == 422
        assert web.get(CHEAP).text == "cheap"


@pytest.mark.parametrize(
    ("query", "dear"),
    [
        (parameters.SumQuery(total=23, length=5), False),
        (parameters.SumQuery(total=900, length=200, count=5), True),
        (parameters.SumQuery(total=1800), True),
        (parameters.SumQuery(total=9, length=4, count=24), True),
        (parameters.SumQuery(total=9, length=4, count=24, verify=False), False),
        (parameters.NumberQuery(text="1234567"), False),
        (parameters.NumberQuery(text="1" * 200), True),
        (parameters.GenerateQuery(count=60), False),
        (parameters.GenerateQuery(), False),
        (parameters.GenerateQuery(rows=40), True),
        (parameters.InterpolateQuery(), False),
        (parameters.InterpolateQuery(steps=61), True),
        (parameters.HandsQuery(), False),
        (parameters.HandsQuery(count=494), True),
        (parameters.VisualizeQuery(number=7), False),
    ],
)
def test_a_request_is_dear_by_the_digits_that_it_draws(query: Parameters, dear: bool) -> None:
    assert work.is_dear(query) == dear


def test_without_a_client_nothing_is_checked() -> None:
    stopping.check()
    with pytest.raises(work.GoneError), stopping.checked_by(_gone):
        stopping.check()
    stopping.check()


def _gone() -> None:
    raise work.GoneError
