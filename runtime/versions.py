"""The exact versions that an experiment stands on: llx, Python, libraries, plugins, and its own files."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import __version__
from ..dsl.program import Program
from ..plugins.distributions import LLX
from .digests import relative

LIBRARIES = ("torch", "tokenizers", "numpy", "pyarrow", "safetensors")
"""Libraries that results and artifacts depend on."""


@dataclass(frozen=True, slots=True)
class Package:
    """A version, and a digest of the content where llx knows it: for plugins, and a checkout of llx."""

    version: str
    digest: str | None = None

    def as_json(self) -> dict[str, str]:
        return {"version": self.version} | ({"digest": self.digest} if self.digest else {})

    def __str__(self) -> str:
        return f"{self.version} ({self.digest[: len('sha256:') + 12]})" if self.digest else self.version


@dataclass(frozen=True, slots=True)
class Versions:
    """What a run of an experiment stands on."""

    packages: Mapping[str, Package] = field(default_factory=dict)
    """By the distribution's name; `llx-lang`, `python`, the libraries, and what the files `use`."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The digests of the experiment's `.llx` files, by their path relative to the root."""

    def as_json(self) -> dict[str, Any]:
        packages = {name: package.as_json() for name, package in self.packages.items()}
        return {"packages": packages, "files": dict(self.files)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Versions:
        """Read what `as_json` gave; KeyError, TypeError or AttributeError if it is something else."""
        packages = {
            str(name): Package(str(one["version"]), one.get("digest")) for name, one in value["packages"].items()
        }
        return cls(packages, {str(name): str(digest) for name, digest in value["files"].items()})


def versions_of(program: Program) -> Versions:
    """Give the versions that a program stands on now; installed ones are looked up without importing them."""
    packages = {LLX: Package(__version__, _own_digest()), "python": Package(platform.python_version())}
    packages |= {name: Package(version) for name in LIBRARIES if (version := _installed(name)) is not None}
    for scope in program.scopes.values():
        for use in scope.uses:
            if use.name != LLX:
                packages[use.name] = Package(use.version, _digest(use.name))
    files = {
        relative(scope.source.path, program.root): text_digest(scope.source.text)
        for scope in program.scopes.values()
        if scope.source.path is not None
    }
    return Versions(dict(sorted(packages.items())), dict(sorted(files.items())))


def text_digest(text: str) -> str:
    """Give the digest of a file's text, as it was checked."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _own_digest() -> str | None:
    from ..plugins.sources import llx_digest

    digest = llx_digest()
    return f"sha256:{digest}" if digest else None


def _digest(distribution: str) -> str | None:
    from ..plugins.distributions import module_of
    from ..plugins.sources import content_digest

    digest = content_digest(distribution, module_of(distribution))
    return f"sha256:{digest}" if digest else None


def _installed(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
