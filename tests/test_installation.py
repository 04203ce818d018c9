"""The command that installs an extra fits the environment in which handsum runs."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from handsum.installation import find_manager, install_command, repair_command

UV = "home = /usr/bin\nuv = 0.9.1\nversion_info = 3.12.1\n"
WEB = "handsum[web]"


class Package:
    """Stands in for the installed handsum, from the package index or from a URL."""

    def __init__(self, **origin: object) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        return json.dumps(self.origin) if self.origin and name == "direct_url.json" else None


@pytest.fixture(autouse=True)
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of its own that nothing manages, without programs on the path."""
    prefix = tmp_path / "venvs" / "handsum"
    prefix.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(sys, "executable", str(prefix / "bin/python"))
    monkeypatch.setattr(metadata, "distribution", lambda name: Package())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return prefix


def installed_from(monkeypatch: pytest.MonkeyPatch, **origin: object) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda name: Package(**origin))


def pipx(prefix: Path, spec: str) -> None:
    facts = {"main_package": {"package": "handsum", "package_or_url": spec}}
    (prefix / "pipx_metadata.json").write_text(json.dumps(facts))
    (prefix / "pyvenv.cfg").write_text(UV)  # pipx makes environments by uv


def test_pipx_keeps_the_extras_that_are_there(prefix: Path) -> None:
    pipx(prefix, "handsum")
    assert install_command(WEB) == 'pipx install --force "handsum[web]"'
    pipx(prefix, "handsum[export, datasets]")
    assert install_command(WEB) == 'pipx install --force "handsum[export,datasets,web]"'
    pipx(prefix, "handsum[web]")
    assert install_command(WEB) == 'pipx install --force "handsum[web]"'
    assert install_command("flax>=0.12") == repair_command() == "pipx reinstall handsum"


def test_pipx_installs_from_where_the_package_came(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_from(monkeypatch, url="file:///home/me/handsum", dir_info={})
    pipx(prefix, "/home/me/handsum[export]")
    wanted = 'pipx install --force "handsum[export,web] @ file:///home/me/handsum"'
    assert install_command(WEB) == wanted
    installed_from(monkeypatch, url="https://x.org/h.git", vcs_info={"vcs": "git", "commit_id": ""})
    pipx(prefix, "git+https://x.org/h.git")
    assert install_command(WEB).endswith('"handsum[web] @ git+https://x.org/h.git"')


def test_pipx_run_has_no_environment_that_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = tmp_path / ".cache" / "6f6d2ee36ebe523"
    cached.mkdir(parents=True)
    pipx(cached, "handsum")
    monkeypatch.setattr(sys, "prefix", str(cached))
    assert install_command(WEB) == 'pipx run --spec "handsum[web]" handsum'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"main_package": null}', '{"main_package": {}}'])
def test_other_metadata_of_pipx_is_no_error(prefix: Path, text: str) -> None:
    (prefix / "pipx_metadata.json").write_text(text)
    assert install_command(WEB) == 'pipx install --force "handsum[web]"'


def test_uv_tool_keeps_the_extras_that_are_there(prefix: Path) -> None:
    (prefix / "pyvenv.cfg").write_text(UV)
    receipt = prefix / "uv-receipt.toml"
    receipt.write_text('[tool]\nrequirements = [{ name = "handsum", extras = ["export"] }]\n')
    assert install_command(WEB) == 'uv tool install "handsum[export,web]"'
    receipt.write_text('[tool]\nrequirements = [{ name = "handsum" }]\n')
    assert install_command(WEB) == 'uv tool install "handsum[web]"'
    assert install_command("flax>=0.12") == repair_command()
    assert repair_command() == "uv tool upgrade --reinstall handsum"
    for damaged in ("", "[", "[tool]\nrequirements = 3\n"):
        receipt.write_text(damaged)
        assert install_command(WEB) == 'uv tool install "handsum[web]"'


def test_uvx_names_the_extra_at_each_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = tmp_path / "archive-v0" / "wJYHUcwBbwVZm95n"
    cached.mkdir(parents=True)
    (cached / "pyvenv.cfg").write_text(UV)
    monkeypatch.setattr(sys, "prefix", str(cached))
    assert install_command(WEB) == 'uvx --from "handsum[web]" handsum'


def test_an_environment_of_uv(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (prefix / "pyvenv.cfg").write_text(UV)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert install_command(WEB) == f'uv pip install --python {prefix} "handsum[web]"'
    monkeypatch.setenv("VIRTUAL_ENV", str(prefix))
    assert install_command(WEB) == 'uv pip install "handsum[web]"'
    assert install_command("flax>=0.12") == 'uv pip install "flax>=0.12"'
    assert repair_command() == "uv pip install --reinstall-package handsum handsum"
    (prefix.parent / "uv.lock").touch()
    assert install_command(WEB) == 'uv add "handsum[web]"'
    assert install_command("flax>=0.12") == 'uv add "flax>=0.12"'


@pytest.mark.parametrize("conda", [False, True])
def test_pip_is_that_of_the_environment(
    prefix: Path, monkeypatch: pytest.MonkeyPatch, conda: bool
) -> None:
    if conda:
        (prefix / "conda-meta").mkdir()
    else:
        (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n")
    python = shlex.quote(sys.executable) if os.name != "nt" else sys.executable
    # Not activated: the pip on the path, if there is one, is that of another environment.
    for other in (None, "/usr/bin/pip"):
        monkeypatch.setattr(shutil, "which", {"pip": other}.get)
        assert install_command(WEB) == f'{python} -m pip install "handsum[web]"'
    scripts = prefix / "bin"
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(scripts))
    monkeypatch.setattr(shutil, "which", {"pip": str(scripts / "pip")}.get)
    assert install_command(WEB) == 'pip install "handsum[web]"'
    assert install_command("flax>=0.12") == 'pip install "flax>=0.12"'
    assert repair_command() == "pip install --force-reinstall --no-deps handsum"


def test_an_environment_without_pip(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\n")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert f"{sys.executable} -m ensurepip && " in install_command(WEB)
    monkeypatch.setattr(shutil, "which", {"uv": "/usr/bin/uv"}.get)
    assert install_command(WEB) == f'uv pip install --python {prefix} "handsum[web]"'


@pytest.mark.parametrize(
    ("program", "command"),
    [
        ("pipx", 'pipx install "handsum[web]"'),
        ("uv", 'uv tool install "handsum[web]"'),
        ("", 'python3 -m venv ~/.handsum && ~/.handsum/bin/pip install "handsum[web]"'),
    ],
)
def test_a_python_of_the_system_takes_no_packages(
    prefix: Path, monkeypatch: pytest.MonkeyPatch, program: str, command: str
) -> None:
    (prefix / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(prefix))
    monkeypatch.setattr(shutil, "which", {program: f"/usr/bin/{program}"}.get)
    # In a virtual environment of that Python pip is free to install.
    assert find_manager() != "system"
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    assert install_command(WEB) == command


def test_no_advice_is_written_by_hand() -> None:
    """Every message that names an extra gets its command from `install_command`."""
    import handsum

    source = Path(handsum.__file__).parent
    for path in source.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "installation.py":
            assert "pip install" not in text, path
            assert "install handsum" not in text, path
