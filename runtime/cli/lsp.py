"""`llx lsp`: the language server, for editors, over stdin and stdout."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ...dsl.catalogue import Catalogue


@click.command(epilog="Editors start it themselves; docs/editors.md says how each is told to.")
@click.option("--stdio", is_flag=True, hidden=True, help="Accepted for editors that pass it: there is no other way.")
def command(stdio: bool) -> int:
    try:
        from ...dsl.lsp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        from ..words import say

        click.echo(say("cli.lsp.missing"), err=True)
        return 2
    from ... import __version__

    server = serve(_catalogue, __version__)
    # The protocol has stdout to itself: what anything else prints goes to stderr, which editors keep as a log.
    protocol = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    server.start_io(sys.stdin.buffer, protocol)
    return 0


def _catalogue() -> Catalogue:
    from ...plugins.registry import Registry

    return Registry()
