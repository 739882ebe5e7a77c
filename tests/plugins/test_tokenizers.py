"""Tokenizers: nothing is lost, nothing becomes special by accident, the same texts give the same bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llx.plugins.api import Interrupted, TokenizerTask
from llx.plugins.builtin.data.mix import Mix
from llx.plugins.builtin.data.text import TextFiles
from llx.plugins.builtin.tokenizer.characters import Characters
from llx.plugins.builtin.tokenizer.load_tokenizer import LoadTokenizer
from llx.plugins.builtin.tokenizer.roles import SPECIAL
from llx.plugins.builtin.tokenizer.train_bpe import TrainBpe
from llx.plugins.builtin.tokens import open_tokenizer
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from .work import Lab, Log

TEXTS = "吾輩は猫である。名前はまだ無い。\nThe whale, the whale!\n<|end|> is no end\nどこで生れたか見当がつかぬ。\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab(tmp_path_factory.mktemp("lab"))
    (lab.root / "a.txt").write_text(TEXTS * 3, encoding="utf-8")
    return lab


@pytest.fixture(scope="module")
def opened(lab: Lab) -> dict[str, Tokenizer]:
    data = TextFiles(path="a.txt", separator="\n").default()
    return {
        "bpe": open_tokenizer(lab.folder(TrainBpe(data=data, vocab_size=300))),
        "characters": open_tokenizer(lab.folder(Characters(data=data))),
    }


@pytest.mark.parametrize("name", ["bpe", "characters"])
@settings(max_examples=100, deadline=None)
@given(text=st.text())
def test_every_text_comes_back(opened: dict[str, Tokenizer], name: str, text: str) -> None:
    ids = opened[name].encode(text, add_special_tokens=False).ids
    assert opened[name].decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("name", ["bpe", "characters"])
def test_text_never_becomes_special(opened: dict[str, Tokenizer], name: str) -> None:
    tokenizer = opened[name]
    special = {tokenizer.token_to_id(token) for token in SPECIAL.values()}
    for text in ("<|end|>", "a<|mask|>b", "<|pad|><|pad|>", " <|end|> ", "<0x41>"):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert not special & set(ids), text
        assert tokenizer.decode(ids, skip_special_tokens=False) == text


@pytest.mark.parametrize("make", [lambda data: TrainBpe(data=data, vocab_size=300), lambda data: Characters(data=data)])
def test_facts_are_those_of_the_tokenizer(lab: Lab, make: Any) -> None:
    task: TokenizerTask = make(TextFiles(path="a.txt", separator="\n").default())
    facts = lab.run(task)
    tokenizer = open_tokenizer(lab.folder(task))
    assert facts["vocab_size"] == tokenizer.get_vocab_size()
    assert facts["roles"] == {role: tokenizer.token_to_id(token) for role, token in SPECIAL.items()}
    foreseen = lab(task)
    assert foreseen == {key: facts[key] for key in foreseen}
    assert max(tokenizer.get_vocab().values()) == facts["vocab_size"] - 1


def test_more_special_tokens_are_there_when_they_are_asked_for(lab: Lab) -> None:
    data = TextFiles(path="a.txt", separator="\n").default()
    middle = ["fim_prefix", "fim_suffix", "fim_middle"]
    for make in (
        lambda **more: TrainBpe(data=data, vocab_size=300, **more),
        lambda **more: Characters(data=data, **more),
    ):
        task = make(sentinels=2, fill_in_middle=True)
        facts, tokenizer = lab.run(task), open_tokenizer(lab.folder(task))
        assert (
            list(facts["roles"]) == [*SPECIAL, "sentinel_0", "sentinel_1", *middle] == list(task.known_roles(lab.root))
        )
        assert [tokenizer.id_to_token(facts["roles"][role]) for role in middle] == [f"<|{role}|>" for role in middle]
        assert tokenizer.decode(tokenizer.encode("<|sentinel_0|>").ids) == "<|sentinel_0|>"
        plain = lab.run(make())
        assert list(plain["roles"]) == list(SPECIAL)
        if isinstance(task, Characters):
            assert facts["vocab_size"] == plain["vocab_size"] + 5


def test_loading_knows_the_sentinels_of_t5_and_adds_none_unasked(lab: Lab) -> None:
    file = stored(lab, "t5.json", ["</s>", "<pad>", "<extra_id_0>", "<extra_id_1>", "<fim_middle>"])
    task = LoadTokenizer(file=file)
    facts, tokenizer = lab.run(task), open_tokenizer(lab.folder(task))
    assert facts["roles"]["sentinel_1"] == tokenizer.token_to_id("<extra_id_1>")
    assert set(facts["roles"]) == {"end", "mask", "pad", "sentinel_0", "sentinel_1", "fim_middle"}
    assert set(task.known_roles(lab.root) or ()) == set(facts["roles"])
    more = LoadTokenizer(file=file, sentinels=3, fill_in_middle=True)
    added = lab.run(more)
    assert added["roles"] | facts["roles"] == added["roles"]
    assert {"sentinel_2", "fim_prefix", "fim_suffix"} <= set(added["roles"]) == set(more.known_roles(lab.root) or ())
    assert added["vocab_size"] == facts["vocab_size"] + 3 == more.known_vocab_size(lab.root)


def test_training_is_the_same_in_every_process(lab: Lab) -> None:
    script = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from pathlib import Path; from tests.plugins.work import Lab\n"
        "from llx.plugins.builtin.data.text import TextFiles; from llx.plugins.builtin.tokenizer.train_bpe import TrainBpe\n"
        "lab = Lab(Path(sys.argv[1])); task = TrainBpe(data=TextFiles(path='a.txt').default(), vocab_size=320)\n"
        "import hashlib; print(hashlib.sha256((lab.folder(task) / 'tokenizer.json').read_bytes()).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    digests = set()
    for number, threads in enumerate(("1", "2", "2")):
        folder = lab.root / f"process{number}"
        folder.mkdir()
        (folder / "a.txt").write_text(TEXTS * 50, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", script, str(folder), "-", str(root), *sys.path],
            capture_output=True,
            text=True,
            env={"RAYON_NUM_THREADS": threads, "PYTHONHASHSEED": str(number)},
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


def test_too_small_a_vocabulary_and_no_text(lab: Lab) -> None:
    data = TextFiles(path="a.txt").default()
    assert lab.problems(TrainBpe(data=data, vocab_size=100)) == [("vocab_size", "L0670")]
    assert lab.problems(Characters(data=data, vocab_size=100)) == [("vocab_size", "L0670")]
    assert lab.problems(TrainBpe(data=data, column="body")) == [("column", "L0640")]


def test_a_text_that_gives_fewer_tokens_is_told(lab: Lab) -> None:
    task = TrainBpe(data=TextFiles(path="a.txt").default(), vocab_size=5000)
    assert lab.run(task)["vocab_size"] < 5000
    assert lab.log.lines[-1][0] == "tokenizer.smaller"


def test_a_mixture_counts_by_weight(lab: Lab) -> None:
    (lab.root / "small.txt").write_text("\n".join(f"zq{number}" for number in range(50)))
    (lab.root / "large.txt").write_text("\n".join(f"the words of number {number}" for number in range(500)))
    sources = {name: TextFiles(path=f"{name}.txt", separator="\n").default() for name in ("small", "large")}
    mixed = Mix(sources=sources, weights={"small": 1, "large": 1}).default()
    facts = lab.run(TrainBpe(data=mixed, vocab_size=300))["sources"]
    assert abs(facts["small"]["share"] - 0.5) < 0.03
    assert facts["small"]["repeated"] > 10
    assert facts["large"]["repeated"] < 1


def test_normalisation(lab: Lab) -> None:
    (lab.root / "wide.txt").write_text("ＡＢＣ ﾈｺ", encoding="utf-8")
    data = TextFiles(path="wide.txt").default()
    for task in (TrainBpe(data=data, vocab_size=300, normalise="nfkc"), Characters(data=data, normalise="nfkc")):
        tokenizer = open_tokenizer(lab.folder(task))
        assert tokenizer.decode(tokenizer.encode("ＡＢＣ ﾈｺ").ids) == "ABC ネコ"


def test_the_most_frequent_characters(lab: Lab) -> None:
    task = Characters(data=TextFiles(path="a.txt").default(), vocab_size=261)
    assert lab.run(task)["vocab_size"] == 261
    tokenizer = open_tokenizer(lab.folder(task))
    assert tokenizer.decode(tokenizer.encode(TEXTS).ids) == TEXTS


def stored(lab: Lab, name: str, specials: list[str]) -> str:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=["[UNK]", *specials], show_progress=False)
    tokenizer.train_from_iterator([TEXTS], trainer)
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=64)
    tokenizer.save(str(lab.root / name))
    return name


def test_loading_finds_the_roles_and_adds_what_is_missing(lab: Lab) -> None:
    task = LoadTokenizer(file=stored(lab, "bert.json", ["[PAD]", "[SEP]", "[MASK]"]))
    facts = lab.run(task)
    tokenizer = open_tokenizer(lab.folder(task))
    assert [tokenizer.id_to_token(facts["roles"][role]) for role in ("end", "mask", "pad")] == [
        "[SEP]",
        "[MASK]",
        "[PAD]",
    ]
    # The truncation and padding of the file would cut every text.
    assert len(tokenizer.encode("The whale the whale the whale").ids) == 6
    bare = LoadTokenizer(file=stored(lab, "bare.json", []))
    facts = lab.run(bare)
    assert facts["vocab_size"] == open_tokenizer(lab.folder(bare)).get_vocab_size()
    assert len(set(facts["roles"].values())) == 3
    assert any(line[0] == "tokenizer.added" for line in lab.log.lines)


def test_named_roles(lab: Lab) -> None:
    file = stored(lab, "named.json", ["[STOP]", "[SEP]"])
    task = LoadTokenizer(file=file, end="[STOP]")
    facts = lab.run(task)
    assert open_tokenizer(lab.folder(task)).id_to_token(facts["roles"]["end"]) == "[STOP]"
    assert lab.problems(LoadTokenizer(file=file, pad="[NONE]")) == [("pad", "L0673")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"model": 3}',
        b"\x80\x04pickle",
        b"[" * 100_000,
        json.dumps({"model": {"type": "X"}}).encode(),
    ],
)
def test_what_is_no_tokenizer(lab: Lab, content: bytes) -> None:
    (lab.root / "no.json").write_bytes(content)
    task = LoadTokenizer(file="no.json")
    assert lab.failure(task).code == "L0671"
    assert all(field == "file" for field, _ in lab.problems(task))


def test_text_that_a_model_takes_for_special_is_told(lab: Lab) -> None:
    tokenizer = Tokenizer(models.Unigram([("<unk>", 0.0), ("</s>", 0.0), ("a", -1.0)], unk_id=0))
    tokenizer.add_special_tokens(["</s>"])
    tokenizer.save(str(lab.root / "unigram.json"))
    lab.run(LoadTokenizer(file="unigram.json"))
    assert lab.log.lines[-1] == ("tokenizer.literal", {"tokens": ["</s>"]})


def test_an_interruption_ends_the_training(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    data = TextFiles(path="a.txt", separator="\n")
    lab.run(data)

    def stop(log: Log, done: float, total: float | None = None, **figures: float) -> None:
        raise Interrupted

    monkeypatch.setattr(Log, "__call__", stop)
    for task in (TrainBpe(data=data.default(), vocab_size=280), Characters(data=data.default())):
        with pytest.raises(Interrupted):
            lab.run(task)
