"""The page of the grammar: EBNF from the rules that the parser is made of, precedence, and the lexical rules."""

from __future__ import annotations

import re
from pathlib import Path

from ...dsl import tokens
from ...dsl.literals import FACTORS
from .words import Words

GRAMMAR = Path(tokens.__file__).with_name("grammar.lark")
_RULE = re.compile(r"^\??_?(\w+?)_?:[ \t]+(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
_TERMINALS = {
    "KEY": "NAME",
    "_NL": "NEWLINE",
    "COMPARE": "comparison_sign",
    "ADD": '("+" | "-")',
    "MULTIPLY": '("*" | "/")',
}
_SIGNS = {"COMPARE": tokens.COMPARISONS, "ADD": ("+", "-"), "MULTIPLY": ("*", "/")}
LEXICAL = ("text", "comments", "newlines", "names", "strings", "numbers", "quantities", "words", "limits")
"""The lexical rules, in the order in which they stand on the page."""


def page(say: Words) -> str:
    """Write the page."""
    values = {
        "reserved": [f"`{word}`" for word in sorted(tokens.RESERVED)],
        "suffixes": [f"`{suffix}`" for suffix in FACTORS],
        "depth": tokens.DEPTH,
    }
    lexical = "\n".join(f"- {say(f'reference.lexical.{name}', **values)}" for name in LEXICAL)
    return say.page(
        say("reference.grammar"),
        say("reference.grammar.text"),
        f"```ebnf\n{ebnf()}\n```",
        f"## {say('reference.precedence')}",
        say("reference.precedence.text"),
        "\n".join(
            f"{number}. {' '.join(f'`{sign}`' for sign in signs)}" for number, signs in enumerate(precedence(), 1)
        ),
        f"## {say('reference.lexical')}",
        lexical,
    )


def rules() -> dict[str, list[str]]:
    """Give the rules of the parser's grammar by name, each as its alternatives."""
    text = re.sub(r"^(//|%).*$", "", GRAMMAR.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {}
    for name, body in _RULE.findall(text):
        # The bar of an alternative stands outside of brackets, and in this grammar at the start of a line.
        alternatives = [part.split("->")[0].strip() for part in re.split(r"(?:^|\n)\s*\| ", body)]
        found[name] = [part for part in alternatives if part != "BROKEN"]
    return found


def ebnf() -> str:
    """Write the rules as EBNF: a rule that repeats itself on the left becomes a repetition."""
    lines = ["file = [ statement { NEWLINE statement } ]"]
    for name, alternatives in rules().items():
        written = [_ebnf(part) for part in alternatives]
        recursive = [part.removeprefix(f"{name} ") for part in written if part.startswith(f"{name} ")]
        others = [part for part in written if not part.startswith(f"{name} ")]
        if recursive:
            # `sum ADD product | product`
            assert len(recursive) == len(others) == 1, f"{name} repeats in a way that this page doesn't know"
            others = [f"{others[0]} {{ {recursive[0]} }}"]
        lines.append(f"{name} = " + f"\n{' ' * len(name)} | ".join(others))
    signs = " | ".join(f'"{sign}"' for sign in tokens.COMPARISONS)
    return "\n".join([*lines, f"comparison_sign = {signs}"])


def precedence() -> list[list[str]]:
    """Give the operators, loosest first: the rules between an expression and an atom are in this order."""
    listed = rules()
    names = list(listed)
    between = names[names.index("expression") : names.index("atom")]
    return [[sign for part in listed[name] for sign in _signs(part)] for name in between]


def _signs(text: str) -> list[str]:
    """Give the operators that an alternative of a rule names."""
    found = re.findall(r'"([^"]+)"|\b([A-Z]+)\b', text)
    return [sign for quoted, terminal in found for sign in ([quoted] if quoted else _SIGNS.get(terminal, ()))]


def _ebnf(text: str) -> str:
    """Turn an alternative of the parser's notation into EBNF; what stands in quotes stays as it is."""
    quoted = re.findall(r'"[^"]*"', text)
    text = re.sub(r'"[^"]*"', "\0", text)
    text = re.sub(r"\(([^()]*)\)\*", r"{ \1 }", text)
    text = re.sub(r"(\w+)\*", r"{ \1 }", text)
    text = re.sub(r"\[\s*", "[ ", text)
    text = re.sub(r"\s*\]", " ]", text)
    text = re.sub(r"\b_?([a-z_]+?)_?\b", r"\1", text)
    text = re.sub(r"\b[A-Z_]{2,}\b", lambda match: _TERMINALS.get(match[0], match[0]), text)
    return re.sub("\0", lambda _: quoted.pop(0), text).replace("(NAME | NAME)", "NAME")
