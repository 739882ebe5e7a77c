"""`use`: components of other distributions under a prefix."""

from __future__ import annotations

import pytest

from .fake import checked, codes, program


def errors(text: str) -> list[str]:
    result = checked(text)
    return [code for code, one in zip(codes(result), result.diagnostics, strict=True) if one.is_error]


def test_components_are_seen_under_the_prefix() -> None:
    for use, prefix in (("use llx-extra", "extra"), ("use llx-extra >= 1 as e", "e")):
        result = program(f"{use}\noptimizer o = {prefix}.lion {{ lr = 1 }}\noptimizer p = {prefix}.lion(2)")
        assert result.declarations["o"].value.lr == 1
        assert [(one.name, one.prefix, one.version) for one in result.uses] == [("llx-extra", prefix, "1.2")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimizer o = extra.lion { lr = 1 }", ["L0207 extra.lion"]),
        ("use llx-extra\noptimizer o = extra.lyon { lr = 1 }", ["L0207 extra.lyon"]),
        ("use llx-extra\noptimizer o = extra.lyon", ["L0207 extra.lyon"]),
        ("use llx-extra\nlet extra = 3", ["L0702 llx-extra"]),
        ("use llx-extra as e\nlet e = 3", ["L0702 e"]),
        ("use llx-extra\nuse llx-extra", ["L0703 llx-extra"]),
        ("use llx-none\noptimizer o = none_.x { lr = 1 }", ["L0710 llx-none", "L0207 none_.x"]),
        ("use llx-nothing\noptimizer o = nothing.x { lr = 1 }\noptimizer p = nothing.y", ["L0710 llx-nothing"]),
        ("use llx-extra < 1\noptimizer o = extra.x { lr = 1 }", ["L0711 < 1"]),
    ],
)
def test_faults(text: str, expected: list[str]) -> None:
    assert errors(text) == expected


def test_an_unknown_prefix_is_told_of_use() -> None:
    (one,) = [d for d in checked("optimizer o = extra.lion { lr = 1 }").diagnostics if d.is_error]
    assert [help.key for help in one.helps] == ["L0201.use"]
