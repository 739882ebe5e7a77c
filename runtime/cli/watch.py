"""Do something again whenever a file changes that an experiment is made of."""

from __future__ import annotations

import contextlib
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NoReturn

import click

from . import output

INTERVAL = 0.25
"""Seconds between two looks at the files."""

MOST = 5_000
"""Files of one pattern that are looked at."""

_STRING = re.compile(r'"([^"\\\n$]{1,500})"')

State = dict[Path, tuple[int, int] | None]
"""When each file was changed and its size, or None for one that isn't there."""


def repeat(
    files: Sequence[Path], work: Callable[[], object], *, wait: Callable[[float], None] = time.sleep
) -> NoReturn:
    """Do the work, and do it again after each change, until Ctrl-C ends it."""
    from ..words import say

    clears = sys.stdout.isatty()
    with _interrupts() as asked:
        while True:
            # What is changed while the work is done is a change too.
            before = state(files)
            if clears:
                click.clear()
            work()
            key = "cli.check.watching.one" if len(before) == 1 else "cli.check.watching"
            line = say(key, count=len(before), time=time.strftime("%H:%M:%S"))
            click.echo(f"\n{output.style(line, dim=True)}")
            sys.stdout.flush()
            while state(files) == before:
                _end_if(asked)
                wait(INTERVAL)
            _end_if(asked)
    raise AssertionError("it goes on until Ctrl-C ends it")


def _end_if(asked: threading.Event) -> None:
    if asked.is_set():
        raise KeyboardInterrupt


@contextlib.contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Give what is set by Ctrl-C.

    Python raises it wherever the program is: in a finaliser or a callback it is swallowed, and an endless loop goes on.
    """
    asked = threading.Event()

    def interrupt(number: int, frame: object) -> NoReturn:
        asked.set()
        raise KeyboardInterrupt

    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN  # by the shell that started it
    if ignored or threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def state(files: Sequence[Path]) -> State:
    """Look at the files, at those that they import, and at the data that they name."""
    found: State = {}
    waiting = [path.absolute() for path in files]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found[path] = _stamp(path)
        if path.suffix == ".llx" and found[path] is not None:
            waiting += [one for one in _named(path) if one not in found]
    return found


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size


def _named(path: Path) -> Iterator[Path]:
    """Give what the strings of a file could name, whether or not the file has mistakes."""
    from ...dsl.reading import read

    source, _ = read(path, str(path))
    for text in dict.fromkeys(_STRING.findall(source.text if source else "")):
        if any(sign in text for sign in "*?"):
            yield from islice(_matching(path.parent, text), MOST)
        # One that isn't there may come; a string without an ending is mostly something else.
        elif Path(text).suffix or (path.parent / text).is_file():
            yield path.parent / text


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from folder.glob(pattern)
    except (OSError, ValueError, NotImplementedError):
        return
