"""Training on several devices and in several processes, each test in new processes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from orbax.checkpoint import CheckpointManager

from handsum.errors import HandsumError
from handsum.pretrained.snapshots import load_snapshot
from handsum.training import sharding
from handsum.training.checkpoints import Checkpoints
from handsum.training.reports import read_metrics

# Tiny networks: one with batch statistics and random numbers in its loss, one with sequences.
TINY = {
    "cnn": {"widths": (4, 4, 4), "hidden": 8, "non_digits": 8, "non_digit_bank": 20},
    "cnn-lstm": {"widths": (4, 4, 4), "features": 8, "hidden": 8, "longest": 3},
}

COMPARE = """
import json, sys

import jax
import numpy as np
from flax import nnx

from handsum.data.mnist import load
from handsum.models import registry
from handsum.training.runs import configure
from handsum.training.sharding import make_mesh, replicate
from handsum.training.state import begin_state
from handsum.training.state import compile_step, make_step


def losses(model, settings, devices):
    module = registry.module(model)
    config = configure(model, "small", settings | {"batch_size": 16})
    prepared = module.prepare(config, load("train").where(np.arange(300)))
    definitions, state = begin_state(model, config)
    step = make_step(definitions, module.losses(config), config, module.SNAPSHOT_PART)
    mesh = make_mesh(devices, 16)
    advance = compile_step(step, "cpu", mesh)
    rows = prepared.batches.rows(0, 2)
    state, metrics = advance(replicate(state, mesh), replicate(prepared.arrays, mesh), rows)
    places = {leaf.sharding.is_fully_replicated for leaf in jax.tree.leaves(state)}
    assert places == {True}
    assert {len(leaf.devices()) for leaf in jax.tree.leaves(state)} == {devices}
    return {name: np.asarray(values).tolist() for name, values in metrics.items()}


def work():
    # The share of the work that one device does.
    from functools import partial

    from handsum.losses.adversarial import image_generator_loss
    from handsum.models import dcgan

    config = dcgan.Config(widths=(8, 8, 8, 8), discriminator_widths=(8, 8, 8), batch_size=64)
    flops = []
    for devices in (1, 4):
        mesh = make_mesh(devices, 64)
        parts = dcgan.build(config, rngs=nnx.Rngs(0))
        definition, state = nnx.split(parts)

        def loss(state, labels, key):
            networks, batch = nnx.merge(definition, state), {"labels": labels, "key": key}
            batch |= image_generator_loss.draw(networks, batch | {"writers": labels})
            return image_generator_loss.loss(networks, batch, key)[0]

        arguments = (replicate(state, mesh), np.zeros(64, np.int32), jax.random.key(0))
        with jax.set_mesh(mesh):
            compiled = jax.jit(jax.grad(loss)).lower(*arguments).compile()
        flops.append(compiled.cost_analysis()["flops"])
    return flops[1] / flops[0]


found = {
    model: [losses(model, settings, devices) for devices in (1, 4)]
    for model, settings in json.loads(sys.argv[1]).items()
}
print(json.dumps({"losses": found, "share": work()}))
"""

# A checkpoint every tenth step, so that there is soon one to resume from.
TRAIN = """
from handsum.cli.app import main
from handsum.training import loop

loop.CHECKPOINT_SECONDS = 0.0
main()
"""
STEPS = 80
SETTINGS = ("--preset", "small", "--set", "widths=8,8,8", "--batch-size", "8")
SETTINGS += ("--steps", str(STEPS))


def environment(devices: int, level: int = 3, **others: str) -> dict[str, str]:
    """The environment of a process with some devices; XLA compiles fastest at level 0."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    flags += f" --xla_backend_optimization_level={level}"
    return os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags} | others


def test_four_devices_have_the_losses_of_one() -> None:
    command = [sys.executable, "-c", COMPARE, json.dumps(TINY)]
    done = subprocess.run(
        command,
        env=environment(4, level=0),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for model, (one, four) in found["losses"].items():
        assert one.keys() == four.keys()
        for name, values in one.items():
            # Adam's first steps follow the signs of gradients, even of those close to zero.
            first, second = np.abs(np.subtract(values, four[name]))
            assert first < 1e-5, (model, name)
            assert second < 2e-2, (model, name)
    # A quarter of the work each, and the cost of the parameters.
    assert 0.24 < found["share"] < 0.4


def start(out: Path, place: list[str], settings: tuple[str, ...], **others: str):
    """One process of a run; it has two devices if it is the only one."""
    devices = 1 if "--distributed" in place else 2
    command = [sys.executable, "-c", TRAIN, "train", "gan", *settings, "--output", str(out), *place]
    # What the other processes of a test have compiled is not compiled again.
    others["JAX_COMPILATION_CACHE_DIR"] = str(out.parent / "xla")
    return subprocess.Popen(
        command, env=environment(devices, **others), stderr=subprocess.PIPE, text=True
    )


def start_two(
    out: Path, *settings: str, slurm: bool = False, each: Sequence[list[str]] = ([], [])
) -> list[subprocess.Popen]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if slurm:  # what srun sets; JAX takes the rest from it
        job = {"SLURM_JOB_ID": "1", "SLURM_NTASKS": "2", "SLURM_STEP_NODELIST": "127.0.0.1"}
        job["JAX_COORDINATOR_PORT"] = str(port)
        return [
            start(
                out,
                ["--distributed"],
                settings,
                **job,
                SLURM_PROCID=str(process),
                SLURM_LOCALID=str(process),
            )
            for process in range(2)
        ]
    meeting = ["--distributed", "--coordinator", f"127.0.0.1:{port}", "--num-processes", "2"]
    return [start(out, [*meeting, "--process-id", str(k), *each[k]], settings) for k in range(2)]


def finish(*processes: subprocess.Popen) -> list[str]:
    printed = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), printed
    return printed


def figures(folder: Path) -> np.ndarray:
    """Steps and losses of a run, (R, 4)."""
    rows = read_metrics(folder / "metrics.jsonl")
    names = ("step", "discriminator_loss", "generator_loss", "margin")
    return np.array([[row[name] for name in names] for row in rows])


def weights(folder: Path) -> np.ndarray:
    return np.concatenate([a.ravel() for a in load_snapshot(folder / "snapshot").arrays.values()])


def test_two_processes_train_lose_one_and_resume_as_two_and_as_one(tmp_path: Path) -> None:
    whole, both, alone = (tmp_path / name for name in ("whole", "both", "alone"))
    single = start(whole, ["--devices", "1"], SETTINGS)
    first, second = start_two(both, *SETTINGS, slurm=True)
    waited = time.monotonic()
    while not (both / "checkpoints" / "10").is_dir():
        assert time.monotonic() - waited < 200
        assert first.poll() is None, first.stderr and first.stderr.read()
        time.sleep(0.05)
    second.send_signal(signal.SIGKILL)
    message = first.communicate(timeout=200)[1]
    second.communicate()
    assert first.returncode == 1
    assert "another process of this run is gone" in message
    assert "--resume" in message
    reached = figures(both)[-1, 0]
    assert 10 <= reached < STEPS
    finish(single)
    assert not (both / "snapshot").exists()
    shutil.copytree(both, alone)
    pair = start_two(both, "--resume")
    # On two devices now, not in two processes.
    other = start(alone, ["--devices", "all"], ("--resume",))
    printed = finish(*pair, other)
    assert "trained gan" in printed[0]
    assert "trained" not in printed[1]
    expected = figures(whole)
    for folder in (both, alone):
        found = figures(folder)
        np.testing.assert_array_equal(found[:, 0], np.arange(10, STEPS + 1, 10))
        np.testing.assert_allclose(found[:, 1:], expected[:, 1:], atol=0.02)
        np.testing.assert_allclose(weights(folder), weights(whole), atol=0.02)
        assert len(list((folder / "samples").glob("*.png"))) == STEPS // 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--devices", "99"], "--devices all"),
        (["--devices", "0"], "a number or all"),
        (["--devices", "two"], "a number or all"),
        (["--coordinator", "here:1"], "go with --distributed"),
        (["--distributed", "--coordinator", "here:1"], "give all"),
        (
            ["--distributed", "--coordinator=a", "--process-id=0", "--num-processes=1"],
            "HOST:PORT",
        ),
        (
            ["--distributed", "--coordinator=a:1", "--process-id=2", "--num-processes=2"],
            "--process-id must be below 2",
        ),
    ],
)
def test_wrong_devices_and_processes_are_refused(run_command, arguments, message) -> None:
    result = run_command("train", "gan", "--preset", "small", "--steps", "1", *arguments)
    assert result.code == 2
    assert message in result.err


@pytest.mark.parametrize("coordinator", [":12345", "here:0", "here:99999", "here:"])
def test_a_coordinator_that_is_no_address_is_refused(run_command, coordinator: str) -> None:
    place = ["--distributed", "--process-id", "0", "--num-processes", "2"]
    result = run_command("train", "gan", *place, "--coordinator", coordinator)
    assert (result.code, "HOST:PORT" in result.err) == (2, True)


def test_a_port_in_use_is_one_line(run_command) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        place = ["--distributed", "--process-id", "0", "--num-processes", "2"]
        port = taken.getsockname()[1]
        result = run_command("train", "gan", *place, "--coordinator", f"localhost:{port}")
    assert (result.code, f"port {port} of the coordinator" in result.err) == (2, True)


def test_processes_with_different_settings_stop_at_once(tmp_path: Path) -> None:
    out = tmp_path / "run"
    processes = start_two(out, *SETTINGS, each=(["--seed", "1"], ["--seed", "2"]))
    for process in processes:
        message = process.communicate(timeout=100)[1]
        assert process.returncode == 2, message
        assert "different settings or data" in message
    assert not out.exists()


def test_without_a_cluster_the_processes_must_be_named(tmp_path: Path) -> None:
    process = start(tmp_path / "run", ["--distributed"], SETTINGS)
    message = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert "no cluster was found" in message
    assert "--coordinator HOST:PORT" in message
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_that_fails_because_a_process_is_gone_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints", "gan")

    def save(*_: object, **__: object) -> None:
        raise ValueError("UNKNOWN: Gloo AllGather failed: Connection reset by peer")

    ends: list[object] = []
    monkeypatch.setattr(CheckpointManager, "save", save)
    monkeypatch.setattr(sharding.atexit, "register", lambda *ending: ends.append(ending))
    monkeypatch.setattr(sharding.jax, "process_count", lambda: 2)
    with (
        pytest.raises(HandsumError, match=r"another process of this run is gone \(UNKNOWN: Gloo"),
        sharding.keeping_together(),
    ):
        checkpoints.save(10, {})
    assert ends == [(os._exit, 1)]
    monkeypatch.undo()
    monkeypatch.setattr(CheckpointManager, "save", save)
    with pytest.raises(HandsumError, match="cannot write the checkpoint of step 10"):
        checkpoints.save(10, {})
