"""A small catalogue for tests of the language: components that are nothing but their arguments."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from llx.dsl.catalogue import REQUIREMENTS, Assignment, Component, Field, Kind, Problem, Tried, Used
from llx.dsl.check import Checked, check
from llx.dsl.diagnostics.model import Diagnostic, Text
from llx.dsl.program import Program, Reference
from llx.dsl.quantities import Quantity
from llx.dsl.source import Source
from llx.dsl.types import (
    MODULE,
    Artifact,
    Boolean,
    ComponentOf,
    Either,
    Formula,
    ListOf,
    MapOf,
    Nothing,
    Number,
    PathText,
    QuantityOf,
    Variations,
    Word,
)
from llx.dsl.types import Text as TextType

NEEDED = object()


@dataclass(frozen=True, eq=False, repr=False)
class Value:
    """A built component."""

    of: FakeComponent
    arguments: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name in self.arguments:
            return self.arguments[name]
        if name in self.of.fields:
            return self.of.fields[name].default
        raise AttributeError(name)

    def __repr__(self) -> str:
        return f"<{self.of.name}>"

    def plain(self) -> Any:
        """Give the value as plain data, to compare two of them."""
        return (self.of.kind, self.of.name, {name: _plain(value) for name, value in sorted(self.arguments.items())})


def _plain(value: Any) -> Any:
    match value:
        case Value():
            return value.plain()
        case Reference(task=task, output=output):
            return ("->", task.plain(), output)
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
    return value


Rule = Callable[[Mapping[str, Any]], Iterable[Problem]]


@dataclass(eq=False, repr=False)
class FakeComponent:
    kind: str
    name: str
    fields: Mapping[str, Field]
    positional: tuple[str, ...] = ()
    outputs: Callable[[Value], dict[str, Artifact]] = lambda value: {}
    needs: frozenset[str] = frozenset()
    """Fields that its outputs depend on."""
    artifact: str | None = None
    validate: Rule = lambda arguments: ()
    check: Rule = lambda arguments: ()
    description: str = "A component for tests."

    def build(self, arguments: Mapping[str, Any]) -> tuple[Any, list[Problem]]:
        problems = list(self.validate(arguments))
        return (None, problems) if problems else (Value(self, dict(arguments)), [])

    def possible_outputs(self, arguments: Mapping[str, Any], unknown: Container[str]) -> Mapping[str, Artifact] | None:
        if self.needs & {name for name in self.fields if name in unknown}:
            return None
        return self.outputs(Value(self, dict(arguments))) or None


def component(
    kind: str, name: str, positional: str = "", /, *, rules: dict[str, Any] | None = None, **fields: Any
) -> FakeComponent:
    """Make a component: `field=type` is required, `field=(type, default)` is not; `from_` is `from`."""
    made = {}
    for key, given in fields.items():
        type_, default = given if isinstance(given, tuple) else (given, NEEDED)
        word = key.removesuffix("_")
        made[word] = Field(word, type_, default is NEEDED, None if default is NEEDED else default, f"about {word}")
    return FakeComponent(kind, name, made, tuple(positional.split()), **(rules or {}))


def _data(value: Value) -> dict[str, Artifact]:
    return {"dataset": Artifact("dataset", ("text",), ())}


def _split(value: Value) -> dict[str, Artifact]:
    names = ["train", *(name for name in ("validation", "test") if name in value.arguments)]
    counts = Artifact("numbers", splits=tuple(names))
    return {"dataset": Artifact("dataset", ("text",), tuple(names)), "rows": counts} | {
        n: Artifact("rows", ("text",)) for n in names
    }


def _stage(value: Value) -> dict[str, Artifact]:
    return {"best": Artifact("checkpoint"), "last": Artifact("checkpoint"), "loss": Artifact("number")}


def _heads_divide(arguments: Mapping[str, Any]) -> Iterable[Problem]:
    heads, hidden = arguments.get("heads", 4), arguments.get("hidden_size", 64)
    if hidden % heads:
        yield Problem(Text("test.heads", {"heads": heads, "hidden_size": hidden}), "L0599", "heads")


def _even(arguments: Mapping[str, Any]) -> Iterable[Problem]:
    for n, item in enumerate(arguments.get("betas", [])):
        if item >= 1:
            yield Problem(Text("test.beta"), "L0598", "betas", n)


def _not_wiki(arguments: Mapping[str, Any]) -> Iterable[Problem]:
    if "wiki" in arguments["sources"]:
        yield Problem(Text("test.wiki"), "L0597", "sources", "wiki", warning=True)


DATA = Either((Artifact("dataset"), Artifact("rows")))
AMOUNT = QuantityOf(("steps", "tokens", "epochs", "time"))
POSITIVE = Number(integer=True, ge=1)
FRACTION = Number(ge=0, le=1)


def _default_optimizer() -> FakeComponent:
    return component(
        "optimizer", "adamw", "lr", lr=(Number(gt=0), 0.001), weight_decay=(Number(ge=0), 0.0),
        betas=(ListOf(Number(ge=0), 2), [0.9, 0.999]), rules={"validate": _even},
    )  # fmt: skip


def components() -> list[FakeComponent]:
    adamw = _default_optimizer()
    data: dict[str, Any] = {"outputs": _data}
    training = {
        "data": DATA,
        "optimizer": (ComponentOf("optimizer"), Value(adamw, {})),
        "schedule": (Either((ComponentOf("schedule"), Nothing())), None),
        "batch": (QuantityOf(("tokens", "examples")), Quantity(8, "examples")),
        "budget": (Either((AMOUNT, ListOf(AMOUNT))), Quantity(1, "epochs")),
        "precision": (Word(("auto", "bf16", "float32")), "auto"),
        "select": (Either((Word(("loss",)), ComponentOf("metric"))), "loss"),
        "patience": (Either((POSITIVE, Nothing())), None),
        "save": (QuantityOf(("memory",)), Quantity(1, "memory")),
        "compile": (Boolean(), False),
        "notes": (MapOf(TextType()), {}),
    }
    return [
        component("data", "text", "files", files=PathText(glob=True), seed=(Number(integer=True), 0), rules=data),
        component("data", "csv", "file", file=PathText(), label=(Either((TextType(), Nothing())), None), rules=data),
        component("data", "folder", "at", at=PathText(folder=True), rules=data),
        component("data", "clean", "data", data=DATA, min_chars=(POSITIVE, 1), rules=data),
        component(
            "data", "split", "data", data=Artifact("rows"), validation=(FRACTION, 0.0), test=(FRACTION, 0.0),
            seed=(Number(integer=True), 0), rules={"outputs": _split, "needs": frozenset({"validation", "test"})},
        ),
        component(
            "data", "mix", "", sources=MapOf(DATA), weights=(MapOf(Number(ge=0)), {}),
            rules={"outputs": _data, "check": _not_wiki},
        ),
        component(
            "tokenizer", "train_bpe", "data", data=Artifact("rows"), vocab_size=Number(integer=True, ge=256, multiple_of=64),
            rules={"outputs": lambda value: {"tokenizer": Artifact("tokenizer")}},
        ),
        component(
            "model", "decoder", "", layers=(POSITIVE, 2), hidden_size=(POSITIVE, 64), heads=(POSITIVE, 4), dropout=(FRACTION, 0.0),
            rules={"validate": _heads_divide},
        ),
        component("model", "encoder", "", layers=(POSITIVE, 2)),
        component("stage", "train", "", model=ComponentOf("model"), tokenizer=Artifact("tokenizer"), **training, rules={"outputs": _stage}),
        component("stage", "finetune", "", from_=Artifact("checkpoint"), **training, rules={"outputs": _stage}),
        component(
            "eval", "evaluate", "checkpoint", checkpoint=Artifact("checkpoint"), data=Artifact("rows"),
            metrics=(ListOf(ComponentOf("metric"), 1), []),
            rules={"outputs": lambda value: {"accuracy": Artifact("number", least=0, most=1)}},
        ),
        component("export", "save", "checkpoint", checkpoint=Artifact("checkpoint"), to=PathText(exists=False, folder=True), rules={"outputs": lambda value: {"folder": Artifact("file")}}),
        component(
            "audit", "by_label", "checkpoint", checkpoint=Artifact("checkpoint"),
            rules={"outputs": lambda value: {"gap": Artifact("number"), "by_group": Artifact("numbers"), "energy": Artifact("number", dimension="energy")}},
        ),
        component("data", "filter", "data", data=DATA, where=Formula("row", "boolean"), rules=data),
        component("search", "tune", "", minimise=Either((Formula(), Nothing())), rules={"outputs": lambda value: {}}),
        component(
            "sweep", "grid", "", over=Variations(), seeds=(POSITIVE, 1), minimise=(Either((Formula(), Nothing())), None),
            rules={"outputs": lambda value: {"table": Artifact("table"), "best": Artifact(MODULE)}},
        ),
        component(
            "sweep", "draw", "", over=Variations("distribution"), minimise=Formula(),
            rules={"outputs": lambda value: {"table": Artifact("table"), "best": Artifact(MODULE)}},
        ),
        component("distribution", "between", "low high", low=Number(), high=Number()),
        adamw,
        component("optimizer", "sgd", "lr", lr=Number(gt=0)),
        component("schedule", "cosine", "", warmup=(QuantityOf(("steps",), zero=True), Quantity(0, "steps"))),
        component("schedule", "linear", ""),
        component("metric", "accuracy", ""),
        component("metric", "macro_f1", ""),
    ]  # fmt: skip


KINDS = {
    "data": (True, False), "tokenizer": (True, False), "stage": (True, True), "eval": (True, True), "export": (True, True),
    "audit": (True, True), "search": (True, True), "sweep": (True, True), "distribution": (False, False),
    "model": (False, False), "optimizer": (False, False), "schedule": (False, False), "metric": (False, False),
}  # fmt: skip


@dataclass
class FakeCatalogue:
    """Implements `Catalogue`; the distribution `llx-extra` brings an optimizer."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    known: dict[str, dict[str, FakeComponent]] = field(default_factory=dict)
    seen: list[Any] = field(default_factory=list)
    """Values whose rules were run."""

    def __post_init__(self) -> None:
        self.kinds = {
            name: Kind(name, task, final, f"about {name}", name == "sweep") for name, (task, final) in KINDS.items()
        }
        for one in components():
            self.known.setdefault(one.kind, {})[one.name] = one
        self.experiment = component(
            "experiment", "experiment", "", seed=(Number(integer=True), 0), device=(Word(("auto", "cpu", "cuda")), "auto"),
            budget=(Either((AMOUNT, Nothing())), None),
        )  # fmt: skip

    def fresh(self) -> FakeCatalogue:
        return FakeCatalogue(seen=self.seen)

    def components(self, kind: str) -> Mapping[str, Component]:
        return self.known.get(kind, {})

    def use(self, distribution: str, requirements: Iterable[tuple[str, str]], alias: str | None) -> Used:
        if distribution != "llx-extra":
            return Used(None, None, Problem(Text("test.missing", {"name": distribution}), "L0710"))
        if ("<", "1") in list(requirements):
            return Used(None, "1.2", Problem(Text("test.old"), "L0711", REQUIREMENTS))
        prefix = alias or "extra"
        name = f"{prefix}.lion"
        self.known["optimizer"][name] = component("optimizer", name, "lr", lr=Number(gt=0))
        return Used(prefix, "1.2")

    def outputs(self, task: Any) -> Mapping[str, Artifact]:
        return task.of.outputs(task)

    def recipe(self, value: Any) -> tuple[Component, Mapping[str, Any]]:
        return value.of, value.arguments

    def assignments(self, sweep: Any) -> Sequence[Assignment]:
        """Give every combination, each with so many seeds; of a distribution, its ends."""
        over = {name: [*one] if isinstance(one, list) else [one.low, one.high] for name, one in sweep.over.items()}
        points = [dict(zip(over, values, strict=True)) for values in product(*over.values())]
        return [Assignment(point, offset) for point in points for offset in range(sweep.arguments.get("seeds", 1))]

    def swept(self, sweep: Any, trials: Sequence[Tried]) -> Any:
        return Value(sweep.of, {**sweep.arguments, "trials": list(trials)})

    def check(self, value: Any, root: Path) -> Iterable[Problem]:
        self.seen.append(value)
        return value.of.check(value.arguments)

    def rules(self, program: Program, whole: bool = True) -> Iterable[Diagnostic]:
        return []


def checked(text: str, root: Path | None = None, params: Iterable[str] = (), folder: str = "") -> Checked:
    """Check a text as if it lay in a file of the project's root (or of a folder in it)."""
    base = (root or Path("/nowhere")) / folder / "test.llx"
    return check(Source("test.llx", text, base), FakeCatalogue(), root=root or Path("/nowhere"), params=list(params))


def program(text: str, root: Path | None = None, params: Iterable[str] = ()) -> Program:
    """Check a text that must be right."""
    result = checked(text, root, params)
    assert result.program is not None, shown(result)
    return result.program


def shown(result: Checked) -> str:
    """Give the diagnostics in words, for the message of a failed test."""
    from llx.dsl.diagnostics.concise import show

    return show(result.diagnostics, "en")


def codes(result: Checked) -> list[str]:
    """Give codes with the text that each points at: "L0203 learning_rate"."""
    return [f"{one.code} {one.span.text if one.span else ''}".strip() for one in result.diagnostics]
