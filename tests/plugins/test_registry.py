"""The catalogue of a file: built-ins, and what it uses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from llx.dsl.catalogue import Problem
from llx.dsl.diagnostics.model import Text
from llx.dsl.diagnostics.words import catalogue, render
from llx.plugins import builtin
from llx.plugins.api import Component, Field, Metric, Place, Task
from llx.plugins.builtin import COMPONENTS
from llx.plugins.kinds import KINDS
from llx.plugins.registered import Registered
from llx.plugins.registry import Registry
from llx.plugins.schema import fields_of
from llx.plugins.versions import satisfies
from pydantic import field_validator

from .conftest import MakeDistribution

GOOD = '''
from typing import ClassVar
from llx.plugins.api import Field, Metric, hookimpl

class Share(Metric):
    """Count the right ones."""

    name: ClassVar[str] = "share"
    least: int = Field(1, ge=1, description="how many at least")

    def compute(self, outcome):
        return 0.5

@hookimpl
def llx_components():
    return [Share]
'''


def test_use_makes_components_visible_under_the_prefix(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-share", GOOD, version="0.3")
    registry = Registry()
    used = registry.use("llx-share", [(">=", "0.2")], None)
    assert (used.prefix, used.version, used.problem) == ("share", "0.3", None)
    component = registry.components("metric")["share.share"]
    assert component.description == "Count the right ones."
    value, problems = component.build({"least": 3})
    assert not problems
    assert value.least == 3
    assert registry.recipe(value) == (component, {"least": 3})


LOCATED = GOOD.replace("hookimpl\n", "Located, hookimpl\n", 1).replace(
    "[Share]",
    "[Located('metric', 'share', 'llx_share:Share'), Located('metric', 'none', 'llx_share:Nothing'), "
    "Located('metric', 'other', 'llx_share:Share')]",
)


def test_located_components_are_imported_at_the_use_each_alone(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-share", LOCATED)
    registry = Registry()
    used = registry.use("llx-share", [], None)
    assert {name for name in registry.components("metric") if "." in name} == {"share.share"}
    assert code(used.problem) == "L0722"
    assert used.problem is not None
    said = render(used.problem.message, "en")
    assert "Nothing" in said
    assert "is metric share, not metric other" in said


def test_the_built_in_components_are_what_a_third_partys_must_be() -> None:
    registry = Registry()
    seen = 0
    for kind in registry.kinds:
        for name, component in registry.components(kind).items():
            assert (component.of.kind, component.of.name) == (kind, name)
            assert component.description, name
            assert set(component.positional) <= set(component.fields), name
            assert not getattr(component.of, "__abstractmethods__", ()), name
            assert issubclass(component.of, next(known.base for known in KINDS if known.base.kind == kind))
            seen += 1
    assert seen == sum(map(len, COMPONENTS.values()))


def test_the_built_in_components_are_all_listed() -> None:
    """A module of a kind's folder whose class has its name is in the table."""
    folder = Path(builtin.__file__).parent
    named = {
        (path.parent.name, path.stem)
        for path in folder.glob("*/*.py")
        if path.parent.name in COMPONENTS and f'name: ClassVar[str] = "{path.stem}"' in path.read_text(encoding="utf-8")
    }
    assert named == {(kind, name) for kind, names in COMPONENTS.items() for name in names}


def test_a_component_that_is_not_named_is_not_imported() -> None:
    code = (
        "import sys; from llx.plugins.registry import Registry; before = set(sys.modules)\n"
        "Registry().components('schedule')['cosine'].fields\n"
        "print(sorted(name for name in set(sys.modules) - before if name.startswith('llx.plugins.builtin.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cosine" in done.stdout
    assert "constant" not in done.stdout
    assert "builtin.data" not in done.stdout


def test_alias_renames_the_prefix(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-share", GOOD)
    registry = Registry()
    assert registry.use("llx-share", [], "s").prefix == "s"
    assert "s.share" in registry.components("metric")


def test_what_is_not_used_is_not_seen(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-share", "raise RuntimeError('imported')")
    assert not any(name.startswith("share") for name in Registry().components("metric"))


def test_llx_itself_is_only_pinned() -> None:
    registry = Registry()
    assert registry.use("llx-lang", [(">=", "0.0.1")], None).problem is None
    assert code(registry.use("llx-lang", [(">=", "999")], None).problem) == "L0711"


def code(problem: Problem | None) -> str | None:
    if problem is not None:
        assert problem.message.values.get("distribution"), "a problem of a plugin names its distribution"
        for language in ("en", "ja"):
            for text in (problem.message, problem.help):
                assert text is not None
                assert text.key in catalogue(language)
                assert "{" not in render(text, language)
    return problem.code if problem else None


BROKEN = {
    "raises": ("raise ValueError('half finished')", "L0714"),
    "exits": ("import sys; sys.exit(3)", "L0714"),
    "missing import": ("import there_is_no_such_module", "L0714"),
    "syntax": ("def (", "L0714"),
    "hook raises": (
        "from llx.plugins.api import hookimpl\n@hookimpl\ndef llx_components():\n    raise KeyError('x')",
        "L0718",
    ),
    "hook with a wrong signature": (
        "from llx.plugins.api import hookimpl\n@hookimpl\ndef llx_components(nothing):\n    return []",
        "L0718",
    ),
    "not a component": (
        "from llx.plugins.api import hookimpl\n@hookimpl\ndef llx_components():\n    return [int]",
        "L0713",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_a_problem(case: str, make_distribution: MakeDistribution) -> None:
    source, expected = BROKEN[case]
    make_distribution("llx-broken", source)
    registry = Registry()
    assert code(registry.use("llx-broken", [], None).problem) == expected
    assert registry.kinds


def test_missing_wrong_version_and_no_plugin(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-old", GOOD, version="0.1")
    make_distribution("llx-none", GOOD, points={})
    registry = Registry()
    assert code(registry.use("llx-not-there", [], None).problem) == "L0710"
    itself = registry.use("llx", [], None).problem
    assert itself is not None and itself.help == Text("L0710.llx", {"distribution": "llx-lang"})
    assert code(registry.use("llx-old", [(">=", "0.1"), ("<", "0.1")], None).problem) == "L0711"
    assert code(registry.use("llx-none", [], None).problem) == "L0712"


def test_printing_is_held_back_and_told(make_distribution: MakeDistribution, capsys: Any) -> None:
    make_distribution("llx-loud", "print('hello')\n" + GOOD)
    registry = Registry()
    used = registry.use("llx-loud", [], None)
    assert used.prefix == "loud"
    assert code(used.problem) == "L0717"
    assert used.problem is not None
    assert used.problem.warning
    assert "loud.share" in registry.components("metric")
    assert capsys.readouterr().out == ""


def test_good_components_of_a_partly_broken_plugin_work(make_distribution: MakeDistribution) -> None:
    more = """
from typing import Any
class Loose(Metric):
    '''Take anything.'''
    name: ClassVar[str] = "loose"
    it: Any = None
    def compute(self, outcome): return 0.0

class Wordless(Share):
    name: ClassVar[str] = "wordless"

class Again(Share):
    '''Clash.'''

@hookimpl(specname="llx_components")
def more():
    return [Loose, Wordless, Again]
"""
    make_distribution("llx-partly", GOOD + more)
    registry = Registry()
    used = registry.use("llx-partly", [], None)
    assert used.prefix == "partly"
    assert used.problem is not None
    assert used.problem.code == "L0722"
    assert not used.problem.warning
    problems: Any = used.problem.message.values["problems"]
    assert [text.key for text in problems] == ["L0720", "L0721", "L0716"]
    assert set(registry.components("metric")) >= {"partly.share", "partly.wordless"}
    assert "partly.loose" not in registry.components("metric")


def test_a_component_without_what_its_kind_asks_for(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-half", GOOD.replace("def compute", "def computes"))
    registry = Registry()
    assert code(registry.use("llx-half", [], None).problem) == "L0724"
    assert "half.share" not in registry.components("metric")


def test_the_same_prefix_twice(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-one", GOOD, points={"same": "llx_one"})
    make_distribution("llx-two", GOOD, points={"same": "llx_two"})
    registry = Registry()
    assert registry.use("llx-one", [], None).problem is None
    assert code(registry.use("llx-two", [], None).problem) == "L0716"


def test_the_registry_of_another_file_sees_what_that_file_uses(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-share", GOOD)
    first = Registry()
    second, third = first.fresh(), first.fresh()
    assert first.use("llx-share", [], None).problem is None
    assert second.use("llx-share", [], "other").problem is None
    names = [[name for name in one.components("metric") if "." in name] for one in (first, second, third)]
    assert names == [["share.share"], ["other.share"], []]
    assert third.components("optimizer").keys() == first.components("optimizer").keys()
    value, _ = second.components("metric")["other.share"].build({"least": 3})
    assert [one.recipe(value)[0].name for one in (first, second)] == ["share.share", "other.share"]
    # Its hooks are called once, however many files use it.
    assert len(first.manager.get_plugins()) == 2
    assert first.manager is second.manager


class Checked(Metric):
    """Be even."""

    name: ClassVar[str] = "checked"
    many: list[int] = Field(description="numbers")

    @field_validator("many")
    @classmethod
    def _even(cls, many: list[int]) -> list[int]:
        if any(number % 2 for number in many):
            raise ValueError("odd numbers don't fit")
        return many

    def compute(self, outcome: Any) -> float:
        return 0.0

    def check(self, place: Place) -> None:
        if len(self.many) > 3:
            raise RuntimeError("bug")
        place.error("many", "share:few", {"least": 4}, help="share:few.help")


def test_validators_and_checks_have_their_field() -> None:
    registered = Registered(Checked, None, "llx-x")
    value, problems = registered.build({"many": [1]})
    assert value is None
    assert [(p.field, p.message.values) for p in problems] == [("many", {"said": "odd numbers don't fit"})]
    value, problems = registered.build({"many": [2, "x"]})
    assert [(p.field, p.index) for p in problems] == [("many", 1)]
    registry = Registry()
    value, problems = registered.build({"many": [2]})
    [found] = registry.check(value, Path())
    assert (found.field, found.code, found.help and found.help.key) == ("many", "share:few", "share:few.help")
    value, _ = registered.build({"many": [2, 2, 2, 2]})
    assert [p.code for p in registry.check(value, Path())] == ["L0715"]


def test_the_built_in_components_are_whole() -> None:
    registry = Registry()
    for kind in registry.kinds:
        for name, component in registry.components(kind).items():
            assert component.description, f"{kind} {name} has no docstring"
            assert set(component.positional) <= set(component.fields)
            for field in component.fields.values():
                assert field.description, f"{kind} {name}: field {field.name} has no description"


def test_the_fields_of_experiment() -> None:
    assert {"seed", "device", "precision", "deterministic"} <= set(Registry().experiment.fields)


def test_checking_imports_nothing_heavy() -> None:
    script = (
        "import os, sys; os.environ['PYDANTIC_DISABLE_PLUGINS'] = '__all__'\n"  # as the command line does
        "from llx.plugins.registry import Registry; r = Registry()\n"
        "for kind in r.kinds:\n    for c in r.components(kind).values(): c.fields\n"
        "print([m for m in ('torch', 'numpy', 'pyarrow', 'tokenizers', 'rich') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("version", "operator", "wanted", "met"),
    [
        ("0.2", ">=", "0.2", True),
        ("0.2.0", "==", "0.2", True),
        ("0.10", ">", "0.9", True),
        ("1.0rc1", "<", "1.0", True),
        ("1.0rc1", ">", "1.0b2", True),
        ("1.0.dev3", "<", "1.0a1", True),
        ("1.0.post1", ">", "1.0", True),
        ("1.0+local", "==", "1.0", True),
        ("0.2", "!=", "0.2.1", True),
        ("0.1", ">=", "0.2", False),
        ("abc", ">=", "0.2", None),
    ],
)
def test_versions(version: str, operator: str, wanted: str, met: bool | None) -> None:
    assert satisfies(version, operator, wanted) is met


def test_kinds_are_tasks_or_values() -> None:
    kinds = Registry().kinds
    assert kinds["data"].is_task
    assert not kinds["data"].final
    assert kinds["stage"].final
    assert not kinds["optimizer"].is_task


def test_bases_are_never_built_from_mappings() -> None:
    class Holder(Component):
        """Hold."""

        name: ClassVar[str] = "holder"
        metric: Metric

    _, problems = Registered(Holder, None, "x").build({"metric": {"many": [2]}})
    assert [p.field for p in problems] == ["metric"]
    assert issubclass(Task, Component)
    assert fields_of(Holder)


def test_messages_have_both_languages_and_the_same_values() -> None:
    Registry()
    placeholders = {
        language: {key: sorted(set(re.findall(r"{(\w+)", text))) for key, text in catalogue(language).items()}
        for language in ("en", "ja")
    }
    assert placeholders["en"] == placeholders["ja"]


def test_a_plugins_messages_stay_under_its_prefix(make_distribution: MakeDistribution) -> None:
    hook = """
@hookimpl
def llx_messages(language):
    return {"worded:few": "few", "L0101": "hidden"}
"""
    make_distribution("llx-worded", GOOD + hook)
    registry = Registry()
    assert code(registry.use("llx-worded", [], None).problem) == "L0723"
    assert catalogue("en")["worded:few"] == "few"
    assert catalogue("en")["L0101"] != "hidden"


KIND = """
from typing import ClassVar
from llx.plugins.api import Component, Field, KindOf, Task, Artifact, hookimpl

class Mood(Component):
    '''Base.'''
    kind: ClassVar[str] = "mood"

class Calm(Mood):
    '''Be calm.'''
    name: ClassVar[str] = "calm"
    depth: int = Field(1, description="How calm")

class Broken(Task):
    '''Put out nothing that makes sense.'''
    kind: ClassVar[str] = "stage"
    name: ClassVar[str] = "broken"
    def outputs(self): raise KeyError("no")

@hookimpl
def llx_kinds():
    return [KindOf(Mood, "how it feels")]

@hookimpl
def llx_components():
    yield Calm
    yield Broken
    yield 3
"""


def test_a_plugin_may_bring_kinds(make_distribution: MakeDistribution) -> None:
    make_distribution("llx-mood", KIND)
    registry = Registry()
    used = registry.use("llx-mood", [], None)
    assert registry.kinds["mood"].description == "how it feels"
    assert not registry.kinds["mood"].is_task
    assert list(registry.components("mood")) == ["mood.calm"]
    # `Broken` calls itself a stage and derives from no stage; 3 is nothing at all.
    assert used.problem is not None
    problems: Any = used.problem.message.values["problems"]
    assert [text.key for text in problems] == ["L0719", "L0713"]


def test_outputs_that_fail_are_reported_by_the_check(make_distribution: MakeDistribution) -> None:
    source = KIND.replace("class Broken(Task)", "class Broken(Audit)").replace("Task, ", "Audit, Task, ")
    make_distribution("llx-mood", source.replace('"stage"', '"audit"'))
    registry = Registry()
    registry.use("llx-mood", [], None)
    task, _ = registry.components("audit")["mood.broken"].build({})
    assert registry.outputs(task) == {}
    assert [found.code for found in registry.check(task, Path())] == ["L0715"]


RULES = """
from llx.dsl.diagnostics.model import Diagnostic, Text
from llx.plugins.api import hookimpl

@hookimpl
def llx_check(program):
    {body}
"""


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ("return [Diagnostic('rules:x', Text('rules:x'), None)]", ["rules:x"]),
        ("raise RuntimeError('bug')", ["L0718"]),
        ("return 3", ["L0718"]),
        ("return None", []),
        ("import sys; sys.exit(0)", ["L0718"]),
    ],
)
def test_rules_over_the_program(make_distribution: MakeDistribution, body: str, codes: list[str]) -> None:
    make_distribution("llx-rules", RULES.format(body=body))
    registry = Registry()
    assert registry.use("llx-rules", [], None).problem is None
    program: Any = SimpleNamespace(declarations={}, trials=(), settings=None, uses=(), root=Path())
    assert [found.code for found in registry.rules(program)] == codes
