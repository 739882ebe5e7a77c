"""Records: what a frozen dataclass promises, the parts that the language leans on."""

from __future__ import annotations

import copy
import pickle
from typing import ClassVar

import pytest
from llx.dsl.record import Record, replace


class Point(Record):
    SCALE: ClassVar[int] = 2
    x: int
    y: int = 0

    @property
    def scaled(self) -> int:
        return self.x * self.SCALE


class Named(Point):
    name: str = "origin"


class Edge(Record, eq=False):
    end: Point


def test_values_come_by_place_by_name_and_by_default() -> None:
    assert Point(1, 2) == Point(1, y=2) == Point(y=2, x=1)
    assert Point(1) == Point(1, 0)
    assert (Named(1, 2, "a").x, Named(1, 2, "a").name, Named(3).name) == (1, "a", "origin")
    assert Point(3).scaled == 6


@pytest.mark.parametrize(("values", "named"), [((), {}), ((1, 2, 3), {}), ((1,), {"z": 3}), ((1,), {"x": 1})])
def test_wrong_values_are_refused(values: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError, match=r"Point takes \(x, y\)"):
        Point(*values, **named)


def test_a_record_is_immutable() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match=r"Point\.x"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del point.y
    assert point == Point(1)


def test_equality_is_by_class_and_values_and_hashes_agree() -> None:
    assert hash(Point(1, 2)) == hash(Point(y=2, x=1))
    assert Point(1, 2) != Point(2, 1)
    assert Named(1, 2) != Point(1, 2)
    assert Point(1) != (1, 0)


def test_without_eq_a_record_equals_itself_alone() -> None:
    edge = Edge(Point(1))
    assert edge == edge
    assert edge != Edge(Point(1))
    assert len({edge, Edge(Point(1))}) == 2


def test_records_match_patterns_and_show_their_values() -> None:
    match Named(1, 2, "a"):
        case Named(x, name=name):
            assert (x, name) == (1, "a")
        case _:
            pytest.fail("no match")
    assert repr(Named(1, name="b")) == "Named(x=1, y=0, name='b')"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda record: pickle.loads(pickle.dumps(record))])
def test_records_can_be_copied_and_pickled(copied: object) -> None:
    assert copied(Named(1, 2, "a")) == Named(1, 2, "a")  # type: ignore[operator]


def test_replace_gives_another() -> None:
    point = Point(1, 2)
    assert replace(point, y=5) == Point(1, 5)
    assert point == Point(1, 2)
    with pytest.raises(TypeError):
        replace(point, z=1)
