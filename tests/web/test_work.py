"""Places, the three queues, and work that stops when its client has left."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from serving import send, serve

from handsum import stopping
from handsum.web import estimates, limits, parameters, work
from handsum.web.parameters import Parameters
from handsum.web.work import Turns

CHEAP, DEAR = "/api/number?text=1", f"/api/number?text={'1' * 200}"
EVENTS = "Accept: text/event-stream\r\n"


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: a browser's test leaves this one with a loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, main).result()


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
    with serve({"cnn": lambda: loaded.wait(20), "r3gan": str, "detector": str}) as web:
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
        monkeypatch.setattr(limits, "LONGEST_PAUSE", 0.0)
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
        (parameters.NumberQuery(text="1" * 40, scale=16, verify=False), True),
        (parameters.NumberQuery(text="1" * 40, height="320", verify=False), True),
        (parameters.NumberQuery(text="1" * 40, height="1in", dpi=320, verify=False), True),
        (parameters.NumberQuery(text="1" * 40, cells=True, scale=16, verify=False), True),
        (parameters.SumQuery(total=9, length=4, count=10, scale=16, verify=False), True),
        (parameters.NumberQuery(text="1" * 40, verify=False), False),
        (parameters.NumberQuery(text="1" * 40, height="80", dpi=10_000, verify=False), False),
        (parameters.NumberQuery(text="1" * 40, height="no height", verify=False), False),
        (parameters.GenerateQuery(count=60), False),
        (parameters.GenerateQuery(), False),
        (parameters.GenerateQuery(rows=40), True),
        (parameters.InterpolateQuery(), False),
        (parameters.InterpolateQuery(steps=61), True),
        (parameters.HandsQuery(count=12), False),
        (parameters.HandsQuery(), True),
        (parameters.HandsQuery(count=494), True),
        (parameters.VisualizeQuery(number=7), False),
    ],
)
def test_a_request_is_dear_by_the_number_and_the_size_of_its_digits(
    query: Parameters, dear: bool
) -> None:
    assert (estimates.cost_of(query) > 1) == dear


def test_small_pictures_take_turns_and_drawing_requests_never_wait_for_them(
    monkeypatch: pytest.MonkeyPatch, dear_job: Job
) -> None:
    def read(file: Any, query: Any, progress: Callable[[int, int], None]) -> Any:
        return dear_job(query, progress)

    monkeypatch.setattr("handsum.web.uploads.predict", read)
    with serve() as web, ExitStack() as stack:
        for _ in range(limits.THREADS + 4):
            length = "Content-Length: 0\r\n"
            stack.enter_context(send(web, "/api/predict", "POST", length))
        wait_until(lambda: dear_job.steps > 0)
        assert [web.get(CHEAP).text for _ in range(3)] == ["cheap"] * 3
        assert dear_job.starts == limits.UPLOADS_AT_ONCE


def test_the_cheapest_is_next_but_a_dearer_one_does_not_wait_for_ever() -> None:
    order: list[str] = []

    async def wait(turns: Turns, name: str, patience: float) -> None:
        await turns.acquire(patience)
        order.append(name)
        turns.release()

    async def main() -> None:
        turns = Turns(1)
        await turns.acquire()
        waiting = []
        for name, patience in [("dear", 3.0), ("old", 0.05), ("left", 0.0), ("cheap", 0.0)]:
            waiting.append(asyncio.ensure_future(wait(turns, name, patience)))
            await asyncio.sleep(0)
        waiting[2].cancel()
        await asyncio.sleep(0.1)
        waiting.append(asyncio.ensure_future(wait(turns, "late", 0.0)))
        await asyncio.sleep(0)
        turns.release()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert turns.taken == 0

    run(main())
    assert order == ["cheap", "old", "late", "dear"]


def test_a_turn_that_comes_as_its_client_leaves_goes_to_the_next() -> None:
    async def main() -> None:
        turns = Turns(1)
        await turns.acquire()
        first = asyncio.ensure_future(turns.acquire())
        second = asyncio.ensure_future(turns.acquire())
        await asyncio.sleep(0)
        turns.release()
        first.cancel()
        await asyncio.wait_for(second, 5)
        assert first.cancelled()
        turns.release()
        assert turns.taken == 0

    run(main())


def test_a_dear_job_pauses_while_a_cheap_one_is_at_work() -> None:
    def busy() -> float:
        """The share of the time that a job has the processor."""
        began, used = time.monotonic(), time.thread_time()
        while time.monotonic() < began + 0.5:
            end = time.thread_time() + 0.01
            while time.thread_time() < end:
                pass
            stopping.check()
        return (time.thread_time() - used) / (time.monotonic() - began)

    async def main() -> None:
        own = work.Work()
        go_on = threading.Event()
        try:
            cheap = asyncio.ensure_future(own.run(lambda: go_on.wait(20)))
            await asyncio.sleep(0.05)
            assert await own.run(busy, cost=2.0) < 0.6
            go_on.set()
            await cheap
        finally:
            go_on.set()
            own.close()

    run(main())


def test_without_a_client_nothing_is_checked() -> None:
    stopping.check()
    with pytest.raises(work.GoneError), stopping.checked_by(_gone):
        stopping.check()
    stopping.check()


def _gone() -> None:
    raise work.GoneError
