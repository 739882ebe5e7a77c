"""Where rows come from: followed through any number of tasks, and compared by their parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from llx.dsl.program import Reference
from llx.plugins.api import DataTask, Derived, Part, Rows
from llx.plugins.builtin.data.clean import Clean
from llx.plugins.builtin.data.mix import Mix
from llx.plugins.builtin.data.split import Split
from llx.plugins.builtin.data.splits import Splits
from llx.plugins.builtin.data.take import Take
from llx.plugins.builtin.data.text import TextFiles
from llx.plugins.provenance import MOST_PORTIONS, Provenance


@pytest.fixture
def provenance(tmp_path: Path) -> Provenance:
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"the text of {name}")
    return Provenance(tmp_path)


def text(path: str = "a.txt", **fields: Any) -> Reference:
    return TextFiles(path=path, **fields).default()


def split(data: Reference, **fields: Any) -> Split:
    return Split(data=data, **fields)


def share(provenance: Provenance, one: Reference, other: Reference) -> bool:
    return any(a.may_share_rows(b) for a in provenance.portions(one) for b in provenance.portions(other))


def test_files_tell_rows_apart(provenance: Provenance) -> None:
    assert share(provenance, text(), text())
    assert share(provenance, text("*.txt"), text())
    assert not share(provenance, text("a.txt"), text("b.txt"))
    both = Mix(sources={"a": text("a.txt"), "b": text("b.txt")}).default()
    assert share(provenance, both, text("b.txt"))


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ({"test": 0.1}, {"test": 0.1}, False),
        ({"test": 0.1}, {"test": 0.05}, False),
        ({"test": 0.1}, {"test": 0.2}, True),
        ({"test": 0.1, "seed": 1}, {"test": 0.1}, True),
        ({"test": 0.1, "by": "file"}, {"test": 0.1}, True),
        ({"test": 0.1, "by": "file"}, {"test": 0.1, "by": "file"}, False),
        ({"validation": 0.1}, {"test": 0.1}, True),
    ],
)
def test_splits_are_compared_by_their_numbering(
    provenance: Provenance, one: dict[str, Any], other: dict[str, Any], shared: bool
) -> None:
    train, test = split(text(), **one).output("train"), split(text(), **other).output("test")
    assert share(provenance, train, test) is shared


def test_a_text_that_was_changed_has_another_number(provenance: Provenance) -> None:
    test = split(text(), test=0.1).output("test")
    assert share(provenance, split(Clean(data=text()).default(), test=0.1).output("train"), test)
    assert not share(provenance, split(Take(data=text(), amount=0.5).default(), test=0.1).output("train"), test)
    # What is cleaned after the split was split before.
    whole = split(text(), test=0.1).default()
    assert not share(provenance, Clean(data=whole).output("train"), Clean(data=whole).output("test"))
    # Cut at other places, the texts are others.
    assert share(provenance, split(text(separator="."), test=0.1).output("train"), test)


def test_the_second_of_two_splits_numbers_anew(provenance: Provenance) -> None:
    first = split(text(), test=0.5)
    second = split(first.output("train"), test=0.5)
    assert not share(provenance, second.output("test"), first.output("test"))
    assert not share(provenance, second.output("test"), second.output("train"))
    assert share(provenance, second.output("test"), first.output("train"))


def test_joined_splits_are_made_of_their_fields(provenance: Provenance) -> None:
    joined = Splits(train=text("a.txt"), test=text("b.txt"))
    assert not share(provenance, joined.output("train"), joined.output("test"))
    assert share(provenance, joined.output("test"), text("b.txt"))
    assert share(provenance, joined.default(), text("b.txt"))


def test_one_task_divides_what_comes_in_two_forms(provenance: Provenance) -> None:
    both = Mix(sources={"raw": text(), "clean": Clean(data=text()).default()})
    parts = split(both.default(), test=0.1)
    assert not share(provenance, parts.output("train"), parts.output("test"))


def test_chains_longer_than_the_stack(provenance: Provenance) -> None:
    data = split(text(), test=0.1).output("train")
    for _ in range(3000):
        data = Clean(data=data).default()
    [portion] = provenance.portions(data)
    assert len(list(portion.way)) == 3002
    assert not share(provenance, data, split(text(), test=0.1).output("test"))


def test_data_of_too_many_portions_is_not_followed(provenance: Provenance) -> None:
    data = text()
    for number in range(1, MOST_PORTIONS + 2):
        changed = Clean(data=text(), min_chars=number).default()
        data = Mix(sources={"a": data, "b": changed}).default()
    assert provenance.portions(data) == []


class Numbered(DataTask):
    """Data that says itself what its splits are made of."""

    name: ClassVar[str] = "numbered"
    columns: ClassVar[tuple[str, ...]] = ("text",)
    splits: ClassVar[tuple[str, ...]] = ("early", "late")
    data: Rows

    def derives(self, split: str | None) -> list[Derived]:
        low, high = {"early": (0.0, 0.5), "late": (0.5, 1.0)}.get(split or "", (0.0, 1.0))
        return [Derived(self.data, None, Part("half", low, high), "data")]


def test_a_third_party_says_what_its_splits_are_made_of(provenance: Provenance) -> None:
    one, other = Numbered(data=text()), Numbered(data=text())
    assert not share(provenance, one.output("early"), other.output("late"))
    assert share(provenance, one.output("early"), other.output("early"))
    assert share(provenance, one.output("early"), other.default())


class Years(DataTask):
    """Rows of some years: other fields may mean other rows."""

    name: ClassVar[str] = "years"
    columns: ClassVar[tuple[str, ...]] = ("text",)
    data: Rows
    least: int = 0


def test_what_is_chosen_otherwise_may_be_other_rows(provenance: Provenance) -> None:
    early, late = Years(data=text()).default(), Years(data=text(), least=2020).default()
    assert not share(provenance, early, late)
    assert share(provenance, late, Years(data=text(), least=2020).default())
    assert share(provenance, late, text())
    assert share(provenance, Clean(data=text(), min_chars=5).default(), Clean(data=text()).default())
