"""`llx generate FILE STAGE [PROMPT…]`: let a trained stage go on with texts."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options, output
from .guard import FINE, INTERRUPTED

if TYPE_CHECKING:
    from ...plugins.registry import Registry
    from ...plugins.values import Decoding
    from ..training.generate import Author, Written


@click.command(
    epilog="Without prompts, each line of the standard input is one; in a terminal you are asked for them. Ctrl-C ends "
    "a text. STAGE may name a checkpoint: pretrain.last. `llx components decoding` lists the decodings."
)
@options.trained
@click.argument("prompts", nargs=-1, metavar="[PROMPT]...")
@click.option("--decoding", metavar="TEXT", help="How tokens are chosen, as a file would say it.")
@click.option("--chat", is_flag=True, help="Take the prompts for what is said in one conversation, turn by turn.")
@click.option("--seed", type=click.IntRange(min=0), help="Another seed than the file's.")
@options.as_json
def command(
    file: Path,
    stage: str,
    prompts: tuple[str, ...],
    decoding: str | None,
    chat: bool,
    seed: int | None,
    params: tuple[str, ...],
    store: Path | None,
    as_json: bool,
) -> int:
    from .trained import using

    asked = not prompts and sys.stdin.isatty()
    # A pipe that gives nothing asks for what a text without a beginning does: one from nothing.
    given = prompts or (() if asked else tuple(line.rstrip("\r\n") for line in sys.stdin) or ("",))
    with using(file, params, stage, store, gives="text") as trained:
        from ..training.generate import opened

        chosen = decoding_of(trained.registry, decoding)
        if seed is not None:
            trained.work.changed["seed"] = seed
        with opened(trained.checkpoint, trained.work) as author:
            if chat:
                talk = Conversation(author, chosen, as_json, trained.name)
                return converse(talk) if asked else max(map(talk, given))
            if asked:
                return converse(lambda prompt: write(author, [prompt], chosen, as_json))
            return write(author, given, chosen, as_json)


def converse(answer: Callable[[str], int]) -> int:
    """Ask for prompts until there are no more (Ctrl-D, or Ctrl-C instead of one)."""
    import contextlib
    import importlib

    with contextlib.suppress(ImportError):
        importlib.import_module("readline")  # lets a line be edited, and the ones before be had again
    while True:
        try:
            prompt = input("> ")
        except (EOFError, KeyboardInterrupt):
            click.echo()
            return FINE
        answer(prompt)
        click.echo()


class Conversation:
    """A conversation with a model: each prompt is a turn of the user, and what was said before is read again."""

    def __init__(self, author: Author, decoding: Decoding, as_json: bool, stage: str) -> None:
        from dataclasses import replace

        from ...plugins.component import TaskFailed

        writing = author.writing.in_chat()
        if writing is None:
            raise TaskFailed("cli.gives.chat", {"objective": author.writing.name, "stage": stage})
        self.author, self.decoding, self.as_json = replace(author, writing=writing), decoding, as_json
        self.turns: list[dict[str, str]] = []

    def __call__(self, said: str) -> int:
        """Answer what is said; what is interrupted stays a part of the conversation."""
        self.turns.append({"role": "user", "content": said})
        answer: list[str] = []
        show = InOrder([said if self.as_json else self.author.writing.shown(said)], self.as_json)

        def hear(index: int, piece: str, written: Written | None) -> None:
            answer.append(piece)
            show(index, piece, written)

        code = FINE
        try:
            self.author.write([json.dumps(self.turns, ensure_ascii=False)], self.decoding, hear)
        except KeyboardInterrupt:
            code = INTERRUPTED
            click.echo()
        # A turn that says nothing is none that a template could write.
        self.turns.append({"role": "assistant", "content": "".join(answer).strip() or "…"})
        return code


def write(author: Author, prompts: Sequence[str], decoding: Decoding, as_json: bool) -> int:
    """Show what is written behind prompts as it comes; what was written stays when it is interrupted."""
    show = InOrder(prompts if as_json else [author.writing.shown(prompt) for prompt in prompts], as_json)
    began = time.monotonic()
    try:
        written = author.write(prompts, decoding, show)
    except KeyboardInterrupt:
        if not as_json:
            click.echo()
        return INTERRUPTED
    if not as_json and sys.stdout.isatty() and sys.stderr.isatty():
        from ..words import say

        tokens, seconds = sum(one.tokens for one in written), max(time.monotonic() - began, 1e-9)
        said = say("cli.generate.speed", tokens=f"{tokens:,}", speed=f"{tokens / seconds:,.0f}")
        click.echo(output.style(said, dim=True), err=True)
    return FINE


class InOrder:
    """Shows texts one below the other, the first that isn't finished as it comes; those after it wait for their turn."""

    def __init__(self, prompts: Sequence[str], as_json: bool) -> None:
        self.prompts, self.as_json = prompts, as_json
        self._turn = 0
        self._begun = False
        self._pieces: dict[int, list[str]] = {}
        self._written: dict[int, Written] = {}

    def __call__(self, index: int, piece: str, written: Written | None) -> None:
        self._pieces.setdefault(index, []).append(piece)
        if written is not None:
            self._written[index] = written
        while self._turn in self._pieces and self._show(self._turn):
            self._turn, self._begun = self._turn + 1, False

    def _show(self, index: int) -> bool:
        """Show what has come of a text; tell whether that was its end."""
        written = self._written.get(index)
        if self.as_json:
            if written is not None:
                line: dict[str, object] = {"prompt": self.prompts[index], "text": written.text}
                line |= {"tokens": written.tokens, "ended": written.ended}
                click.echo(
                    json.dumps(line | ({} if written.score is None else {"score": written.score}), ensure_ascii=False)
                )
            return written is not None
        if not self._begun:
            self._begun = True
            click.echo(("\n" if index else "") + output.style(shown(self.prompts[index]), bold=True), nl=False)
        pieces = self._pieces[index]
        # click flushes what it writes.
        click.echo(shown("".join(pieces)), nl=written is not None)
        pieces.clear()
        return written is not None


def shown(text: str) -> str:
    """Give a text for stdout: as it is for a program, and without what would steer a terminal for people."""
    from ...dsl.diagnostics.words import visible

    return "\n".join(map(visible, text.split("\n"))) if sys.stdout.isatty() else text


def decoding_of(registry: Registry, written: str | None) -> Decoding:
    """Give the decoding that is written, or the one that is meant when none is."""
    from ...plugins.builtin.decoding import DEFAULT

    if written is None:
        return DEFAULT
    from ...dsl.check import check
    from ...dsl.source import Source

    # A file of one declaration: what may stand there, and what is wrong with it, is the language's to say.
    source = Source("--decoding", f"experiment generate {{}}\ndecoding chosen = {written}")
    found = check(source, registry, root=Path.cwd())
    if output.report([one for one in found.diagnostics if one.is_error]) or found.program is None:
        raise click.exceptions.Exit(1)
    value: Decoding = found.program.declarations["chosen"].value
    return value
