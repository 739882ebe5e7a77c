"""A tree that is printed and parsed again is the same tree, whatever it holds and however it is laid out."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from llx.dsl.parser import parse, parse_expression
from llx.dsl.quantities import BASE_UNIT, Quantity
from llx.dsl.source import Source, Span
from llx.dsl.syntax import (
    Binary,
    Block,
    Call,
    Conditional,
    Declaration,
    Entry,
    Expression,
    Let,
    List,
    Literal,
    Param,
    Path,
    Pipe,
    Segment,
    Statement,
    String,
    Unary,
    With,
)
from llx.dsl.tokens import RESERVED, STATEMENT_WORDS

from .printing import print_statement, value, without_spans

NOWHERE = Span(Source("", ""), 0, 0)
KEYS = st.sampled_from(["a", "b_2", "lr", "小説", "naïve", "_x", "if", "with", "true", "use", "let", "as", "steps"])
NAMES = KEYS.filter(lambda name: name not in RESERVED)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda text: text.replace("\r", ""))


def segment(name: str, is_key: bool = False) -> Segment:
    return Segment(NOWHERE, name, is_key)


def normal(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text)


numbers = st.one_of(
    st.integers(0, 10**30), st.floats(0, allow_infinity=False, allow_nan=False, allow_subnormal=False)
).map(lambda n: float(n) if isinstance(n, float) and n >= 2**53 else n)
literals = st.one_of(
    numbers, st.booleans(), st.none(), st.builds(Quantity, st.integers(0, 10**9), st.sampled_from(sorted(BASE_UNIT)))
).map(lambda of: Literal(NOWHERE, of))
steps = st.one_of(KEYS.map(segment), TEXTS.map(lambda text: segment(normal(text), True)))
paths = st.tuples(NAMES.map(segment), st.lists(steps, max_size=2)).map(lambda p: Path(NOWHERE, (p[0], *p[1])))
plain_paths = st.lists(NAMES.map(segment), min_size=1, max_size=3).map(lambda p: Path(NOWHERE, tuple(p)))
strings = st.one_of(TEXTS, st.tuples(TEXTS.filter(bool), plain_paths, TEXTS.filter(bool)).map(list)).map(
    lambda parts: String(NOWHERE, tuple(parts) if isinstance(parts, list) else (parts,))
)


def entries(values: st.SearchStrategy[Expression], dotted: bool = False) -> st.SearchStrategy[tuple[Entry, ...]]:
    one = st.one_of(KEYS.map(segment), TEXTS.map(lambda text: segment(normal(text), True))).map(lambda key: (key,))
    many = st.lists(KEYS.map(segment), min_size=1, max_size=3).map(tuple)
    entry = st.builds(lambda key, of: Entry(NOWHERE, key, of), many if dotted else one, values)
    return st.lists(entry, max_size=3).map(tuple)


def blocks(values: st.SearchStrategy[Expression], dotted: bool = False) -> st.SearchStrategy[Block]:
    return entries(values, dotted).map(lambda e: Block(NOWHERE, e))


def calls(values: st.SearchStrategy[Expression]) -> st.SearchStrategy[Call]:
    named = st.lists(st.builds(lambda k, of: Entry(NOWHERE, (segment(k),), of), KEYS, values), max_size=2).map(tuple)
    return st.builds(
        lambda path, positional, named, block: Call(NOWHERE, path, tuple(positional), named, block),
        paths,
        st.lists(values, max_size=2),
        named,
        st.one_of(st.none(), blocks(values)),
    )


def bigger(values: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    operators = ["or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"]
    return st.one_of(
        st.lists(values, max_size=3).map(lambda items: List(NOWHERE, tuple(items))),
        blocks(values),
        calls(values),
        st.builds(lambda of, call: Pipe(NOWHERE, of, call), values, st.one_of(paths, calls(values))),
        st.builds(lambda base, block: With(NOWHERE, base, block), values, blocks(values, dotted=True)),
        st.builds(lambda sign, of: Unary(NOWHERE, sign, of), st.sampled_from(["-", "+", "not"]), values),
        st.builds(lambda sign, a, b: Binary(NOWHERE, sign, a, b), st.sampled_from(operators), values, values),
        st.builds(lambda a, b, c: Conditional(NOWHERE, a, b, c), values, values, values),
    )


expressions = st.recursive(st.one_of(literals, paths, strings), bigger, max_leaves=12)
statements = st.one_of(
    st.builds(lambda name, of: Let(NOWHERE, segment(name), of), KEYS, expressions),
    st.builds(lambda name, kind, of: Param(NOWHERE, segment(name), kind, of), KEYS, st.none(), expressions),
    st.builds(
        lambda kind, name, of: Declaration(NOWHERE, segment(kind), segment(name), of),
        KEYS.filter(lambda kind: kind not in STATEMENT_WORDS),
        KEYS,
        expressions,
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(statements, max_size=3))
def test_printed_statements_parse_to_themselves(trees: list[Statement]) -> None:
    text = "\n".join(map(print_statement, trees))
    tree, diagnostics = parse(Source("test", text))
    assert diagnostics == []
    assert without_spans(tree.statements) == without_spans(tuple(trees))


@settings(max_examples=60, deadline=None)
@given(expressions)
def test_a_value_alone_parses_to_itself(expression: Expression) -> None:
    read, diagnostics = parse_expression(Source("lr", value(expression)))
    assert diagnostics == []
    assert without_spans(read) == without_spans(expression)


@settings(max_examples=60, deadline=None)
@given(expressions)
def test_layout_means_nothing(expression: Expression) -> None:
    text = print_statement(Let(NOWHERE, segment("x"), expression))
    loose = re.sub(r'("(?:[^"\\]|\\.)*")|([\[(,{])', lambda m: m[1] or f"{m[2]}  # comment\r\n\r\n\t ", text)
    tree, diagnostics = parse(Source("test", loose))
    assert diagnostics == []
    assert without_spans(tree.statements) == without_spans(parse(Source("test", text))[0].statements)


ALPHABET = st.sampled_from(
    [*'ab1 \n\t"{}[]()=,.:+-*/<>|#$\\', '"""', "|>", "data a = ", "\n  ", "${", "if ", "not ", "３", "　", "\u200b"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(ALPHABET, max_size=60).map("".join))
def test_any_text_gets_an_answer(text: str) -> None:
    source = Source("test", text)
    tree, diagnostics = parse(source)
    for node in [*tree.statements, *tree.comments, *diagnostics]:
        assert node.span is not None
        assert 0 <= node.span.start <= node.span.end <= len(text)
    parse_expression(source)
    if not diagnostics:
        assert tree.lost == frozenset()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_characters_get_an_answer(text: str) -> None:
    parse(Source("test", text))
    parse(Source("test", f'let a = "{text}"'))


def test_use_is_a_name_where_no_statement_begins() -> None:
    for text in ("use", "use.a.b", "use(a.b)", "use { a = b.c }"):
        assert parse_expression(Source("lr", text))[1] == []
