"""The tokenizer `characters`: a token for each character."""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

from ...api import Field, Place, Work
from .roles import add_special
from .texts import Learned, Texts

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BYTES = 256


class Characters(Learned):
    """Make each character of the data a token.

    A character that the data doesn't have is encoded as its UTF-8 bytes, which are tokens too, so that every text
    comes back as it was. Special tokens are `<|end|>`, `<|mask|>` and `<|pad|>`, and those that are asked for.
    """

    name: ClassVar[str] = "characters"
    example: ClassVar[str] = "characters(novels.train)"

    vocab_size: int | None = Field(
        None, ge=1, description="Tokens in all, the most frequent characters first; none takes every character"
    )

    def check(self, place: Place) -> None:
        super().check(place)
        if self.vocab_size is not None and self.vocab_size < self.least:
            values = {"vocab_size": self.vocab_size, "least": self.least}
            place.error("vocab_size", "L0670", values, help="L0670.help")

    @property
    def least(self) -> int:
        """The tokens that it has without a character."""
        return BYTES + len(self.reserved)

    def learn(self, texts: Texts, work: Work) -> tuple[Tokenizer, dict[str, int]]:
        from tokenizers import Tokenizer, decoders, models

        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(unicodedata.normalize(self.normalise.upper(), text) if self.normalise else text)  # type: ignore[arg-type]
        ranked = sorted(counts, key=lambda character: (-counts[character], character))
        if self.vocab_size is not None:
            ranked = ranked[: self.vocab_size - self.least]
        tokens = [*self.reserved.values(), *(f"<0x{byte:02X}>" for byte in range(BYTES)), *ranked]
        # A BPE without merges leaves single characters, and knows how to fall back to bytes.
        tokenizer = Tokenizer(
            models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=[], byte_fallback=True)
        )
        if (normalizer := self.normalizer()) is not None:
            tokenizer.normalizer = normalizer
        tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
        return tokenizer, add_special(tokenizer, self.reserved)
