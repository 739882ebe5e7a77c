"""`llx version`: what is installed."""

from __future__ import annotations

import click

from . import output

LIBRARIES = ("torch", "pydantic", "pluggy", "lark", "tokenizers", "safetensors", "pyarrow", "numpy", "tensorboard")


@click.command()
def command() -> None:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of
    from platform import platform, python_version

    from ... import __version__
    from ..words import say

    rows = [("llx", __version__), ("python", python_version()), ("platform", platform())]
    for name in LIBRARIES:
        try:
            rows.append((name, version_of(name)))
        except PackageNotFoundError:
            rows.append((name, say("cli.version.missing")))
    click.echo(output.table(rows, indent=0))
