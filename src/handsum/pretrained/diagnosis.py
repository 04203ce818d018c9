"""What is installed, where it computes, and what is missing or damaged."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from handsum._version import __version__
from handsum.errors import HandsumError
from handsum.installation import install_command, repair_command
from handsum.pretrained.cache import compilation_cache, open_cache
from handsum.pretrained.devices import default_platform
from handsum.pretrained.snapshots import WEIGHTS, load_snapshot

# Extras for working on the package itself, not for using it.
_OWN_EXTRAS = ("dev", "docs", "test")


@dataclass(frozen=True)
class Finding:
    """One line of the report: the kind of thing, its name and its value.

    `problem` says what is wrong and how to repair it; `hint`, how to install what is missing but
    optional.
    """

    kind: str
    name: str
    value: str
    problem: str = ""
    hint: str = ""

    @property
    def note(self) -> str:
        """The problem or the hint with the finding's name; empty if there is neither."""
        text = self.problem or self.hint
        return f"{self.kind} {self.name}: {text}" if text else ""

    def as_dict(self) -> dict[str, Any]:
        """The finding as `handsum doctor --json` prints it."""
        return asdict(self)


def diagnose() -> list[Finding]:
    """Check versions, devices, caches, data, bundled models and extras, in this order.

    Whatever is broken is a finding with a `problem`, never an error.
    """
    return [
        *_versions(),
        *_devices(),
        *_caches(),
        _checked("data", "mnist", _check_data),
        *_models(),
        *_extras(),
    ]


def _versions() -> list[Finding]:
    system = f"{platform.system()} {platform.release()}, {platform.machine()}"
    found = [
        Finding("version", "handsum", __version__),
        Finding("version", "python", platform.python_version()),
        Finding("version", "system", f"{system}, {os.cpu_count()} cores"),
    ]
    for requirement in _requirements("handsum"):
        installed = _installed(requirement)
        problem = _unmet(requirement, installed)
        found.append(Finding("version", requirement.name, installed or "missing", problem))
    return found


def _requirements(package: str, extra: str = "") -> list[Requirement]:
    """What an installed package requires on this system, or only what one of its extras adds."""
    try:
        listed = [Requirement(line) for line in metadata.requires(package) or []]
    except metadata.PackageNotFoundError:
        return []
    plain = [one for one in listed if not one.marker or one.marker.evaluate({"extra": ""})]
    if not extra:
        return plain
    return [
        one
        for one in listed
        if one not in plain and one.marker and one.marker.evaluate({"extra": extra})
    ]


def _installed(requirement: Requirement) -> str | None:
    try:
        return metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return None


def _unmet(requirement: Requirement, installed: str | None) -> str:
    """What is wrong with the installed version; empty if it fits."""
    if installed is not None and requirement.specifier.contains(installed, prereleases=True):
        return ""
    needed = f"{requirement.name}{requirement.specifier}"
    return f"{needed} is needed: run {install_command(needed)}"


def _devices() -> list[Finding]:
    try:
        platform_ = default_platform()
    except HandsumError as error:
        return [Finding("device", "computes on", "none", str(error))]
    import jax

    devices = jax.devices()
    value = f"{platform_}, by JAX {jax.__version__}"
    return [
        Finding("device", "computes on", value),
        *(Finding("device", f"{one.platform}:{one.id}", one.device_kind) for one in devices),
    ]


def _checked(kind: str, name: str, check: Callable[[], Finding]) -> Finding:
    """The finding of a check; an error of it is a problem."""
    try:
        return check()
    except (HandsumError, ImportError, OSError) as error:
        advice = repair_command()
        problem = str(error) if advice in str(error) else f"{error}: run {advice}"
        return Finding(kind, name, "damaged", problem)


def _caches() -> list[Finding]:
    """The cache folder, and where JAX keeps compiled code."""
    problem = ""
    try:
        traces = Finding("cache", "traces", _contents(open_cache(), "*.export"))
    except HandsumError as error:
        problem = _no_cache(error)
        traces = Finding("cache", "traces", "none", problem)
    try:
        place, chosen = compilation_cache()
    except HandsumError as error:
        # One line for one cause.
        own_problem = "" if problem else _no_cache(error)
        return [traces, Finding("cache", "compiled code", "none", own_problem)]
    except Exception as error:  # JAX is missing or cannot start, which the versions say
        return [traces, Finding("cache", "compiled code", f"unknown: {error}")]
    try:
        value = _contents(Path(place), "*") if "://" not in place else place
    except OSError as error:
        value = f"{place} ({error.strerror})"
    whose = "; set by JAX_COMPILATION_CACHE_DIR" if chosen else ""
    return [traces, Finding("cache", "compiled code", value + whose)]


def _no_cache(error: HandsumError) -> str:
    return f"not used, so every start compiles again: {error}"


def _contents(folder: Path, pattern: str) -> str:
    """The folder, with the number and size of its files."""
    sizes = []
    for path in folder.glob(pattern):
        # Another process may delete a file meanwhile.
        with contextlib.suppress(FileNotFoundError):
            sizes.append(path.stat().st_size)
    return f"{folder} ({len(sizes):,} files, {sum(sizes) / 2**20:.1f} MiB)"


def _check_data() -> Finding:
    from handsum.data.mnist import load

    parts = {split: load(split) for split in ("train", "validation", "test")}
    value = ", ".join(f"{len(part.images):,} {split}" for split, part in parts.items())
    return Finding("data", "mnist", f"{value}; checksums right")


def _models() -> list[Finding]:
    names = sorted(path.parent.name for path in WEIGHTS.glob("*/config.json"))
    if not names:
        problem = f"there are no models in {WEIGHTS}: run {repair_command()}"
        return [Finding("model", "all", "missing", problem)]
    return [_checked("model", name, partial(_check_model, name)) for name in names]


def _check_model(name: str) -> Finding:
    parameters = load_snapshot(WEIGHTS / name).facts["parameters"]
    size = (WEIGHTS / name / "weights.npz").stat().st_size / 2**20
    return Finding("model", name, f"{parameters:,} parameters, {size:.1f} MiB; checksum right")


def _extras() -> list[Finding]:
    """The optional packages: installed, or how to install them."""
    found = []
    try:
        extras = metadata.metadata("handsum").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        problem = "handsum is not installed as a package, so its extras are unknown"
        return [Finding("extra", "all", "unknown", "", problem)]
    for extra in sorted(set(extras) - {*_OWN_EXTRAS}):
        needed = _requirements("handsum", extra)
        # An extra of a package that is there in any case, such as jax[cuda13].
        needed += [
            own for one in needed for part in one.extras for own in _requirements(one.name, part)
        ]
        lacking = [one.name for one in needed if _unmet(one, _installed(one))]
        value = f"missing: {', '.join(lacking)}" if lacking else "installed"
        hint = f"run {install_command(f'handsum[{extra}]')}" if lacking else ""
        found.append(Finding("extra", extra, value, "", hint))
    return found
