"""What is installed, what it runs on, and what is missing or damaged."""

from __future__ import annotations

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
from handsum.pretrained.compiled import default_platform

# Extras that are for working on the package itself, not for using it.
_OWN_EXTRAS = ("dev", "docs", "test")
_WEIGHTS = Path(__file__).parents[1] / "weights"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: of which kind, its name, what it is, and whether it is wrong.

    `problem` says what is wrong and how to mend it; `hint` how to get what is merely not there.
    """

    kind: str
    name: str
    value: str
    problem: str = ""
    hint: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the finding's part of what `handsum doctor --json` prints."""
        return asdict(self)


def diagnose() -> list[Finding]:
    """Look at versions, devices, caches, data, bundled models and extras, in this order.

    What is broken is a finding with a `problem`, never an error.
    """
    return [
        *_versions(),
        *_devices(),
        _checked("cache", "compiled functions", _check_cache),
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
    for wish in _requirements("handsum"):
        installed = _installed(wish)
        problem = _unmet(wish, installed)
        found.append(Finding("version", wish.name, installed or "missing", problem))
    return found


def _requirements(package: str, extra: str = "") -> list[Requirement]:
    """What an installed package requires on this system, or only what one of its extras adds."""
    try:
        wishes = [Requirement(line) for line in metadata.requires(package) or []]
    except metadata.PackageNotFoundError:
        return []
    plain = [wish for wish in wishes if not wish.marker or wish.marker.evaluate({"extra": ""})]
    if not extra:
        return plain
    return [
        wish
        for wish in wishes
        if wish not in plain and wish.marker and wish.marker.evaluate({"extra": extra})
    ]


def _installed(wish: Requirement) -> str | None:
    try:
        return metadata.version(wish.name)
    except metadata.PackageNotFoundError:
        return None


def _unmet(wish: Requirement, installed: str | None) -> str:
    """What is wrong with an installed version; nothing where it will do."""
    if installed is not None and wish.specifier.contains(installed, prereleases=True):
        return ""
    return f"{wish.name}{wish.specifier} is needed: {_pip(f'{wish.name}{wish.specifier}')}"


def _pip(wish: str) -> str:
    return f'pip install "{wish}"'


def _devices() -> list[Finding]:
    try:
        default_platform()
    except HandsumError as error:
        return [Finding("device", "jax", "none", str(error))]
    import jax

    return [
        Finding("device", f"{device.platform}:{device.id}", device.device_kind)
        for device in jax.devices()
    ]


def _checked(kind: str, name: str, check: Callable[[], Finding]) -> Finding:
    """What a check finds, or what stops it as a problem."""
    try:
        return check()
    except (HandsumError, ImportError, OSError) as error:
        return Finding(kind, name, "damaged", f"{error}: install handsum again")


def _check_cache() -> Finding:
    from handsum.pretrained.cache import cache_folder

    folder = cache_folder()
    if folder is None:
        problem = (
            "the cache folder cannot be written, so every start compiles anew: "
            "set XDG_CACHE_HOME to a folder that can"
        )
        return Finding("cache", "compiled functions", "none", problem)
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 2**20
    return Finding("cache", "compiled functions", f"{folder} ({len(files)} files, {size:.1f} MiB)")


def _check_data() -> Finding:
    from handsum.data.mnist import load

    parts = {split: load(split) for split in ("train", "validation", "test")}
    value = ", ".join(f"{len(part.images):,} {split}" for split, part in parts.items())
    return Finding("data", "mnist", f"{value}; checksums right")


def _models() -> list[Finding]:
    names = sorted(path.parent.name for path in _WEIGHTS.glob("*/config.json"))
    if not names:
        problem = f"there are no models in {_WEIGHTS}: install handsum again"
        return [Finding("model", "all", "missing", problem)]
    return [_checked("model", name, partial(_check_model, name)) for name in names]


def _check_model(name: str) -> Finding:
    from handsum.pretrained.snapshots import load_snapshot

    parameters = load_snapshot(_WEIGHTS / name).facts["parameters"]
    size = (_WEIGHTS / name / "weights.npz").stat().st_size / 2**20
    return Finding("model", name, f"{parameters:,} parameters, {size:.1f} MiB; checksum right")


def _extras() -> list[Finding]:
    """The optional parts: installed, or how to install them."""
    found = []
    try:
        extras = metadata.metadata("handsum").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        problem = "handsum is not installed as a package, so its extras are not known"
        return [Finding("extra", "all", "unknown", "", problem)]
    for extra in sorted(set(extras) - {*_OWN_EXTRAS}):
        wishes = _requirements("handsum", extra)
        # Such as jax[cuda13], where JAX is there in any case.
        wishes += [
            own for wish in wishes for part in wish.extras for own in _requirements(wish.name, part)
        ]
        lacking = [wish.name for wish in wishes if _unmet(wish, _installed(wish))]
        value = f"missing: {', '.join(lacking)}" if lacking else "installed"
        hint = _pip(f"handsum[{extra}]") if lacking else ""
        found.append(Finding("extra", extra, value, "", hint))
    return found
