"""What stands between a command and the user: every way to end has its exit code, and none is a traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ...dsl.diagnostics.model import Diagnostic

FINE, WRONG, USAGE, NO_SPACE, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes of llx."""

TRACEBACK = "LLX_TRACEBACK"
"""Set to anything, or by `--traceback`, it shows the traceback of an internal error."""


def guarded(group: click.Group, args: Sequence[str] | None) -> int:
    """Run a group's command and give the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that lacks a character gets a "?" and not an exception.
            stream.reconfigure(errors="replace")
    code = FINE
    try:
        returned = group.main(None if args is None else list(args), prog_name="llx", standalone_mode=False)
        code = returned if isinstance(returned, int) else FINE
        sys.stdout.flush()
        return code
    except click.UsageError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        from ..words import say

        click.echo(say("cli.error", message=error.format_message()), err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Who reads has read enough; Python must not complain about it when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code
    except Exception as error:
        return failed(error)


def failed(error: Exception) -> int:
    """Tell of an exception that no command expected; the traceback goes to a file."""
    from .output import report

    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    report([_no_space(error) if full else internal(error)])
    if os.environ.get(TRACEBACK):
        import traceback

        traceback.print_exception(error)
    return NO_SPACE if full else WRONG


def internal(error: Exception) -> Diagnostic:
    """Make the diagnostic of an internal error, and a file with its traceback."""
    import tempfile
    import traceback
    from pathlib import Path

    from ...dsl.diagnostics.model import Diagnostic, Text

    text = "".join(traceback.format_exception(error))
    said = " ".join(str(error).split())[:300]
    values = {"error": f"{type(error).__name__}: {said}" if said else type(error).__name__}
    try:
        handle, name = tempfile.mkstemp(prefix="llx-traceback-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError:
        return Diagnostic("L0899", Text("L0899", values), None, helps=(Text("L0899.help.none"),))
    return Diagnostic("L0899", Text("L0899", values), None, helps=(Text("L0899.help", {"file": str(Path(name))}),))


def _no_space(error: Exception) -> Diagnostic:
    from ...dsl.diagnostics.model import Diagnostic, Text

    name = getattr(error, "filename", None) or "?"
    return Diagnostic("L0898", Text("L0898", {"file": str(name)}), None, helps=(Text("L0898.help"),))
