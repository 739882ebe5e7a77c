"""Say what was expected where a token didn't fit, in words of the language."""

from __future__ import annotations

from .diagnostics.model import Fix, Text
from .lalr import Unexpected
from .recovery import mended, starts_entry
from .repairs import set_apart
from .reports import Reports, shorten
from .tokens import CLOSERS, END, NEWLINE, OPENERS, RESERVED, STATEMENT_WORDS, WORD, Token

_VALUE = frozenset({"NUMBER", "STRING", "NAME"})
_NO_TYPE = frozenset({"NUMBER", "STRING", *OPENERS})
_STARTS_VALUE = _VALUE | {"true", "false", "none", "if", "not", "(", "[", "{", "ADD"}
_GOES_ON = frozenset({"COMPARE", "ADD", "MULTIPLY", "|>", "and", "or", "with", ".", "(", "[", "{"})
_NAMED = {
    "KEY": "name",
    "NAME": "name",
    "STRING": "string",
    "NUMBER": "number",
    "DISTRIBUTION": "distribution",
    "VERSION": "version",
    "COMPARE": "comparison",
}


def report(error: Unexpected, start: str, tokens: list[Token], reports: Reports) -> None:
    """Report a token that fits nowhere."""
    index = error.index
    token = tokens[index] if index < len(tokens) else None
    before = tokens[index - 1] if index else None
    expected = _expected(error, start, tokens)
    if token is not None and reports.has(token.start):
        return
    at_end = token is None or token.type == NEWLINE
    begin = before.end if at_end and before else token.start if token else 0
    end = begin if at_end or token is None else token.end
    after = before is not None and before.type not in (NEWLINE, ",") and before.text != ""
    reports.error(
        "L0101",
        begin,
        end,
        expected=expected,
        after=Text("syntax.after", {"text": shorten(before.text)}) if after and before else Text("syntax.here"),
        found=found(token),
        label=Text("L0101.label", {"expected": expected}),
        helps=tuple(_helps(error, tokens, token)),
        fixes=_fixes(error, tokens, reports),
    )


def _expected(error: Unexpected, start: str, tokens: list[Token]) -> list[Text]:
    """Say what was expected: what is plainly missing, else all that was accepted."""
    index, accepted = error.index, error.accepted
    token = tokens[index] if index < len(tokens) else None
    before = tokens[index - 1] if index else None
    if token is not None and before is not None and starts_entry(tokens, index) and NEWLINE in accepted:
        return [Text("syntax.separator")]
    if before is not None and before.type == "|>":
        return [Text("syntax.component")]
    if token is not None and token.type == ":" and "=" in accepted:
        return [Text("syntax.sign", {"text": "="})]
    return wanted(accepted, start)


def wanted(accepted: frozenset[str], start: str) -> list[Text]:
    """Put what was accepted into words, the unlikely left out: after a value an operator could always follow."""
    left = set(accepted) - {"BROKEN"}
    words: list[Text] = []
    if "KEY" in left and "NUMBER" not in left:
        left.discard("STRING")
    if "," in left:
        left.discard("=")
    if left >= STATEMENT_WORDS:
        return [Text("syntax.declaration")]
    if left >= _VALUE:
        words.append(Text("syntax.value"))
        left -= _STARTS_VALUE | {"KEY"}
    elif "COMPARE" in left and left - _GOES_ON:
        left -= _GOES_ON
    if {NEWLINE, ","} <= left:
        words.append(Text("syntax.separator"))
        left -= {NEWLINE, ",", "}"}
    for symbol in sorted(left, key=lambda s: (s in CLOSERS, s == END, s)):
        if symbol in _NAMED:
            word = Text("syntax." + _NAMED[symbol])
        elif symbol == END:
            word = Text("syntax.end" if start == "statement" else "syntax.value_end")
        else:
            word = Text("syntax.sign", {"text": symbol})
        if word not in words:
            words.append(word)
    return words


def found(token: Token | None) -> Text:
    """Put the token that was found into words."""
    if token is None or token.type == NEWLINE:
        return Text("syntax.found_end")
    if token.type == WORD and token.text in RESERVED:
        return Text("syntax.reserved", {"text": token.text})
    if token.type == "STRING":
        return Text("syntax.found_string")
    return Text("syntax.found", {"text": shorten(token.text)})


def _helps(error: Unexpected, tokens: list[Token], token: Token | None) -> list[Text]:
    if token is None:
        return []
    before = tokens[error.index - 1] if error.index else None
    if before is not None and before.type == ":" and "KEY" in error.accepted and token.type in _NO_TYPE:
        return [Text("L0101.equals", {"text": ":"})]
    is_kind = before is not None and before.type == WORD and before.text not in STATEMENT_WORDS
    if error.index == 1 and token.type in ("=", ":") and is_kind:
        return [Text("L0101.kind", {"name": tokens[0].text})]
    if "=" in error.accepted and (token.type == ":" or token.text == "=="):
        return [Text("L0101.equals", {"text": token.text})]
    if token.type == "{" and "=" in error.accepted and before is not None:
        return [Text("L0101.block", {"text": before.text})]
    if token.type == "=" and {"COMPARE", "ADD"} <= error.accepted:
        return [Text("L0101.compare")]
    if token.type == "," and ")" in error.accepted and "KEY" not in error.accepted:
        return [Text("L0101.list")]
    if token.type == "." and "=" in error.accepted:
        return [Text("L0101.dotted")]
    if token.text == "if" and "COMPARE" in error.accepted:
        return [Text("L0101.if")]
    if token.type == WORD and token.text in RESERVED and (error.accepted >= _VALUE or "KEY" in error.accepted):
        return [Text("L0101.reserved", {"text": token.text})]
    return []


def _fixes(error: Unexpected, tokens: list[Token], reports: Reports) -> tuple[Fix, ...]:
    """Give the fix of a token that doesn't fit: the sign in its place, or the one that is missing before it."""
    index = error.index
    if index >= len(tokens) or index == 0:
        return ()
    token, before = tokens[index], tokens[index - 1]
    names = token.type == "=" and before.type == WORD and before.text not in STATEMENT_WORDS
    if index == 1 and names and len(tokens) > 2 and tokens[2].type in ("NUMBER", "STRING"):
        return (Fix(reports.span(before.start, token.end), f"let {before.text} =", certain=False),)
    better = mended(error, tokens)
    if token.type == "," and (before.type == "," or before.type in OPENERS):
        return (Fix(reports.span(token.start, token.end), ""),)
    if better is None:
        if token.type == "=" and {"COMPARE", "ADD"} <= error.accepted and "=" not in error.accepted:
            return (Fix(reports.span(token.start, token.end), "==", certain=False),)
        return ()
    if len(better) == len(tokens) and better[index - 1] is not before:
        return set_apart(tokens[index - 2].end, before.end, "=", reports)
    put = better[index]
    if put.type == "=":
        after = token.end if len(better) == len(tokens) else token.start
        return set_apart(before.end, after, "=", reports)
    if put.type == NEWLINE and "," not in error.accepted:
        return ()
    sign = "," if put.type == NEWLINE else put.type
    return (Fix(reports.span(before.end, before.end), sign),)
