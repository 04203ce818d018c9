"""The package: one version, the right files in the wheel, and documents without broken links."""

from __future__ import annotations

import re
import tomllib
import zipfile
from importlib import metadata, resources
from pathlib import Path

import pytest

import handsum
from handsum.data.mnist import SHA256
from handsum.models.registry import ENTRIES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in PROJECT
    assert metadata.version("handsum") == handsum.__version__
    assert f"## [{handsum.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_package_is_marked_as_typed() -> None:
    assert resources.files("handsum").joinpath("py.typed").is_file()


def test_the_command_is_installed() -> None:
    (command,) = metadata.entry_points(group="console_scripts", name="handsum")
    assert command.value == "handsum.__main__:main"


def test_the_lock_file_has_only_names_and_versions() -> None:
    lines = (ROOT / "requirements-dev.lock").read_text().splitlines()
    pins = [line for line in lines if not line.lstrip().startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", pin)] == []
    locked = {pin.partition("==")[0] for pin in pins}
    extras = PROJECT["optional-dependencies"]
    required = [*PROJECT["dependencies"], *extras["test"], *extras["docs"], *extras["dev"]]
    names = {re.split(r"[<>=\[]", line)[0].lower().replace("_", "-") for line in required}
    assert names - locked == {"handsum"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_point_to_existing_files(document: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text())
    assert [link for link in links if "://" not in link and not (ROOT / link).is_file()] == []


def test_the_wheel_has_data_weights_and_licences_and_nothing_else(tmp_path: Path) -> None:
    wheel = pytest.importorskip("hatchling.builders.wheel")
    (path,) = wheel.WheelBuilder(str(ROOT)).build(directory=str(tmp_path))
    names = set(zipfile.ZipFile(path).namelist())
    assert {f"handsum/data/archives/{name}" for name in SHA256} <= names
    bundled = {path.parent.name for path in (ROOT / "src/handsum/weights").glob("*/weights.npz")}
    assert {"cnn", "judge", "r3gan"} <= bundled <= set(ENTRIES)
    for model in bundled:
        for name in ("weights.npz", "config.json", "README.md"):
            assert f"handsum/weights/{model}/{name}" in names
    assert "handsum/py.typed" in names
    page = ROOT / "src/handsum/web/static"
    static = {file.relative_to(ROOT / "src").as_posix() for file in page.rglob("*.*")}
    assert {"handsum/web/static/index.html", "handsum/web/static/js/app.js"} <= static <= names
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {
        "LICENSE",
        "NOTICE",
    }
    assert {name.partition("/")[0] for name in names} == {
        "handsum",
        f"handsum-{handsum.__version__}.dist-info",
    }
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
