"""Text as it comes."""

from __future__ import annotations

import random

import pytest
from llx.runtime.training.continuation import Continuation
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = "吾輩は猫である。名前はまだ無い。 The whale, it seems, isn't there. 🐋 naïve\n"


@pytest.fixture(scope="module")
def byte_level() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=280, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(["the whale is there"], trainer)
    return tokenizer


@pytest.fixture(scope="module")
def sentencepiece_like() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.train_from_iterator([TEXT], trainers.BpeTrainer(vocab_size=60, special_tokens=["?"]))
    return tokenizer


def told(tokenizer: Tokenizer, text: str, stop: tuple[str, ...] = (), prompt: int = 0) -> list[str]:
    """Give the pieces of a text whose tokens come one by one, behind so many of them that are the prompt."""
    tokens = tokenizer.encode(text).ids
    continuation = Continuation(tokenizer, tokens[:prompt], stop)
    pieces = []
    for token in tokens[prompt:]:
        pieces.append(continuation.add(token))
        if continuation.stopped:
            break
    pieces.append(continuation.close())
    assert "".join(pieces) == continuation.text
    return [piece for piece in pieces if piece]


def test_a_character_of_three_tokens_comes_once_and_whole(byte_level: Tokenizer) -> None:
    assert len(byte_level.encode("猫").ids) == 3
    assert told(byte_level, "猫である") == ["猫", "で", "あ", "る"]


@pytest.mark.parametrize("name", ["byte_level", "sentencepiece_like"])
@pytest.mark.parametrize("prompt", [0, 3, 5])
def test_the_pieces_are_the_text(name: str, prompt: int, request: pytest.FixtureRequest) -> None:
    tokenizer: Tokenizer = request.getfixturevalue(name)
    pieces = told(tokenizer, TEXT, prompt=prompt)
    tokens = tokenizer.encode(TEXT).ids
    assert "".join(pieces) == tokenizer.decode(tokens)[len(tokenizer.decode(tokens[:prompt])) :]
    assert len(pieces) > 4


def test_bytes_that_never_become_a_character_come_at_the_end(byte_level: Tokenizer) -> None:
    continuation = Continuation(byte_level, [])
    begun = byte_level.encode("猫").ids[:2]
    assert [continuation.add(token) for token in begun] == ["", ""]
    assert continuation.close() == "\ufffd"


def test_any_bytes_give_what_the_tokenizer_gives(byte_level: Tokenizer) -> None:
    draw = random.Random(0)
    for _ in range(50):
        tokens = [draw.randrange(byte_level.get_vocab_size()) for _ in range(40)]
        continuation = Continuation(byte_level, tokens[:3])
        for token in tokens[3:]:
            continuation.add(token)
        continuation.close()
        whole, before = byte_level.decode(tokens), byte_level.decode(tokens[:3])
        if not before.endswith("\ufffd"):
            assert continuation.text == whole[len(before) :]


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        (("seems",), "The whale, it "),
        (("e, it se", "ms"), "The whal"),
        (("猫", "nowhere"), "The whale, it seems, isn't there. 🐋"),
        (("T",), ""),
        ((". 🐋!", "sn't the!"), "The whale, it seems, isn't there. 🐋"),
        (("isn't there. 🐋",), "The whale, it seems, "),
    ],
)
def test_nothing_of_what_it_stops_at_is_told(byte_level: Tokenizer, stop: tuple[str, ...], expected: str) -> None:
    assert "".join(told(byte_level, "The whale, it seems, isn't there. 🐋", stop)) == expected
