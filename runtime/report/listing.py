"""The text of an experiment with its comments, strings, numbers and words told apart."""

from __future__ import annotations

import re

from .markup import Markup, element, join

_PIECE = re.compile(
    r'(?P<comment>\#[^\n]*)|(?P<string>"""[\s\S]*?(?:"""|\Z)|"(?:\\.|[^"\\\n])*"?)'
    r"|(?P<number>(?<![\w.])\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?:Ki|Mi|Gi|[kMBT%])?(?![\w]))"
    r"|(?P<declaration>^[^\W\d]\w*(?=[ \t]+[^\W\d]\w*[ \t]*(?:[={:]|$)))|(?P<word>[^\W\d]\w*)",
    re.MULTILINE,
)
_WORDS = frozenset(["if", "then", "else", "and", "or", "not", "with", "true", "false", "none", "use", "import", "as"])


def listing(text: str) -> Markup:
    """Mark up a text of the language. It only colours: what doesn't parse is shown as it stands."""
    parts: list[object] = []
    at = 0
    for match in _PIECE.finditer(text):
        style = match.lastgroup
        if style == "word" and match.group() not in _WORDS:
            continue
        parts += [text[at : match.start()], element("span", match.group(), class_=style)]
        at = match.end()
    return element("pre", join(parts, text[at:]), class_="listing")
