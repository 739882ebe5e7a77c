"""Turns tokens into text as they come: no character before all of its bytes are there, nothing of a text to stop at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_UNFINISHED = "\ufffd"
"""What a tokenizer gives for bytes that are no whole character (yet)."""


class Continuation:
    """The text that follows a prompt's tokens."""

    def __init__(self, tokenizer: Tokenizer, prompt: Sequence[int], stop: Sequence[str] = ()) -> None:
        self.tokenizer, self.stop = tokenizer, [text for text in stop if text]
        self.text = ""
        """What is certain: it only grows."""
        self._tokens = list(prompt)
        # Tokens are decoded with those before them, because of what a tokenizer does at the start of a text. The tokens
        # from `_context` to `_decoded` are the ones before; their text is out already.
        self._context, self._decoded = 0, len(self._tokens)
        self._held = ""
        """The end of what is decoded, where a text to stop at may have begun."""

    def add(self, token: int) -> str:
        """Take in a token; give the text that has become certain, often a word, sometimes nothing."""
        self._tokens.append(token)
        text = self._fresh()
        if not text or text.endswith(_UNFINISHED):
            return ""
        return self._take(text)

    @property
    def stopped(self) -> bool:
        """Tell whether a text to stop at has come."""
        return any(stop in self._held for stop in self.stop)

    def close(self) -> str:
        """End the text; give what was held back."""
        rest = self._take(self._fresh())
        held, self._held = self._held, ""
        if places := [held.index(stop) for stop in self.stop if stop in held]:
            held = held[: min(places)]
        self.text += held
        return rest + held

    def _fresh(self) -> str:
        """Give the text of the tokens that were not decoded yet."""
        before = self._decode(self._tokens[self._context : self._decoded])
        return self._decode(self._tokens[self._context :])[len(before) :]

    def _take(self, text: str) -> str:
        """Add decoded text; give what of it no text to stop at can begin in."""
        if self.stopped:
            return ""
        self._context, self._decoded = self._decoded, len(self._tokens)
        self._held += text
        kept = len(self._held) if self.stopped else max((_begun(self._held, stop) for stop in self.stop), default=0)
        certain = self._held[: len(self._held) - kept]
        self._held = self._held[len(certain) :]
        self.text += certain
        return certain

    def _decode(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=True)


def _begun(text: str, stop: str) -> int:
    """Give how many characters at the end of a text are the beginning of another."""
    return next((size for size in range(min(len(stop), len(text)), 0, -1) if text.endswith(stop[:size])), 0)
