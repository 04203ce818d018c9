"""How the package is laid out: no circles, small rooms, public interfaces of dependencies only."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import handsum

PACKAGE = Path(handsum.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
# Functions of the command line and of the Python API have one parameter for each option.
MANY_OPTIONS = {
    "cli",
    "datasets/write.py write_dataset",
    "evaluation/measure.py evaluate",
    "training/train.py train",
    "writing/writers.py fit_writer",
    "writing/writers.py writers",
    "writing/generate.py generate",
    "writing/write.py number",
    "writing/write.py sum_sequence",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path) for path in FILES}


def imported(path: Path) -> set[str]:
    """The package's modules that a file imports, inside functions and for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handsum"):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in MODULES else str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
    # Everything lies in the package itself, whose functions are loaded when they are asked for.
    return found - {"handsum", module_name(path)}


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import one another in a circle; an empty list if there is none."""
    done: set[str] = set()

    def visit(module: str, above: list[str]) -> list[str]:
        if module in above:
            return [*above[above.index(module) :], module]
        if module in done:
            return []
        for other in sorted(graph.get(module, ())):
            circle = visit(other, [*above, module])
            if circle:
                return circle
        done.add(module)
        return []

    return next((circle for module in sorted(graph) if (circle := visit(module, []))), [])


def test_no_modules_import_one_another_in_a_circle() -> None:
    graph = {module_name(path): imported(path) for path in FILES if path.name != "__init__.py"}
    assert find_circle(graph) == []
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_the_foundation_has_ten_modules_at_most() -> None:
    modules = [path for path in PACKAGE.glob("*.py") if not path.name.startswith("_")]
    assert len(modules) <= 10


def test_a_package_has_about_a_dozen_modules_and_says_what_it_is() -> None:
    for folder in sorted({path.parent for path in FILES} - {PACKAGE}):
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        # One file for each command, and five for what they share; one for each network, and two.
        assert len(modules) <= {"cli": 19, "models": 16}.get(folder.name, 13), folder
        assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text())), folder


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if type(node) is ast.FunctionDef)


def test_no_internal_function_takes_more_than_six_parameters() -> None:
    found = []
    for path in FILES:
        place = path.relative_to(PACKAGE).as_posix()
        for function in functions(path):
            given = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
            count = len([one for one in given if one.arg not in ("self", "cls")])
            if count > 6 and not {path.parent.name, f"{place} {function.name}"} & MANY_OPTIONS:
                found.append(f"{place} {function.name} takes {count} parameters")
    assert found == []


def private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def private_uses(source: str) -> list[str]:
    """Private modules and names of other packages that a source file uses."""
    tree, found, foreign = ast.parse(source), [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                foreign.add((alias.asname or alias.name).split(".")[0])
                found += [alias.name] if private(alias.name) else []
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("handsum"):
            for alias in node.names:
                foreign.add(alias.asname or alias.name)
                name = f"{node.module}.{alias.name}"
                found += [name] if private(name) else []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and private(node.attr):
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in foreign:
                found.append(ast.unparse(node))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith(("jax._", "jaxlib._", "flax._"))
        ):
            found.append(node.value)
    # The standard library's one function with an underscore that is documented.
    return [name for name in found if name != "os._exit"]


def test_no_private_name_of_a_dependency_is_used() -> None:
    assert {path.name: found for path in FILES if (found := private_uses(path.read_text()))} == {}


def test_private_names_are_found() -> None:
    assert private_uses("from jax._src import core") == ["jax._src.core"]
    assert private_uses("from jaxlib import _jax") == ["jaxlib._jax"]
    assert private_uses("import numpy as np\nnp.core._methods.sum()") == ["np.core._methods"]
    assert private_uses("import_module('jax._src.api')") == ["jax._src.api"]
    assert private_uses("import os\nos._exit(1)\nself._own = 1") == []


def test_the_standard_library_s_modules_keep_their_names() -> None:
    """A module of ours must not stand in front of one of Python's on a path."""
    assert not {path.stem for path in PACKAGE.glob("*.py")} & set(sys.stdlib_module_names)
