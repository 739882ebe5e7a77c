"""HTML that can't be broken out of: what isn't markup already is escaped when it is put in."""

from __future__ import annotations

from html import escape

VOID = frozenset({"meta", "br", "hr", "line", "polyline", "path", "circle"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """Make an element: `element("td", value, class_="number")`. None and False attributes are left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Markup(f"<{name}{given}>" if name in {"meta", "br", "hr"} else f"<{name}{given}/>")
    return Markup(f"<{name}{given}>{join(*children)}</{name}>")


def join(*children: object) -> Markup:
    """Put pieces together; text is escaped, lists are joined, None is nothing."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, list | tuple):
            parts.append(join(*child))
        else:
            parts.append(escape(str(child), quote=False))
    return Markup("".join(parts))


def with_code(text: str) -> Markup:
    """Set what stands between backticks as code."""
    pieces = text.split("`")
    return join([element("code", piece) if number % 2 else piece for number, piece in enumerate(pieces)])
