"""Read numbers, quantities and strings from what was written."""

from __future__ import annotations

import re
import sys
import unicodedata

from .diagnostics.model import Fix, Text
from .diagnostics.similar import similar
from .quantities import UNITS, Quantity
from .reports import Reports, shorten
from .scan import PATH, STEP
from .syntax import Broken, Expression, Literal, Path, Segment, String
from .tokens import RESERVED, Token

_NUMBER = re.compile(
    r"(?P<whole>[0-9](?:_?[0-9])*)(?:\.(?P<part>[0-9](?:_?[0-9])*))?(?:[eE](?P<exponent>[+-]?[0-9]+))?"
    r"(?P<suffix>Ki|Mi|Gi|Ti|k|M|B|T|%)?"
)
FACTORS = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_GLUED = re.compile(r"(?P<number>[0-9][0-9_]*(?:\.[0-9]+)?)(?P<unit>[^\W\d]+)")
_MEANT = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("byte", "bytes"), "B"),
    **dict.fromkeys(("rows", "row", "samples", "sample", "records"), "examples"),
    **dict.fromkeys(("iterations", "updates"), "steps"),
    "mb": "MB",
    "gb": "GB",
    "kb": "kB",
}
"""Units as others write them."""
_UNSURE = ("m", "M", "rows", "row", "samples", "sample", "records", "mb", "gb", "kb")
"""Those among them that may mean something else: minutes or millions, rows or sequences, bytes or bits."""
_LARGEST = sys.float_info.max
_DIGITS = 400
_ESCAPE = re.compile(r"\\(?:([nt\"\\])|u\{([0-9a-fA-F]{1,6})\}|(u\{[^}\"\n]*\}?|\r?\n|.))", re.DOTALL)
_HOLE = re.compile(rf"\$\{{[ \t]*+({PATH})[ \t]*+\}}")
_PIECE = re.compile(rf"(?P<escape>{_ESCAPE.pattern})|(?P<hole>{_HOLE.pattern})|(?P<open>\$\{{)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def number(token: Token, reports: Reports) -> Expression:
    """Read a number or a quantity; what isn't one is reported and gives Broken."""
    span = reports.span(token.start, token.end)
    written, *unit = token.text.split()
    end = token.start + len(written)
    match = _NUMBER.fullmatch(written) if len(written) <= _DIGITS else None
    if match is None:
        malformed(written, token.start, end, reports)
        return Broken(span)
    value = _value(match)
    if value is None:
        reports.error("L0107", token.start, end, text=shorten(written), label=Text("L0107.label"))
        return Broken(span)
    if not unit:
        return Literal(span, value)
    if unit[0] not in UNITS:
        _unknown_unit(unit[0], value == 1, token.end - len(unit[0]), token.end, reports)
        return Broken(span)
    if match["suffix"] == "%":
        reports.error("L0115", token.start, token.end)
        return Broken(span)
    quantity = Quantity.of(value, unit[0])
    if abs(quantity.magnitude) > _LARGEST:
        reports.error("L0107", token.start, end, text=shorten(written), label=Text("L0107.label"))
        return Broken(span)
    return Literal(span, quantity)


def _value(match: re.Match[str]) -> int | float | None:
    """Work out a number exactly, so that `12.3%` is the nearest float to 0.123; None if it is out of range."""
    part = (match["part"] or "").replace("_", "")
    digits = (match["whole"].replace("_", "") + part).lstrip("0")
    suffix, exponent = match["suffix"], match["exponent"] or "0"
    percent = suffix == "%"
    if not digits:
        return 0.0 if part or percent else 0
    if len(exponent) > 6:
        return None
    power = int(exponent) - len(part) - (2 if percent else 0)
    if not -_DIGITS < power + len(digits) < _DIGITS:
        return None
    top = int(digits) * FACTORS.get(suffix or "", 1)
    try:
        if power >= 0:
            top *= 10**power
            value = float(top)
            exact = True
        else:
            value = top / 10**-power
            exact = top % 10**-power == 0
            top //= 10**-power
    except OverflowError:
        return None
    if value in (0.0, float("inf")):
        return None
    plain = not part and match["exponent"] is None
    stays_whole = plain or suffix is not None or (match["exponent"] is not None and value < 2**53)
    return top if exact and stays_whole and not percent else value


def malformed(written: str, start: int, end: int, reports: Reports) -> None:
    """Report what begins like a number and isn't one."""
    helps: tuple[Text, ...] = ()
    fixes: tuple[Fix, ...] = ()
    glued = _GLUED.fullmatch(written)
    if len(written) > _DIGITS:
        reports.error("L0107", start, end, text=shorten(written), label=Text("L0107.long", {"limit": _DIGITS}))
        return
    unit = (glued["unit"] if glued["unit"] in UNITS else _MEANT.get(glued["unit"])) if glued is not None else None
    if glued is not None and unit is not None:
        spaced = f"{glued['number']} {unit}"
        certain = glued["unit"] not in _UNSURE
        helps, fixes = (Text("L0106.blank", {"spaced": spaced}),), (Fix(reports.span(start, end), spaced, certain),)
    elif written.startswith(".") and _NUMBER.fullmatch("0" + written):
        helps = (Text("L0106.zero", {"spaced": "0" + written}),)
        fixes = (Fix(reports.span(start, end), "0" + written),)
    reports.error("L0106", start, end, text=shorten(written), helps=helps, fixes=fixes)


def _unknown_unit(unit: str, one: bool, start: int, end: int, reports: Reports) -> None:
    meant = _MEANT.get(unit.lower())
    near = [meant] if meant else similar(unit, UNITS)
    if near and not meant:
        # `3 toke` is nearer to `token`, but three of them are tokens.
        single = near[0].removesuffix("s")
        near = [name for name in ((single,) if one else (single + "s", single)) if name in UNITS] or near
    helps = (Text("L0108.similar", {"similar": near[0]}),) if near else ()
    certain = meant is not None and unit not in _UNSURE
    fixes = (Fix(reports.span(start, end), near[0], certain),) if near else ()
    notes = (Text("L0108.units", {"units": [name for name in UNITS if name + "s" not in UNITS]}),)
    reports.error("L0108", start, end, unit=unit, helps=helps, fixes=fixes, notes=notes)


def string(token: Token, reports: Reports) -> Expression:
    """Read a string: escapes, `${path}`, and the common indentation of a multi-line one."""
    span = reports.span(token.start, token.end)
    raw = token.text
    pieces = _dedented(raw[3:-3], token.start + 3) if raw.startswith('"""') else [(raw[1:-1], token.start + 1)]
    parts: list[str | Path] = []
    text: list[str] = []
    right = True
    for piece, offset in pieces:
        done = 0
        for match in _PIECE.finditer(piece):
            text.append(piece[done : match.start()])
            done = match.end()
            at = offset + match.start()
            if match["hole"]:
                parts += ["".join(text), _hole(match["hole"], at, reports)]
                text = []
            elif match["open"]:
                fixes = (Fix(reports.span(at, at + 1), "\\u{24}", certain=False),)
                reports.error(
                    "L0105", at, at + 2, text="${", label=Text("L0105.hole"), helps=(Text("L0105.dollar"),), fixes=fixes
                )
                right = False
            else:
                character = _escaped(match["escape"], at, reports)
                right = right and character is not None
                text.append(character or "")
        text.append(piece[done:])
    if not right:
        return Broken(span)
    parts.append("".join(text))
    return String(span, tuple(part for part in parts if part != "") or ("",))


def _dedented(content: str, offset: int) -> list[tuple[str, int]]:
    """Cut a multi-line string into pieces with their places, without the indentation that its lines share.

    The first line is left out if nothing follows the opening quotes, the last one if nothing but blanks
    stands before the closing ones; the indentation of these counts too.
    """
    lines: list[tuple[str, int]] = []
    for line in content.split("\n"):
        lines.append((line.removesuffix("\r"), offset))
        offset += len(line) + 1
    if len(lines) == 1:
        return lines
    indented = [line for line, _ in lines[1:-1] if line.strip(" \t")] + [lines[-1][0]]
    margin = _margin(indented)
    shown = [lines[0], *((line[margin:], at + margin) if line.strip(" \t") else ("", at) for line, at in lines[1:])]
    if not shown[0][0].strip(" \t"):
        shown = shown[1:]
    if len(shown) > 1 and not shown[-1][0]:
        shown = shown[:-1]
    return [(line if n == len(shown) - 1 else line + "\n", at) for n, (line, at) in enumerate(shown)]


def _margin(lines: list[str]) -> int:
    """Give the length of the longest run of blanks that all lines start with."""
    first = lines[0]
    margin = len(first) - len(first.lstrip(" \t"))
    for line in lines[1:]:
        while not line.startswith(first[:margin]):
            margin -= 1
    return margin


def _escaped(written: str, at: int, reports: Reports) -> str | None:
    match = _ESCAPE.fullmatch(written)
    assert match is not None
    simple, code, _ = match.groups()
    if simple:
        return _ESCAPES[simple]
    if code:
        point = int(code, 16)
        if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF:
            return chr(point)
    shown = written.split("\r")[0].split("\n")[0]
    # `\d` of a pattern, or a path of Windows.
    fixes = (Fix(reports.span(at, at + 1), "\\\\", certain=False),)
    reports.error("L0105", at, at + max(1, len(shown)), text=shown, notes=(Text("L0105.escapes"),), fixes=fixes)
    return None


def _hole(written: str, at: int, reports: Reports) -> Path:
    match = _HOLE.fullmatch(written)
    assert match is not None
    start = at + match.start(1)
    segments = []
    for step in STEP.finditer(match.group(1)):
        name, key = step.groups()
        group = 1 if name is not None else 2
        span = reports.span(start + step.start(group), start + step.end(group))
        segments.append(Segment(span, unicodedata.normalize("NFC", name or key or ""), name is None))
    if segments[0].name in RESERVED:
        reports.error("L0105", at, at + len(written), text=written, label=Text("L0105.hole"))
    return Path(reports.span(start, at + match.end(1)), tuple(segments))
