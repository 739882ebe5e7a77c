"""The tokenizer `train_bpe`: byte-level byte pair encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ...api import Facts, FactsOf, Field, Place, Work
from .roles import ids_of
from .texts import Learned, Texts

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BYTES = 256


class TrainBpe(Learned):
    """Train a byte-level BPE tokenizer (Sennrich et al. 2016; Radford et al. 2019).

    Every text can be encoded and comes back to the byte, since the 256 bytes are tokens. Special tokens are
    `<|end|>`, `<|mask|>` and `<|pad|>`, and those that are asked for; a text that holds these strings is encoded as text. A mixture counts by its
    weights, in bytes. The same texts give the same tokenizer.
    """

    name: ClassVar[str] = "train_bpe"
    example: ClassVar[str] = "train_bpe(novels.train, vocab_size = 8Ki)"

    vocab_size: int = Field(8192, ge=1, description="Tokens in all: bytes, merges and special tokens")
    min_count: int = Field(2, ge=1, description="A pair that is rarer is not merged")

    def check(self, place: Place) -> None:
        super().check(place)
        if self.vocab_size < self.least:
            values = {"vocab_size": self.vocab_size, "least": self.least}
            place.error("vocab_size", "L0670", values, help="L0670.help")

    @property
    def least(self) -> int:
        """The tokens that it has without a merge."""
        return BYTES + len(self.reserved)

    def most_tokens(self, size: int) -> int | None:
        # Each merge makes of `min_count` pairs or more one token each.
        return self.least + size // self.min_count

    def facts(self, inputs: FactsOf) -> Facts:
        # As asked; a text with too few different words can give fewer, which the run then tells.
        return {"vocab_size": self.vocab_size, "roles": {role: number for number, role in enumerate(self.reserved)}}

    def learn(self, texts: Texts, work: Work) -> tuple[Tokenizer, dict[str, int]]:
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        if (normalizer := self.normalizer()) is not None:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=self.vocab_size,
            min_frequency=self.min_count,
            special_tokens=[AddedToken(token, special=True, normalized=False) for token in self.reserved.values()],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        if (reached := tokenizer.get_vocab_size()) < self.vocab_size:
            work.progress.log("tokenizer.smaller", asked=self.vocab_size, reached=reached)
        return tokenizer, ids_of(tokenizer, self.reserved)
