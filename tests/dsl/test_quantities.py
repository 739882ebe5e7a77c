"""How numbers and quantities are written for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llx.dsl import syntax
from llx.dsl.parser import parse_expression
from llx.dsl.quantities import Quantity, show_number
from llx.dsl.source import Source


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (8192, "8Ki"),
        (1_600_000, "1.6M"),
        (123_456_700_000, "123456700000"),
        (2**63, "9223372036854775808"),
        (0.1 + 0.2, "0.3"),
        (1.000001, "1.000001"),
        (-5000, "-5k"),
        (999, "999"),
        (1e30, "1e+30"),
    ],
)
def test_numbers_are_short_where_that_is_exact(number: float, shown: str) -> None:
    assert show_number(number) == shown


@given(
    st.integers(0, 2**70)
    | st.integers(0, 2**20).map(lambda n: n * 10**6)
    | st.integers(0, 2**20).map(lambda n: n << 20)
)
def test_a_whole_number_reads_as_it_was(number: int) -> None:
    literal, diagnostics = parse_expression(Source("a", show_number(number)))
    assert not diagnostics
    assert isinstance(literal, syntax.Literal)
    assert literal.value == number


@pytest.mark.parametrize(
    ("quantity", "shown"),
    [
        (Quantity(20_000_000, "tokens"), "20M tokens"),
        (Quantity(5400, "time"), "90 min"),
        (Quantity(3 * 2**30, "memory"), "3 GiB"),
        (Quantity(0, "steps"), "0 steps"),
    ],
)
def test_quantities(quantity: Quantity, shown: str) -> None:
    assert str(quantity) == shown
