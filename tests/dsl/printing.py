"""Write a syntax tree plainly: brackets around every operation, one statement a line, strings escaped."""

from __future__ import annotations

from llx.dsl.quantities import BASE_UNIT, Quantity
from llx.dsl.syntax import (
    Binary,
    Block,
    Broken,
    Call,
    Conditional,
    Declaration,
    Entry,
    Expect,
    Experiment,
    Expression,
    Import,
    Let,
    List,
    Literal,
    Node,
    Param,
    Path,
    Pipe,
    Segment,
    Statement,
    String,
    Unary,
    Use,
    With,
)


def print_statement(statement: Statement) -> str:
    match statement:
        case Experiment(name=name, block=block):
            return f"experiment {name.name} {value(block)}"
        case Import(path=path, alias=alias, block=block):
            return f"import {value(path)} as {alias.name}" + (f" {value(block)}" if block else "")
        case Use(distribution=distribution, requirements=requirements, alias=alias):
            versions = ", ".join(f"{r.operator} {r.version}" for r in requirements)
            parts = ["use", distribution.name, versions, f"as {alias.name}" if alias else ""]
            return " ".join(part for part in parts if part)
        case Param(name=name, type=type_, value=of):
            return f"param {name.name}{': ' + type_.name if type_ else ''} = {value(of)}"
        case Let(name=name, value=of):
            return f"let {name.name} = {value(of)}"
        case Expect(name=name, value=of):
            return f"expect {name.name} = {value(of)}"
        case Declaration(kind=kind, name=name, value=of):
            return f"{kind.name} {name.name} = {value(of)}"
    raise AssertionError(statement)


def value(expression: Expression) -> str:
    match expression:
        case Literal(value=of):
            return literal(of)
        case String(parts=parts):
            return '"' + "".join(f"${{{path(p)}}}" if isinstance(p, Path) else escaped(p) for p in parts) + '"'
        case Path():
            return path(expression)
        case Block(entries=entries, broken=broken):
            return "{ " + ", ".join([*map(entry, entries), *(["…"] if broken else [])]) + " }"
        case Call(path=name, positional=positional, named=named, block=block, broken=broken):
            arguments = [*map(value, positional), *map(entry, named), *(["…"] if broken else [])]
            shown = f"({', '.join(arguments)})" if arguments or block is None else ""
            return path(name) + shown + (" " + value(block) if block else "")
        case Pipe(value=first, call=call):
            return f"({value(first)} |> {value(call)})"
        case With(base=base, block=block):
            return f"({value(base)} with {value(block)})"
        case List(items=items):
            return "[" + ", ".join(map(value, items)) + "]"
        case Unary(operator=operator, operand=operand):
            return f"({operator} {value(operand)})"
        case Binary(operator=operator, left=left, right=right):
            return f"({value(left)} {operator} {value(right)})"
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return f"(if {value(condition)} then {value(then)} else {value(otherwise)})"
        case Broken():
            return "…"
    raise AssertionError(expression)


def literal(of: int | float | bool | Quantity | None) -> str:
    if isinstance(of, Quantity):
        return f"{of.magnitude!r} {BASE_UNIT[of.dimension]}"
    words = {True: "true", False: "false", None: "none"}
    return words[of] if of is None or isinstance(of, bool) else repr(of)


def path(of: Path) -> str:
    first, *rest = of.segments
    return first.name + "".join(f"[{quoted(s.name)}]" if s.is_key else f".{s.name}" for s in rest)


def entry(of: Entry) -> str:
    return ".".join(map(key, of.key)) + " = " + value(of.value)


def key(of: Segment) -> str:
    return quoted(of.name) if of.is_key else of.name


def quoted(text: str) -> str:
    return f'"{escaped(text)}"'


def escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    text = text.replace("${", "\\u{24}{")
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)


def without_spans(node: object) -> object:
    """Give a tree as nested tuples, without its places: what two layouts of one text share."""
    if isinstance(node, tuple):
        return tuple(map(without_spans, node))
    if isinstance(node, Node):
        fields = [name for name in node.__match_args__ if name != "span"]
        return (type(node).__name__, *(without_spans(getattr(node, name)) for name in sorted(fields)))
    return (type(node).__name__, node)
