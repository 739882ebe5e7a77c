"""Where a component's code comes from, and a digest of it while it is being worked on."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from .component import Component, walk

LLX = __name__.partition(".")[0]
_OWN_SOURCES = ("plugins", "runtime/training")
"""What a result of llx's own components can depend on: an edit of the command line reruns nothing."""


def package_of(component: type[Component]) -> str:
    """Give the import package that a component comes from, which tells apart equal names of two distributions."""
    return component.__module__.partition(".")[0]


def distribution_digest(component: Component) -> str | None:
    """Give a digest of the sources behind a component and those within it, or None if all of them are installed.

    An installed wheel is known by its components' versions. The sources of a checkout (an editable install) change
    without that, so they are part of the identity of what they make.
    """
    packages = sorted(
        {package_of(cls) for part in walk(component) if isinstance(part, Component) for cls in _bases(type(part))}
    )
    digests = [f"{package} {digest}" for package in packages if (digest := _package_digest(package))]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest() if digests else None


def _bases(component: type[Component]) -> Iterator[type[Component]]:
    return (base for base in component.__mro__ if issubclass(base, Component))


def llx_digest() -> str | None:
    """Give the digest of llx's own sources if it is a checkout, None if it is installed."""
    return _package_digest(LLX)


def content_digest(distribution: str, package: str) -> str | None:
    """Give a digest of what a distribution has installed, or of the sources of its package if it is a checkout.

    What an installer adds of its own doesn't count, so that the same wheel has the same digest everywhere.
    """
    from importlib import metadata

    try:
        found = metadata.distribution(distribution)
    except (metadata.PackageNotFoundError, ValueError):
        return None
    installed = [Path(str(file.locate())) for file in found.files or () if _is_content(file.parts)]
    base = Path(str(found.locate_file("")))
    if not installed:
        return _modules_digest(package)
    return _digest(base, [file for file in installed if file.is_file() and file.is_relative_to(base)])


def _is_content(parts: tuple[str, ...]) -> bool:
    first, last = parts[0], parts[-1]
    if first == ".." or "__pycache__" in parts:
        return False
    return not first.endswith((".dist-info", ".egg-info", ".pth")) and not last.startswith("__editable__")


def _modules_digest(package: str) -> str | None:
    """Give a digest of the sources of a package (or module) that is on the path, and not listed by an installer."""
    place = getattr(sys.modules.get(package), "__file__", None)
    if place is None:
        return None
    file = Path(place)
    return _digest(file.parent, list(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file])


@cache
def _package_digest(package: str) -> str | None:
    module = sys.modules.get(package)
    place = getattr(module, "__file__", None)
    if place is None:
        return None
    file = Path(place)
    if file.name != "__init__.py":
        return None if _is_installed(file.parent) else _digest(file.parent, [file])
    folder = file.parent
    if package == LLX:
        # The repository's root is the package, so its pyproject.toml lies inside.
        if not (folder / "pyproject.toml").is_file():
            return None
        return _digest(folder, [source for part in _OWN_SOURCES for source in (folder / part).rglob("*.py")])
    return None if _is_installed(folder.parent) else _digest(folder, list(folder.rglob("*.py")))


def _is_installed(folder: Path) -> bool:
    """Tell whether a folder is one that wheels are unpacked into."""
    return next(folder.glob("*.dist-info"), None) is not None


def _digest(folder: Path, sources: list[Path]) -> str:
    digest = hashlib.sha256()
    for source in sorted(sources):
        content = source.read_bytes()
        digest.update(f"{source.relative_to(folder).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
