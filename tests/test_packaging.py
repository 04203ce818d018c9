"""What is shipped: one version, the right files, and documents that point at what exists."""

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


def test_the_version_is_said_in_one_place() -> None:
    assert "version" not in PROJECT
    assert metadata.version("handsum") == handsum.__version__
    assert f"## [{handsum.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_package_says_that_it_is_typed() -> None:
    assert resources.files("handsum").joinpath("py.typed").is_file()


def test_the_command_is_installed() -> None:
    (command,) = metadata.entry_points(group="console_scripts", name="handsum")
    assert command.value == "handsum.__main__:main"


def test_the_lock_file_holds_names_and_versions_only() -> None:
    lines = (ROOT / "requirements-dev.lock").read_text().splitlines()
    pins = [line for line in lines if not line.lstrip().startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", pin)] == []
    locked = {pin.partition("==")[0] for pin in pins}
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *extras["test"], *extras["docs"], *extras["dev"]]
    names = {re.split(r"[<>=\[]", wish)[0].lower().replace("_", "-") for wish in wanted}
    assert names - locked == {"handsum"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_point_at_files_that_exist(document: str) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text())
    assert [link for link in links if "://" not in link and not (ROOT / link).is_file()] == []


def test_the_wheel_holds_data_weights_and_licences_and_nothing_else(tmp_path: Path) -> None:
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
    shown = {file.relative_to(ROOT / "src").as_posix() for file in page.rglob("*.*")}
    assert {"handsum/web/static/index.html", "handsum/web/static/js/app.js"} <= shown <= names
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} == {
        "LICENSE",
        "NOTICE",
    }
    assert {name.partition("/")[0] for name in names} == {
        "handsum",
        f"handsum-{handsum.__version__}.dist-info",
    }
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []
