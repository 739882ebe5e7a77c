"""Layout, comments, order and names don't change what a file means."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from .fake import program

STATEMENTS = [
    ["experiment", "e", "{", "seed", "=", "width", "/", "16", "}"],
    ["param", "width", ":", "int", "=", "128"],
    ["data", "d", "=", "mix", "{", "sources", "=", "{", "}", "}", "|>", "clean", "(", "min_chars", "=", "3", ")"],
    ["tokenizer", "t", "=", "train_bpe", "(", "d", ",", "vocab_size", "=", "1Ki", ")"],
    ["model", "m", "=", "decoder", "{", "hidden_size", "=", "width", ",", "heads", "=", "width", "/", "32", "}"],
    ["stage", "s", "=", "train", "{", "model", "=", "m", ",", "tokenizer", "=", "t", ",", "data", "=", "d", "}"],
    ["stage", "v", "=", "s", "with", "{", "optimizer.lr", "=", "2", "*", "0.1", ",", "budget", "=", "3 h", "}"],
]  # fmt: skip


def meaning(text: str) -> dict[str, Any]:
    result = program(text)
    values = {name: declared.value.plain() for name, declared in sorted(result.declarations.items())}
    return values | {"experiment": result.settings.plain()}


PLAIN = meaning("\n".join(" ".join(tokens) for tokens in STATEMENTS))


def written(draw: st.DrawFn, tokens: list[str]) -> str:
    text = ""
    depth: list[str] = []
    for n, token in enumerate(tokens):
        if token in "({":
            depth.append(token)
        if token in ")}":
            depth.pop()
        text += token
        after = tokens[n + 1] if n + 1 < len(tokens) else ""
        gaps = [" ", "  ", "\t"]
        # Newlines mean nothing inside round brackets, may follow `=` and operators, and stand before `|>`.
        if (depth and depth[-1] == "(") or token in ("=", "/", "*", "{") or after == "|>" or after == "}":
            gaps += ["\n", " # a comment\n", "\n\n\t"]
        if token == "," and depth[-1] == "{":
            text = text[:-1] + draw(st.sampled_from([",", "\n", ",\n", " # one\n  "]))
        text += draw(st.sampled_from(gaps)) if after else ""
    return text


@st.composite
def layouts(draw: st.DrawFn) -> str:
    order = draw(st.permutations(STATEMENTS))
    ends = st.sampled_from(["\n", "\n\n", " # end\n", "\r\n", "\n## about what follows\n"])
    return "".join(written(draw, tokens) + draw(ends) for tokens in order)


@settings(max_examples=30, deadline=None)
@given(layouts())
def test_layout_comments_and_order_mean_nothing(text: str) -> None:
    assert meaning(text) == PLAIN


@settings(max_examples=20, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["width", "d", "t", "m", "s", "v"]), st.from_regex(r"[a-z]{3}_[0-9]", fullmatch=True)
    )
)
def test_names_mean_nothing(names: dict[str, str]) -> None:
    if len(set(names.values())) < len(names):
        return
    renamed = [[names.get(token, token) for token in tokens] for tokens in STATEMENTS]
    found = meaning("\n".join(" ".join(tokens) for tokens in renamed))
    assert found == {names.get(name, name): value for name, value in PLAIN.items()}


def test_a_number_means_the_same_however_it_is_written() -> None:
    for written_so in ("1024", "1Ki", "1_024", "512 * 2", "1.024k"):
        found = program(f"tokenizer t = train_bpe(x, vocab_size = {written_so})\ndata x = mix {{ sources = {{}} }}")
        assert found.declarations["t"].value.vocab_size == 1024
