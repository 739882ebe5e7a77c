"""The house: floors, circles, where torch may be imported, what the wheel must hold."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {"dsl": 1, "plugins": 2, "runtime": 3}
HEAVY = {"torch", "numpy", "pyarrow", "tokenizers", "safetensors", "tensorboard", "rich", "zstandard"}
MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, top_only: bool = False) -> Iterator[tuple[str, bool]]:
    """Give the modules that a file imports, and whether that is at module level (and not for types alone)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = name(path).split(".") if path.name == "__init__.py" else name(path).split(".")[:-1]

    def visit(node: ast.AST, top: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                yield from ((alias.name, top) for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and not child.level:
                yield child.module or "", top
            elif isinstance(child, ast.ImportFrom):
                base = package[: len(package) - child.level + 1]
                prefix = ".".join([*base, *(child.module.split(".") if child.module else [])])
                for alias in child.names:
                    inner = f"{prefix}.{alias.name}" if prefix else alias.name
                    is_module = (ROOT / Path(*inner.split("."))).with_suffix(".py").exists() or (
                        ROOT / Path(*inner.split(".")) / "__init__.py"
                    ).exists()
                    yield "llx." + (inner if is_module else prefix), top
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from visit(child, top and not inside)

    yield from (pair for pair in visit(tree, True) if pair[1] or not top_only)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_point_to_the_same_floor_or_down(path: Path) -> None:
    floor = FLOORS[path.relative_to(ROOT).parts[0]]
    for module, _ in imports(path):
        root = module.split(".")[0]
        assert root not in FLOORS, f"{module} would load a second copy of the package"
        if root == "llx":
            target = module.split(".")[1:2]
            assert not target or FLOORS.get(target[0], 0) <= floor, f"{module} is above {name(path)}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_heavy_libraries_are_imported_where_they_are_needed(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    allowed = {"torch", "numpy", "safetensors"} if parts[:2] in {("plugins", "nn"), ("runtime", "training")} else set()
    for module, top in imports(path):
        if top:
            assert module.split(".")[0] not in HEAVY - allowed, f"{module} at module level"


def test_there_are_no_circles() -> None:
    known = {name(path): path for path in MODULES}
    edges = {
        module: {target.removeprefix("llx.") for target, _ in imports(path, top_only=True) if target.startswith("llx.")}
        & set(known) - {module}
        for module, path in known.items()
    }
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above[above.index(module) :], module))
        if module not in done:
            for target in edges[module]:
                visit(target, (*above, module))
            done.add(module)

    for module in known:
        visit(module, ())


def test_the_language_names_no_component() -> None:
    from llx.plugins.registry import Registry

    registry = Registry()
    names = {component for kind in registry.kinds for component in registry.components(kind)}
    # Words of other meanings that happen to be a component's name too.
    names -= {"text", "sample", "checkpoint"}
    for path in (ROOT / "dsl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, f"{path.name} names the component {node.value}"


def test_check_loads_nothing_heavy() -> None:
    code = (
        "import sys; from llx.runtime.cli.main import main\n"
        "try: main(['check', 'examples/quickstart.llx'])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip().endswith("[]"), done.stdout + done.stderr


def test_the_wheel_holds_every_package_and_data_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    setuptools = project["tool"]["setuptools"]
    packages = {
        "llx" + "".join(f".{part}" for part in path.parent.relative_to(ROOT).parts)
        for floor in FLOORS
        for path in (ROOT / floor).rglob("*.py")
    } | {"llx"}
    assert packages == set(setuptools["packages"])
    shown = [path for path in (ROOT / "docs" / "diagnostics").rglob("*") if path.is_file()]
    assert shown and all(
        any(path.relative_to(ROOT).match(one) for one in setuptools["package-data"]["llx"]) for path in shown
    )
    for path in ROOT.joinpath("dsl").parent.iterdir():
        if path.name not in FLOORS:
            continue
        for file in path.rglob("*"):
            if file.is_file() and file.suffix not in (".py", ".pyc"):
                package = "llx." + ".".join(file.parent.relative_to(ROOT).parts)
                patterns = setuptools["package-data"].get(package, [])
                assert any(file.match(pattern) for pattern in patterns), f"{file} would be missing from the wheel"
