"""Importing, help and completion import neither JAX nor NumPy."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import typer

from handsum.cli.app import app

HEAVY = ("jax", "flax", "optax", "orbax", "numpy", "scipy", "PIL", "matplotlib")
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]

# The command line, which prints to standard error which of these it has imported.
REPORT = f"""
import sys
try:
    from handsum.cli.app import main
    main()
finally:
    print(*sorted(set({HEAVY}) & set(sys.modules)), sep=",", file=sys.stderr)
"""


def run(code: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"COLUMNS": "100"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_importing_the_package_imports_nothing_heavy() -> None:
    done = run(f"import sys, handsum; print(set({HEAVY}) & set(sys.modules))")
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    done = run(REPORT, *arguments, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    assert done.stderr.strip() == ""


def test_completion_imports_nothing_heavy() -> None:
    words = {"COMP_WORDS": "handsum ", "COMP_CWORD": "1"}
    done = run(
        "import sys; sys.argv[0] = 'handsum'" + REPORT, _HANDSUM_COMPLETE="complete_bash", **words
    )
    assert set(done.stdout.split()) == set(COMMANDS), done.stderr
    assert done.stderr.strip() == ""


def test_listing_the_models_imports_no_jax() -> None:
    done = run(REPORT, "models")
    assert "r3gan" in done.stdout
    assert {"jax", "flax", "scipy"}.isdisjoint(done.stderr.strip().split(",")), done.stderr
