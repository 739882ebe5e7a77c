"""The plan says what runs, and why; what doesn't change a result runs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from engine_lab import Count, Lab, Scale, Square, Words
from llx.dsl.diagnostics import words as language
from llx.dsl.diagnostics.model import Text
from llx.runtime.plan import Plan
from llx.runtime.why import why
from llx.runtime.words import load


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    (tmp_path / "a.txt").write_text("one two three", encoding="utf-8")
    (tmp_path / "b.txt").write_text("four five", encoding="utf-8")
    return Lab(tmp_path)


def experiment(lab: Lab, *, file: str = "a.txt", scale: Scale | None = None, name: str = "words", **more: Any) -> Any:
    source = Words(file=file)
    total = Count(source=source.default(), scale=scale or Scale(factor=2.0))
    return lab.program({name: source, "total": total}, **more)


def said(texts: tuple[Text, ...]) -> list[str]:
    load("en")
    return [language.render(text, "en") for text in texts]


def reasons(plan: Plan) -> dict[str, list[str]]:
    return {task.node.label: said(task.reasons) for task in plan.tasks if task.reasons}


def test_what_never_ran_says_so(lab: Lab) -> None:
    assert reasons(lab.plan(experiment(lab))) == {
        "words": ["never ran"],
        "total · tokens": ["never ran"],
        "total": ["never ran"],
    }


def test_layout_comments_and_names_rerun_nothing(lab: Lab) -> None:
    lab.run(experiment(lab))
    assert lab.plan(experiment(lab, above="# a comment\n\n\n")).is_done
    assert lab.plan(experiment(lab, name="other")).is_done
    assert lab.plan(experiment(lab, file="a.txt", above="## and another\n", name="x")).is_done


def test_a_changed_value_is_shown_with_its_place(lab: Lab) -> None:
    lab.run(experiment(lab))
    plan = lab.plan(experiment(lab, scale=Scale(factor=3.0)))
    assert lab.states(plan) == {"words": "stored", "total · tokens": "stored", "total": "run"}
    assert reasons(plan) == {"total": ["scale.factor: 2 -> 3  a.llx:6"]}


def test_another_component_is_one_reason(lab: Lab) -> None:
    lab.run(experiment(lab))
    plan = lab.plan(experiment(lab, scale=Square(factor=2.0, offset=4)))
    assert reasons(plan) == {"total": ["scale: scale -> square  a.llx:5"]}


def test_a_param_stands_for_what_it_changed(lab: Lab) -> None:
    lab.run(experiment(lab, params={"factor": 2.0}))
    plan = lab.plan(experiment(lab, scale=Scale(factor=5.0), params={"factor": 5.0}))
    assert reasons(plan) == {"total": ["factor: 2 -> 5  a.llx:1"]}


def test_a_changed_setting_reruns_those_that_name_it(lab: Lab) -> None:
    lab.run(experiment(lab, seed=1))
    plan = lab.plan(experiment(lab, seed=2))
    assert reasons(plan) == {"total": ["seed: 1 -> 2"]}


def test_an_edited_file_reruns_what_reads_it(lab: Lab) -> None:
    lab.run(experiment(lab))
    (lab.root / "a.txt").write_text("one two four", encoding="utf-8")
    assert reasons(lab.plan(experiment(lab))) == {
        "words": ["a.txt changed"],
        "total · tokens": ["needs words"],
        "total": ["needs total · tokens"],
    }
    (lab.root / "b.txt").write_text("nobody reads it", encoding="utf-8")
    lab.run(experiment(lab))
    assert lab.plan(experiment(lab)).is_done


def test_another_file_is_a_changed_field(lab: Lab) -> None:
    lab.run(experiment(lab))
    found = reasons(lab.plan(experiment(lab, file="b.txt")))["words"]
    assert found == ['file: "a.txt" -> "b.txt"  a.llx:2', "b.txt is new", "a.txt is gone"]


def test_an_input_that_is_stored_already_is_named(lab: Lab) -> None:
    one, two = Words(file="a.txt"), Words(file="b.txt")
    lab.run(lab.program({"one": one, "two": two, "total": Count(source=one.default(), like=two.default())}))
    plan = lab.plan(lab.program({"one": one, "two": two, "total": Count(source=one.default(), like=one.default())}))
    assert reasons(plan) == {"total": ["like: two.rows -> one.rows  a.llx:8"]}


def test_an_older_state_is_found_again(lab: Lab) -> None:
    lab.run(experiment(lab))
    lab.run(experiment(lab, scale=Scale(factor=3.0)))
    assert lab.plan(experiment(lab)).is_done
    lab.run(experiment(lab))
    assert reasons(lab.plan(experiment(lab, scale=Scale(factor=4.0))))["total"] == ["scale.factor: 2 -> 4  a.llx:6"]


def test_a_moved_project_reruns_nothing(lab: Lab) -> None:
    lab.run(experiment(lab))
    moved = Lab(lab.root.parent / f"{lab.root.name}-moved")
    shutil.copytree(lab.root, moved.root, symlinks=True)
    assert moved.plan(experiment(moved)).is_done


def test_a_deleted_artifact_is_made_again(lab: Lab) -> None:
    lab.run(experiment(lab))
    plan = lab.plan(experiment(lab))
    lab.store.discard(plan.graph.final[0].fingerprint)
    assert reasons(lab.plan(experiment(lab))) == {"total": ["its artifact is gone"]}


def test_equal_tasks_are_one_node_with_both_names(lab: Lab) -> None:
    one, two = Words(file="a.txt"), Words(file="a.txt")
    plan = lab.plan(lab.program({"one": one, "two": two, "total": Count(source=one.default(), like=two.default())}))
    assert [task.node.label for task in plan.tasks] == ["one", "total · tokens", "total"]
    assert plan.graph.named("two") is plan.graph.named("one")


def test_anonymous_tasks_are_called_after_what_needs_them(lab: Lab) -> None:
    first, second = Words(file="a.txt"), Words(file="b.txt")
    plan = lab.plan(lab.program({"total": Count(source=first.default(), like=second.default())}))
    assert [task.node.label for task in plan.tasks] == ["total · words", "total · words 2", "total · tokens", "total"]
    assert [task.node.depth for task in plan.tasks] == [1, 1, 1, 0]


def test_only_what_a_name_needs_is_planned(lab: Lab) -> None:
    words = Words(file="a.txt")
    program = lab.program({"words": words, "total": Count(source=words.default())})
    assert [task.node.label for task in lab.plan(program, ["words"]).tasks] == ["words"]
    lab.run(program, ["words"])
    assert lab.ran() == ["words a.txt"]


def test_a_long_chain_is_no_matter(lab: Lab) -> None:
    from engine_lab import Tokens

    values: dict[str, Any] = {"t0": Words(file="a.txt")}
    for number in range(1, 2000):
        values[f"t{number}"] = Tokens(source=values[f"t{number - 1}"].default())
    assert len(lab.plan(lab.program(values), ["t1999"]).tasks) == 2000


def test_why_names_the_first_cause(lab: Lab) -> None:
    lab.run(experiment(lab))
    (lab.root / "a.txt").write_text("changed", encoding="utf-8")
    explained = why(lab.plan(experiment(lab)), "total")
    assert explained is not None
    assert explained.root_cause == ("total", "words")
    assert explained.values["scale.factor"] == 2
    assert why(lab.plan(experiment(lab)), "nothing") is None


def test_a_plan_needs_no_heavy_library(lab: Lab) -> None:
    lab.run(experiment(lab))
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import test_plan, engine_lab\nfrom pathlib import Path\n"
        f"lab = engine_lab.Lab(Path({str(lab.root)!r}))\n"
        "assert lab.plan(test_plan.experiment(lab)).is_done\n"
        "print(sorted({'torch', 'numpy', 'sqlite3', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


def test_digests_are_remembered_only_when_a_change_would_be_seen(lab: Lab) -> None:
    from llx.runtime.digests import FileDigests

    path, cache = lab.root / "a.txt", lab.root / "digests.json"
    digests = FileDigests(lab.root, cache)
    first = digests(path)
    digests.save()
    assert not cache.exists(), "the file was written just now"
    old = time.time() - 100
    os.utime(path, (old, old))
    path.write_bytes(b"ONE two three")
    os.utime(path, (old, old))
    assert FileDigests(lab.root, cache)(path) != first


def test_a_remembered_digest_is_not_computed_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import digests

    path, cache = lab.root / "a.txt", lab.root / "digests.json"
    monkeypatch.setattr(digests, "RACY", -(10**18))
    once = digests.FileDigests(lab.root, cache)
    first = once(path)
    once.save()
    monkeypatch.setattr(digests, "sha256", lambda _: pytest.fail("it was read again"))
    assert digests.FileDigests(lab.root, cache)(path) == first
    cache.write_text('{"a.txt": [1, 2], "b": 3', encoding="utf-8")
    monkeypatch.undo()
    assert digests.FileDigests(lab.root, cache)(path) == first
