"""Which of several hosts this process is, as schedulers of clusters tell their processes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from handsum.errors import UsageError, shorten


def choose_hosts(
    hosts: int | None, host: int | None, environment: Mapping[str, str] = os.environ
) -> tuple[int, int]:
    """The number of hosts and the number of this one, from 0.

    What is not given is what the environment says: of a SLURM array and of a SLURM step, both; of
    an array of PBS and an indexed job of Kubernetes, the number of this host alone.

    Raises:
        UsageError: the environment says which host this is, and nobody how many there are.
    """
    if hosts is not None and host is not None:
        return hosts, host
    count, index = _of_slurm(environment) or (None, _index(environment))
    if hosts is None:
        if count is None and index is not None and host is None:
            raise UsageError(
                "this is one of several jobs: give the number of all as `hosts`, or `host` 0 of "
                "1 `hosts` to write everything here"
            )
        hosts = count or 1
    if host is None:
        host = index if index is not None and hosts > 1 else 0
    return hosts, host


def _of_slurm(environment: Mapping[str, str]) -> tuple[int, int] | None:
    """How many processes a SLURM array and its steps have, and which of them this is."""
    jobs, tasks = _array(environment), _step(environment)
    if jobs is None and tasks is None:
        return None
    (job_count, job), (task_count, task) = jobs or (1, 0), tasks or (1, 0)
    return job_count * task_count, job * task_count + task


def _array(environment: Mapping[str, str]) -> tuple[int, int] | None:
    index = _number(environment, "SLURM_ARRAY_TASK_ID")
    count = _number(environment, "SLURM_ARRAY_TASK_COUNT")
    if index is None or count is None:
        return None
    first = _number(environment, "SLURM_ARRAY_TASK_MIN") or 0
    step = _number(environment, "SLURM_ARRAY_TASK_STEP") or 1
    last = _number(environment, "SLURM_ARRAY_TASK_MAX")
    place, rest = divmod(index - first, step)
    with_gaps = last is not None and (last - first) // step + 1 != count
    if rest or with_gaps or not 0 <= place < count:
        raise UsageError(
            "the numbers of this SLURM array have gaps: give `hosts` and `host`, or use an array "
            "such as 0-7"
        )
    return count, place


def _step(environment: Mapping[str, str]) -> tuple[int, int] | None:
    # A batch script has a SLURM_PROCID too, but is no step of several tasks.
    count = _number(environment, "SLURM_STEP_NUM_TASKS")
    place = _number(environment, "SLURM_PROCID")
    return None if count is None or place is None else (count, place)


def _index(environment: Mapping[str, str]) -> int | None:
    """The number of this process in an array of PBS, or in an indexed job of Kubernetes."""
    for name in ("PBS_ARRAY_INDEX", "PBS_ARRAYID", "JOB_COMPLETION_INDEX"):
        if (index := _number(environment, name)) is not None:
            return index
    return None


def _number(environment: Mapping[str, str], name: str) -> int | None:
    value = environment.get(name, "")
    if not value:
        return None
    if not re.fullmatch("[0-9]{1,9}", value):
        shown = shorten(repr(value), 40)
        raise UsageError(f"{name} is {shown}, which is no number: give `hosts` and `host`")
    return int(value)
