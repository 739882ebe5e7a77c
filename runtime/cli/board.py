"""`llx board`: TensorBoard over the runs, on this machine alone."""

from __future__ import annotations

from pathlib import Path

import click

from . import options


@click.command()
@click.option("--port", default=6006, show_default=True, help="The port, on 127.0.0.1.")
@options.store
def command(port: int, store: Path | None) -> int:
    import subprocess
    import sys

    from ..words import say
    from .places import store_folder

    runs = store_folder(store) / "runs"
    if not runs.is_dir():
        raise click.ClickException(say("cli.runs.none_in", store=runs.parent))
    click.echo(say("cli.board.at", runs=runs, address=f"http://127.0.0.1:{port}/"))
    # Loopback only: a board shows data to whoever reaches it.
    command = [
        sys.executable,
        "-m",
        "tensorboard.main",
        "--logdir",
        str(runs),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    return subprocess.run(command, check=False).returncode
