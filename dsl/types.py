"""The types of the language: what may stand where.

A component's schema is translated into these (by whoever offers the catalogue), and the resolver reads an
expression with one of them in hand. They hold no behaviour but what they accept, because how a type is
described depends on the reader's language.
"""

from __future__ import annotations

from functools import cached_property

from .record import Record


class Type(Record):
    """Base of all types."""


class Number(Type):
    """A number without a unit, with its range; `integer` admits whole numbers only."""

    integer: bool = False
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: int | None = None


class QuantityOf(Type):
    """A number with a unit of one of these dimensions, positive unless `zero` is allowed."""

    dimensions: tuple[str, ...]
    zero: bool = False


class Text(Type):
    """A string."""


class PathText(Type):
    """A string that names files; resolved to a path relative to the project's root.

    `exists`: at least one file (or folder) must be there at check; without, it is written, so a folder that is not
    there is fine, and a file in its place, or the root itself, isn't. `glob`: `*`, `?`, `**` are patterns. `own`: the
    component says itself what is to be done if nothing is there.
    """

    exists: bool = True
    glob: bool = False
    folder: bool = False
    own: bool = False


class Boolean(Type):
    """`true` or `false`."""


class Nothing(Type):
    """`none`."""


class Word(Type):
    """One of a fixed set of bare words."""

    words: tuple[str, ...]


class ListOf(Type):
    """A list; a single value does not stand for a list of one."""

    item: Type
    min_length: int = 0


class MapOf(Type):
    """A map from names or strings to values."""

    item: Type


class Keyed(MapOf):
    """A map that says something of each entry of another field, `of`, by the same keys.

    Its entries may stand in the component's own block, where a key that `of` lacks is also the name of what stands there:
    `{ a = 70% }` is `{ of = { a = a }, keyed = { a = 70% } }`. A component has one field of this type at most.
    """

    of: str


class Either(Type):
    """Any of several types, tried in order."""

    options: tuple[Type, ...]

    @cached_property
    def spread(self) -> tuple[Type, ...]:
        """The types themselves, with those of alternatives among them in their place."""
        parts = (option.spread if isinstance(option, Either) else (option,) for option in self.options)
        return tuple(option for part in parts for option in part)


class Anything(Type):
    """A number, quantity, string, boolean, or a list or map of them: what `let` and `param` hold."""


class ComponentOf(Type):
    """A component of a value kind (`optimizer = adamw { … }`)."""

    kind: str


class TaskOf(Type):
    """A task itself, not one of its outputs: what a declaration of a task kind and the left of `with` are.

    None is a task of any kind. No field has this type.
    """

    kind: str | None = None


class Artifact(Type):
    """What a task puts out, and what a field wants of a reference.

    `name`: dataset, rows, tokenizer, checkpoint, number, numbers, file, or a plugin's own. `columns` and `splits`
    describe data; columns that are None are not known, or not asked for. A number has a `dimension` if it has a
    unit (time, energy, …); `numbers` are named by keys, those in `splits` or, if that is empty, keys that only the run knows.
    """

    name: str
    columns: tuple[str, ...] | None = None
    splits: tuple[str, ...] = ()
    dimension: str | None = None
    least: float | None = None
    most: float | None = None
    """Between what a number lies, in the base unit of its dimension, if that is known."""

    def accepts(self, given: Artifact) -> bool:
        """Tell whether an artifact of type `given` fits where this one is wanted; columns are compared by rules."""
        if self.name == given.name:
            return True
        # A dataset without splits is nothing but rows.
        return self.name == "rows" and given.name == "dataset" and not given.splits


MODULE = "module"
"""The artifact that is a file with other params: what it declares is named behind it (`search.best.pretrain.best`)."""


class Variations(Type):
    """What a sweep tries: a map from params of the file to lists of what each takes.

    `drawn` is the kind of the components that may stand for a list, whose values are drawn.
    """

    drawn: str | None = None


class Formula(Type):
    """An expression over numbers that tasks put out (`scope` task) or over a row's fields (`scope` row).

    `result` is what it must come to: a number (or quantity), or a boolean, which a comparison gives.
    """

    scope: str = "task"
    result: str = "number"
