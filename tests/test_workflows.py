"""GitHub's workflows run the checks of `.ci/run`, on every Python that the package supports."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WORKFLOWS = sorted(path.name for path in (GITHUB / "workflows").glob("*.yml"))


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load((GITHUB / "workflows" / name).read_text())


def runs(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_github_and_the_ci_script_run_the_same_checks() -> None:
    script = (ROOT / ".ci/run").read_text()
    jobs = workflow("checks.yml")["jobs"]
    checks = [line for line in runs(jobs["lint"]) if not line.startswith("python -m pip")]
    assert len(checks) == 4
    assert [
        line
        for line in checks
        if f'/bin/{line.split()[0]}" {" ".join(line.split()[1:])}'.strip() not in script
    ] == []
    assert "mkdocs build --strict" in runs(jobs["docs"])
    assert '/bin/mkdocs" build --strict' in script
    assert runs(jobs["all"]) == [".ci/run"]


def supported_pythons() -> list[str]:
    found = [re.search(r"Python :: (3\.\d+)$", text) for text in PROJECT["classifiers"]]
    return [version[1] for version in found if version]


def test_tests_run_on_every_python_and_three_systems() -> None:
    matrix = workflow("checks.yml")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == supported_pythons()
    assert len(matrix["os"]) == 3


def test_the_released_wheel_is_tried_on_the_oldest_and_the_newest_python() -> None:
    matrix = workflow("release.yml")["jobs"]["try"]["strategy"]["matrix"]
    assert matrix["python"] == [supported_pythons()[0], supported_pythons()[-1]]


@pytest.mark.parametrize("document", ["README.md", "docs/index.md"])
def test_documents_name_the_supported_pythons(document: str) -> None:
    first, *_, last = supported_pythons()
    assert f"Python {first} to {last}" in (ROOT / document).read_text()


@pytest.mark.parametrize("name", WORKFLOWS)
def test_extras_and_files_in_workflows_exist(name: str) -> None:
    text = (GITHUB / "workflows" / name).read_text()
    for extra in re.findall(r"\.\[(\w+)\]", text):
        assert extra in PROJECT["optional-dependencies"]
    for place in re.findall(r"-c (\S+)|cache-dependency-path: (\S+)", text):
        assert (ROOT / "".join(place)).is_file()
    for job in workflow(name)["jobs"].values():
        assert job["runs-on"]
        assert all("uses" in step or "run" in step for step in job["steps"])


def test_only_publishing_may_request_a_token() -> None:
    release = workflow("release.yml")
    assert release["permissions"] == {"contents": "read"}
    rights = {name: job.get("permissions") for name, job in release["jobs"].items()}
    assert rights == {"build": None, "try": None, "publish": {"id-token": "write"}}
    assert "password" not in (GITHUB / "workflows/release.yml").read_text()


def test_the_citation_has_this_version() -> None:
    import handsum

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == handsum.__version__
    assert citation["license"] == PROJECT["license"]
    assert {"cff-version", "message", "title", "authors"} <= {*citation}
