"""How this copy of handsum was installed, and the command that adds to it or repairs it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Literal

PACKAGE = "handsum"
Manager = Literal["pipx", "pipx run", "uv tool", "uvx", "uv project", "uv pip", "system", "pip"]


def install_command(requirement: str) -> str:
    """The command that installs a requirement, such as "handsum[web]", where handsum runs.

    For pipx and uv tool, which keep one package in an environment, the command names the extras
    that are installed there already, and a requirement other than handsum installs handsum anew.
    """
    manager = find_manager()
    extra = re.fullmatch(rf"{PACKAGE}\[(.+)\]", requirement)
    if not extra and manager in ("pipx", "uv tool"):
        return repair_command()
    extras = list(dict.fromkeys([*_extras(manager), *(extra[1].split(",") if extra else ())]))
    package = f"{PACKAGE}[{','.join(extras)}]" if extras else PACKAGE
    match manager:
        case "pipx":
            return f"pipx install --force {_quote(package + _source())}"
        case "pipx run":
            return f"pipx run --spec {_quote(package + _source())} {PACKAGE}"
        case "uv tool":
            return f"uv tool install {_quote(package + _source())}"
        case "uvx":
            return f"uvx --from {_quote(package + _source())} {PACKAGE}"
        case "system":
            return _outside(package + _source())
        case "uv project":
            return f"uv add {_quote(requirement)}"
        case "uv pip":
            return f"uv pip install{_uv_python()} {_quote(requirement)}"
    return f"{_pip()} install {_quote(requirement)}"


def repair_command() -> str:
    """The command that installs handsum again, over a damaged copy."""
    package = PACKAGE + _source()
    match find_manager():
        case "pipx":
            return f"pipx reinstall {PACKAGE}"
        case "pipx run":
            return f"pipx run --no-cache --spec {_quote(package)} {PACKAGE}"
        case "uv tool":
            return f"uv tool upgrade --reinstall {PACKAGE}"
        case "uvx":
            return f"uvx --refresh --from {_quote(package)} {PACKAGE}"
        case "system":
            return _outside(package)
        case "uv project":
            return f"uv sync --reinstall-package {PACKAGE}"
        case "uv pip":
            return f"uv pip install --reinstall-package {PACKAGE}{_uv_python()} {_quote(package)}"
    return f"{_pip()} install --force-reinstall --no-deps {_quote(package)}"


def find_manager() -> Manager:
    """The program that manages the environment in which handsum runs."""
    prefix = Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return "pipx" if prefix.parent.name == "venvs" else "pipx run"
    if (prefix / "uv-receipt.toml").is_file():
        return "uv tool"
    if re.search(r"^uv\s*=", _read(prefix / "pyvenv.cfg"), re.MULTILINE):
        if prefix.parent.name.startswith("archive-v"):
            return "uvx"
        return "uv project" if (prefix.parent / "uv.lock").is_file() else "uv pip"
    if sys.prefix == sys.base_prefix and _is_managed():
        return "system"
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        return "uv pip"
    return "pip"


def _is_managed() -> bool:
    """Whether pip refuses to install into this Python (PEP 668)."""
    return Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file()


def _extras(manager: Manager) -> list[str]:
    """The extras with which pipx or uv tool installed handsum."""
    prefix = Path(sys.prefix)
    try:
        if manager == "pipx":
            listed = json.loads(_read(prefix / "pipx_metadata.json"))
            found = re.search(r"\[([^]]*)\]", listed["main_package"]["package_or_url"])
            return [one.strip() for one in found[1].split(",")] if found else []
        if manager == "uv tool":
            receipt = tomllib.loads(_read(prefix / "uv-receipt.toml"))
            requirements = receipt["tool"]["requirements"]
            return next(one.get("extras", []) for one in requirements if one["name"] == PACKAGE)
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration):
        pass  # of a version that nobody knows yet
    return []


def _source() -> str:
    """Where handsum was installed from, as " @ URL"; empty for the package index."""
    try:
        text = metadata.distribution(PACKAGE).read_text("direct_url.json")
        url = json.loads(text or "{}").get("url", "")
        version_control = json.loads(text or "{}").get("vcs_info", {}).get("vcs")
    except (metadata.PackageNotFoundError, ValueError, AttributeError):
        return ""
    if not isinstance(url, str) or not url:
        return ""
    return f" @ {version_control}+{url}" if version_control else f" @ {url}"


def _outside(requirement: str) -> str:
    """The command that installs beside a Python which belongs to the system."""
    if shutil.which("pipx"):
        return f"pipx install {_quote(requirement)}"
    if shutil.which("uv"):
        return f"uv tool install {_quote(requirement)}"
    folder = Path("~", f".{PACKAGE}").as_posix()
    pip = f"{folder}/bin/pip"
    return f"python3 -m venv {folder} && {pip} install {_quote(requirement)}"


def _uv_python() -> str:
    """The option that names this environment to uv, unless uv finds it itself."""
    prefix = Path(sys.prefix)
    found = os.environ.get("VIRTUAL_ENV") or Path.cwd() / ".venv"
    return "" if Path(found).absolute() == prefix.absolute() else f" --python {_path(sys.prefix)}"


def _pip() -> str:
    """pip, as this environment's is called."""
    found = shutil.which("pip")
    if found and Path(found).parent == Path(sysconfig.get_path("scripts")):
        return "pip"
    python = _path(sys.executable or "python3")
    if importlib.util.find_spec("pip") is None:
        return f"{python} -m ensurepip && {python} -m pip"
    return f"{python} -m pip"


def _quote(requirement: str) -> str:
    # Every shell understands double quotes; brackets and < mean something to some.
    return f'"{requirement}"' if re.search(r"[^\w.-]", requirement) else requirement


def _path(path: str) -> str:
    return subprocess.list2cmdline([path]) if os.name == "nt" else shlex.quote(path)


def _read(path: Path) -> str:
    """The text of a file; empty if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
