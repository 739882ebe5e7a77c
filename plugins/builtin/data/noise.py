"""Ways in which a text is changed a little: words left out or swapped, another case, another width, no punctuation.

Deletion and swaps are those of EDA (Wei & Zou 2019, arXiv:1901.11196). All rates are shares of words, but for punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from random import Random

from ....dsl.record import Record

_SCRIPTS = ("一-鿿㐀-䶿々〆", "ぁ-ゖゝゞ", "ァ-ヺーヽヾｦ-ﾟ")
"""Kanji, hiragana, katakana: without blanks between words, a word is taken to end where the script changes."""
_OTHER = rf"(?:(?![{''.join(_SCRIPTS)}])\w)+"
_PIECES = re.compile(rf"{'|'.join(f'[{script}]+' for script in _SCRIPTS)}|{_OTHER}(?:['’]{_OTHER})*|\s+|.", re.DOTALL)

_HALF = [chr(code) for code in range(0xFF66, 0xFF9E)]
_VOICED = [base + mark for base in _HALF for mark in "ﾞﾟ" if len(unicodedata.normalize("NFKC", base + mark)) == 1]
_WIDER = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_NARROWER: dict[int, int | str] = {wide: narrow for narrow, wide in _WIDER.items()}
_NARROWER |= {ord(unicodedata.normalize("NFKC", half)): half for half in (*_HALF, *_VOICED)}


class Noise(Record):
    """How much of a text is changed, and by what."""

    delete: float = 0.0
    swap: float = 0.0
    case: float = 0.0
    width: float = 0.0
    punctuation: float = 0.0

    def of(self, text: str, random: Random) -> str:
        """Give a changed text."""
        pieces = _PIECES.findall(text)
        self._swap(pieces, random)
        self._delete(pieces, random)
        self._change(pieces, self.case, _other_case, random)
        self._change(pieces, self.width, _other_width, random)
        if self.punctuation:
            pieces = [piece for piece in pieces if not (_is_punctuation(piece) and random.random() < self.punctuation)]
        return "".join(pieces)

    def _swap(self, pieces: list[str], random: Random) -> None:
        words = _words(pieces)
        for one in words if len(words) > 1 else ():
            if random.random() < self.swap:
                other = random.choice(words)
                pieces[one], pieces[other] = pieces[other], pieces[one]

    def _delete(self, pieces: list[str], random: Random) -> None:
        """Leave words out, each with a blank beside it; one word stays."""
        words = _words(pieces)
        chosen = [place for place in words if random.random() < self.delete]
        if chosen and len(chosen) == len(words):
            chosen.remove(random.choice(chosen))
        for place in chosen:
            pieces[place] = ""
            beside = place + 1 if place + 1 < len(pieces) else place - 1
            if 0 <= beside < len(pieces) and pieces[beside].isspace():
                pieces[beside] = ""

    @staticmethod
    def _change(pieces: list[str], rate: float, change: Callable[[str], str], random: Random) -> None:
        for place in _words(pieces) if rate else ():
            if random.random() < rate:
                pieces[place] = change(pieces[place])


def _words(pieces: list[str]) -> list[int]:
    """Give the places of words."""
    return [place for place, piece in enumerate(pieces) if piece and (piece[0].isalnum() or piece[0] == "_")]


def _other_case(word: str) -> str:
    return word.lower() if word != word.lower() else word.capitalize()


def _other_width(word: str) -> str:
    """Write full-width letters and kana half, and half-width ones full."""
    if any(ord(letter) in _WIDER for letter in word):
        return word.translate(_WIDER)
    if any(letter in _HALF for letter in word):
        return unicodedata.normalize("NFKC", word)
    return word.translate(_NARROWER)


def _is_punctuation(piece: str) -> bool:
    return len(piece) == 1 and unicodedata.category(piece).startswith("P")
