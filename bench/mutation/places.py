"""Read where the names, values and brackets of a program stand, and what each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .schema import item, kinds
from .tokens import ALL_UNITS, OPEN, Token, tokens

STATEMENTS = {"experiment", "import", "use", "param", "let", "expect"}
RESERVED = {"if", "then", "else", "and", "or", "not", "with", "true", "false", "none"}
FUNCTIONS = {"env", "min", "max", "abs", "round"}
TYPES = {"int", "number", "text", "bool", "quantity", "steps", "epochs", "examples", "tokens", "time", "memory"}


@dataclass
class Frame:
    """What a pair of brackets holds: the component whose fields it gives, if it does, or the type of its items."""

    open: Token
    head: Token
    """The first token of what the brackets belong to: `gpt` in `model gpt = decoder {`."""
    component: Any = None
    item: Any = None
    given: int = 0
    """How many positional fields stand elsewhere (before a pipe)."""
    update: bool = False
    """Whether it is that of a `with`, where nothing is required."""
    close: Token | None = None
    entries: list[Entry] = field(default_factory=list)


@dataclass
class Entry:
    """One entry of brackets: its field, if it names one, and its value from one token to another."""

    frame: Frame
    key: Token | None
    name: str
    wanted: Any
    values: list[Token] = field(default_factory=list)
    required: bool = False


@dataclass
class Place:
    """A name that stands for something, and in which role."""

    role: str
    token: Token
    wanted: Any = None
    whole: bool = False
    """Nothing else belongs to the value: neither an output of it, nor arguments."""


@dataclass
class Reading:
    """A program with its places."""

    text: str
    tokens: list[Token]
    places: list[Place]
    frames: list[Frame]
    declared: Mapping[str, str]
    """The kind of each declaration, "param" and "let" among them."""
    statements: list[tuple[Token, Token]]
    """Kind and name of each declaration."""


def read(text: str, catalogue: Any = None) -> Reading:
    """Read a program that is right; without a catalogue only its tokens."""
    found = tokens(text)
    if catalogue is None:
        return Reading(text, found, [], [], {}, [])
    reader = _Reader(text, found, catalogue)
    reader.file()
    return Reading(text, found, reader.places, reader.frames, reader.declared, reader.statements)


class _Reader:
    def __init__(self, text: str, found: list[Token], catalogue: Any) -> None:
        self.text, self.tokens, self.catalogue, self.at = text, found, catalogue, 0
        self.places: list[Place] = []
        self.frames: list[Frame] = []
        self.statements: list[tuple[Token, Token]] = []
        self.declared: dict[str, str] = {}
        self.bases: dict[str, Any] = {}
        self._declarations()

    def _declarations(self) -> None:
        depth = 0
        for n, token in enumerate(self.tokens[:-1]):
            depth += (token.text in OPEN) - (token.text in OPEN.values())
            starts = not depth and token.sort == "name" and (not n or self.tokens[n - 1].sort == "newline")
            if starts and self.tokens[n + 1].sort == "name":
                name = self.tokens[n + 1].text
                self.declared[name] = token.text
                head = self.tokens[n + 3].text if n + 3 < len(self.tokens) else ""
                self.bases[name] = self._component(head, {token.text}) or self.bases.get(head)
        self.declared.pop("", None)

    def _component(self, name: str, among: set[str]) -> Any:
        return next(
            (self.catalogue.components(kind)[name] for kind in among if name in self.catalogue.components(kind)), None
        )

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].text if self.at + ahead < len(self.tokens) else ""

    def next(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def file(self) -> None:
        while self.at < len(self.tokens):
            if self.peek() == "\n":
                self.at += 1
                continue
            self._statement()

    def _statement(self) -> None:
        word = self.next()
        if word.text not in {"use", "import"}:
            self.places.append(Place("kind", word))
        if word.text in {"use", "import"}:
            while self.peek() not in ("", "\n", "{"):
                self.at += 1
            if self.peek() == "{":
                self._frame(Frame(self.next(), word))
            return
        name = self.next()
        self.statements.append((word, name))
        if word.text == "experiment":
            if self.peek() == "{":
                self._frame(Frame(self.next(), word, self.catalogue.experiment))
            return
        wanted: Any = None
        if self.peek() == ":":
            self.at += 1
            self.places.append(Place("kind", self.next()))
        self.at += 1
        among = set() if word.text in STATEMENTS else {word.text}
        self._value(wanted, among, word, self.peek() == "\n")

    def _value(self, wanted: Any, among: set[str], head: Token, skip: bool = False) -> None:
        """Read a value up to the separator or closing bracket behind it."""
        component, begin, piped = None, self.at, False
        while self.at < len(self.tokens):
            text, before = self.peek(), self.tokens[self.at - 1]
            if text == "\n" and (self._continues(before) or self._goes_on()):
                self.at += 1
            elif text in (",", "\n") or text in OPEN.values():
                return
            elif text == "with":
                self.at += 1
                frame = Frame(self.next(), head, component, update=True)
                self._frame(frame)
            elif text == "|>":
                self.at, piped = self.at + 1, True
            elif text in OPEN:
                self._brackets(wanted, head)
            elif self.tokens[self.at].sort == "name":
                component = self._path(wanted, among, head, begin, piped)
                piped = False
            else:
                self.at += 1

    def _continues(self, before: Token) -> bool:
        return before.text in ("=", "+", "-", "*", "/", "|>", "and", "or", "not", "<", ">", "==", "then", "else", "if")

    def _goes_on(self) -> bool:
        ahead = self.at
        while ahead < len(self.tokens) and self.tokens[ahead].text == "\n":
            ahead += 1
        return ahead < len(self.tokens) and self.tokens[ahead].text == "|>"

    def _brackets(self, wanted: Any, head: Token) -> None:
        """Read a list, a map, or what stands in brackets."""
        opening = self.next()
        if opening.text == "(":
            self._frame(Frame(opening, head, item=wanted))
        else:
            self._frame(Frame(opening, head, item=item(wanted)))

    def _path(self, wanted: Any, among: set[str], head: Token, begin: int, piped: bool) -> Any:
        """Read a name with its outputs and arguments; give the component whose fields the value has."""
        first, last = self.next(), self.tokens[self.at - 1]
        if first.text in RESERVED:
            if first.text in ("true", "false", "none"):
                self.places.append(Place("word", first, wanted))
            return None
        before = self.tokens[self.at - 2]
        if before.sort == "number" and first.text in ALL_UNITS:
            self.places.append(Place("unit", first, wanted))
            return None
        prefix = self.peek() == "." and first.text not in self.declared
        if prefix:
            self.at += 1
            last = self.next()
        name = self.text[first.start : last.end]
        called = self.peek() in ("(", "{")
        component = self._component(name, among or kinds(wanted))
        place = Place(self._role(name, component, called, wanted), last, wanted)
        self.places.append(place)
        while self.peek() in (".", "[") and not called:
            if self.next().text == ".":
                last = self.next()
                self.places.append(Place("output", last))
            else:
                self.at += 2
        alone = self.at - begin == 1 and (self.peek() in (",", "\n", "") or self.peek() in OPEN.values())
        place.whole = alone and not called
        given = int(piped)
        for opening in "({":
            if self.peek() == opening:
                self._frame(Frame(self.next(), head, component, given=given))
        return component or self.bases.get(last.text) or self.bases.get(first.text)

    def _role(self, name: str, component: Any, called: bool, wanted: Any) -> str:
        if name in self.declared and not called:
            return "name"
        if component is not None or called:
            return "function" if name in FUNCTIONS else "component"
        return "word"

    def _frame(self, frame: Frame) -> None:
        """Read what stands in brackets, the opening one read already."""
        self.frames.append(frame)
        closing, position = OPEN[frame.open.text], frame.given
        while self.at < len(self.tokens) and self.peek() != closing:
            if self.peek() in (",", "\n"):
                self.at += 1
                continue
            begin = self.at
            entry = self._key(frame, position)
            position += entry.key is None
            start = self.at
            self._value(entry.wanted, kinds(entry.wanted), entry.key or self.tokens[start])
            entry.values = [token for token in self.tokens[start : self.at] if token.sort != "newline"]
            if entry.values:
                frame.entries.append(entry)
            if self.at == begin:
                self.at += 1
        if self.at < len(self.tokens):
            frame.close = self.next()

    def _key(self, frame: Frame, position: int) -> Entry:
        """Read the key of an entry, dotted in a `with`, up to its value."""
        ahead = 0
        while self.peek(ahead + 1) == ".":
            ahead += 2
        if frame.open.text == "[" or self.peek(ahead + 1) != "=":
            return self._positional(frame, position)
        component, key, wanted, required = frame.component, None, frame.item, False
        while True:
            key = self.next()
            known = component.fields.get(key.text) if component else None
            if known:
                self.places.append(Place("field", key, component))
                wanted, required = known.type, known.required
            if self.next().text == "=":
                return Entry(frame, key, key.text, wanted, required=required)
            component = getattr(known, "default", None)
            component = self.catalogue.recipe(component)[0] if component is not None else None

    def _positional(self, frame: Frame, position: int) -> Entry:
        order = frame.component.positional if frame.component and frame.open.text == "(" else ()
        if position < len(order):
            known = frame.component.fields[order[position]]
            return Entry(frame, None, known.name, known.type, required=known.required)
        return Entry(frame, None, "", frame.item)
