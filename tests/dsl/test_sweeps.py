"""Sweeps: trials are the file with other params, share what they don't change, and the best one has a name."""

from __future__ import annotations

from typing import Any

from llx.dsl.check import check_file
from llx.dsl.origins import field_origin
from llx.dsl.program import Program

from .fake import FakeCatalogue, checked, codes, program, shown

BASE = """
param lr = 1e-3
param base: model = small
data d = text("story.txt") |> split(validation = 1%, seed = 3)
tokenizer t = train_bpe(d.train, vocab_size = 256)
model small = decoder { layers = 1 }
model large = small with { layers = 2 }
stage pretrain = train { model = base, tokenizer = t, data = d, optimizer = adamw { lr = lr } }
stage classify = finetune { from = pretrain.best, data = d }
"""
SWEEP = "sweep search = grid { over = { lr = [1e-3, 3e-3], base = [small, large] }, minimise = pretrain.loss }\n"


def made(text: str, tmp_path: Any) -> Program:
    (tmp_path / "story.txt").write_text("once", encoding="utf-8")
    return program(BASE + text, tmp_path)


def found(text: str, tmp_path: Any) -> list[str]:
    (tmp_path / "story.txt").write_text("once", encoding="utf-8")
    return codes(checked(BASE + text, tmp_path))


def stages(built: Program, name: str = "search") -> list[Any]:
    return [trial.objective.references[0].task for trial in built.declarations[name].value.trials]


def test_a_trial_is_the_file_with_other_params(tmp_path: Any) -> None:
    built = made(SWEEP, tmp_path)
    assert [(stage.optimizer.lr, stage.model.layers) for stage in stages(built)] == [
        (0.001, 1), (0.001, 2), (0.003, 1), (0.003, 2)
    ]  # fmt: skip
    assert [trial.label for trial in built.trials][1:3] == [
        "search(lr=0.001, base=large)",
        "search(lr=0.003, base=small)",
    ]
    tokenizer = built.declarations["t"].value
    assert all(stage.tokenizer.task is tokenizer for stage in stages(built)), "what doesn't vary is the file's own"
    assert set(built.trials[0].declarations) == {"pretrain"}, "only what the objective needs is evaluated"
    assert built.place(stages(built)[0], "optimizer") is not None


def test_params_keep_their_own_values_outside_of_trials(tmp_path: Any) -> None:
    built = made(SWEEP, tmp_path)
    assert built.declarations["pretrain"].value.optimizer.lr == 0.001
    assert (built.params["lr"].value, built.params["lr"].given) == (0.001, False)
    scaled = made("sweep s = grid { over = { lr = [lr / 2, lr] }, minimise = pretrain.loss }", tmp_path)
    assert [stage.optimizer.lr for stage in stages(scaled, "s")] == [0.0005, 0.001]


def test_values_may_come_from_a_let(tmp_path: Any) -> None:
    built = made(
        "let rates = [1e-4, 1e-5]\nsweep s = grid { over = { lr = rates }, minimise = pretrain.loss / 2 }", tmp_path
    )
    assert [stage.optimizer.lr for stage in stages(built, "s")] == [1e-4, 1e-5]


def test_seeds_are_those_of_the_experiment_and_the_next_ones(tmp_path: Any) -> None:
    built = made(
        "experiment e { seed = 5 }\nsweep s = grid { over = { lr = [1e-3] }, seeds = 2, minimise = pretrain.loss }",
        tmp_path,
    )
    references = [trial.objective.references[0] for trial in built.declarations["s"].value.trials]
    assert [reference.settings.seed for reference in references] == [5, 6]
    assert references[0].settings is built.settings
    assert references[0].task is not references[1].task, "another seed is another task"
    assert [trial.seed for trial in built.declarations["s"].value.trials] == [5, 6]


def test_params_that_seed_the_experiment_can_vary(tmp_path: Any) -> None:
    built = made(
        "param number = 1\nexperiment e { seed = number }\n"
        "sweep s = grid { over = { number = [1, 2] }, minimise = pretrain.loss }",
        tmp_path,
    )
    references = [trial.objective.references[0] for trial in built.declarations["s"].value.trials]
    assert [reference.settings.seed for reference in references] == [1, 2]


def test_what_is_built_on_the_best_trial_waits_until_it_is_known(tmp_path: Any) -> None:
    text = SWEEP + (
        "stage long = search.best.pretrain with { batch = 16 examples }\n"
        'export out = save(search.best.classify.best, to = "out")\n'
        "let best_lr = search.best.lr\n"
        "stage again = pretrain with { optimizer.lr = best_lr / 2 }\n"
        "expect good = search.best.pretrain.loss < 3\n"
    )
    built = made(text, tmp_path)
    waiting = {name for name, one in built.declarations.items() if one.awaits}
    assert waiting == {"long", "out", "again"}
    assert built.expects["good"].awaits == {"search"}
    assert built.again is not None
    known, diagnostics = built.again({"search": 3})
    assert diagnostics == []
    assert known is not None
    assert not any(one.awaits for one in known.declarations.values())
    assert known.declarations["long"].value.model.layers == 2
    assert known.declarations["long"].value.optimizer.lr == 0.003
    assert known.declarations["again"].value.optimizer.lr == 0.0015
    assert known.declarations["out"].value.checkpoint.task is known.trials[3].declarations["classify"]
    (loss,) = known.expects["good"].formula.outputs
    assert loss.text == "search.best.pretrain.loss"
    assert loss.reference.task is known.trials[3].declarations["pretrain"]


def test_a_sweep_can_build_on_another(tmp_path: Any) -> None:
    text = SWEEP + (
        "param rate = 1e-4\n"
        "stage tuned = finetune { from = search.best.pretrain.best, data = d, optimizer = adamw { lr = rate } }\n"
        "sweep second = grid { over = { rate = [1e-4, 2e-4] }, seeds = 2, minimise = tuned.loss }\n"
        'export out = save(second.best.tuned.best, to = "out")\n'
    )
    built = made(text, tmp_path)
    assert built.declarations["second"].awaits == {"search"}
    assert built.declarations["out"].awaits == {"search", "second"}
    assert built.again is not None
    known, _ = built.again({"search": 1})
    assert known is not None
    assert (known.declarations["second"].awaits, known.declarations["out"].awaits) == (set(), {"second"})
    assert stages(known, "second")[0].arguments["from"].task.model.layers == 2
    second = [one.objective.references[0] for one in known.declarations["second"].value.trials]
    assert [one.settings.seed for one in second] == [0, 1, 0, 1]
    assert {one.task.arguments["from"].settings.seed for one in second} == {0}, "the other sweep's best keeps its seed"


def test_a_sweep_in_a_sweep_is_refused(tmp_path: Any) -> None:
    inner = SWEEP + "stage tuned = search.best.pretrain with { batch = 16 examples }\n"
    text = inner + "param l = 1\nsweep outer = grid { over = { lr = [1e-3, 1e-4] }, minimise = tuned.loss }\n"
    assert found(text, tmp_path) == ["L0902 l", "L0566 tuned.loss"]
    itself = inner.replace("minimise = pretrain.loss", "minimise = tuned.loss")
    assert [code.split()[0] for code in found(itself, tmp_path)] == ["L0401"]


def test_what_isnt_there_is_told_in_the_file(tmp_path: Any) -> None:
    assert found(SWEEP + "eval e = evaluate(search.best.classfy.best, data = d.train)", tmp_path) == ["L0201 classfy"]
    assert found(SWEEP + "eval e = evaluate(search.best.classify.bst, data = d.train)", tmp_path) == ["L0402 bst"]
    assert found(SWEEP + "eval e = evaluate(search.best, data = d.train)", tmp_path) == ["L0567 search.best"]
    assert found(SWEEP + "eval e = evaluate(search.worst, data = d.train)", tmp_path) == ["L0402 worst"]
    assert found(SWEEP + "eval e = evaluate(search.table, data = d.train)", tmp_path) == ["L0403 search.table"]


def test_the_settings_cant_wait_for_a_sweep(tmp_path: Any) -> None:
    assert found(SWEEP + "let n = search.best.lr * 1000\nexperiment e { seed = n }", tmp_path) == ["L0401 search"]


def test_too_many_trials(tmp_path: Any) -> None:
    many = ", ".join(str(n) for n in range(1, 1002))
    assert found(f"sweep s = grid {{ over = {{ lr = [{many}] }}, minimise = pretrain.loss }}", tmp_path) == [
        "L0904 large",
        "L0569 grid",
    ]


def test_a_mistake_that_only_trials_have_shows_the_value(tmp_path: Any) -> None:
    (tmp_path / "story.txt").write_text("once", encoding="utf-8")
    text = BASE + "sweep s = grid { over = { lr = [1e-3, -2.0] }, minimise = pretrain.loss }"
    *_, one = checked(text, tmp_path).diagnostics
    assert one.code == "L0302"
    assert [label.span.text for label in one.labels] == ["lr", "-2.0"]
    assert one.notes[-1].values == {"trial": "s(lr=-2)"}


def test_what_builds_on_the_best_trial_is_checked_with_each(tmp_path: Any) -> None:
    (tmp_path / "story.txt").write_text("once", encoding="utf-8")
    text = BASE + SWEEP + "model twice = small with { heads = 64 / (search.best.lr * 1000) }\n"
    found = checked(text + "stage long = pretrain with { model = twice }", tmp_path)
    (one,) = [one for one in found.diagnostics if one.is_error]
    assert one.code == "L0305"
    assert one.notes[-1].key == "note.best_trial"
    assert one.notes[-1].values == {"trial": "search(lr=0.003, base=small)"}


def test_a_sweep_can_be_changed(tmp_path: Any) -> None:
    text = SWEEP + (
        "sweep more = search with { seeds = 2 }\n"
        "sweep finer = search with { over.lr = [1e-4] }\n"
        "sweep other = search with { over = { lr = [5e-4] } }\n"
    )
    built = made(text, tmp_path)
    assert len(stages(built, "more")) == 8
    assert [(one.optimizer.lr, one.model.layers) for one in stages(built, "finer")] == [(1e-4, 1), (1e-4, 2)]
    assert [one.optimizer.lr for one in stages(built, "other")] == [5e-4]
    assert found(SWEEP + "sweep bad = search with { over.lrr = [1] }", tmp_path) == ["L0562 lrr"]


def test_an_expectation_on_the_best_trial_is_not_settled_beforehand(tmp_path: Any) -> None:
    text = SWEEP + (
        "let best_lr = search.best.lr\n"
        "expect chosen = search.best.lr == 3e-3\n"
        "expect by_let = best_lr == 3e-3\n"
        "expect always = 1 < 2\n"
    )
    (tmp_path / "story.txt").write_text("once", encoding="utf-8")
    result = checked(BASE + text, tmp_path)
    warned = [one for one in result.diagnostics if one.code == "L0234"]
    assert [one.span.text for one in warned if one.span is not None] == ["1 < 2"]
    built = result.program
    assert built is not None
    assert str(built.expects["chosen"].formula) == "search.best.lr == 3e-3"
    assert built.again is not None
    known, _ = built.again({"search": 1})
    assert known is not None
    assert (known.expects["chosen"].awaits, known.expects["chosen"].chosen) == (set(), {"search"})
    assert known.expects["by_let"].chosen == {"search"}


def came_through(built: Program, value: Any, field: str) -> list[tuple[str, Any, str, str, str]]:
    """Give the names behind a field's value: what each is, how it came by it, and the text at the place."""
    steps = field_origin(built, value, field).steps
    return [(step.name, step.value, step.how, step.sweep, step.place.text) for step in steps]


def test_a_value_of_a_trial_comes_from_its_sweep(tmp_path: Any) -> None:
    text = SWEEP + (
        "param few = 2\nlet half = lr / few\n"
        "stage halved = pretrain with { optimizer.lr = half }\n"
        "sweep other = grid { over = { lr = [5e-4, 7e-4] }, minimise = halved.loss }\n"
        "stage longer = search.best.pretrain with { patience = few }\n"
    )
    built = made(text, tmp_path)
    assert built.again is not None
    assert came_through(built, built.declarations["pretrain"].value.optimizer, "lr") == [
        ("lr", 0.001, "default", "", "1e-3")
    ]
    assert came_through(built, built.declarations["longer"].value.optimizer, "lr") == [
        ("lr", 0.001, "sweep", "search", "1e-3")
    ]
    known, _ = built.again({"search": 3, "other": 1})
    assert known is not None
    longer = known.declarations["longer"].value
    assert came_through(known, longer, "model") == [("base", "large", "sweep", "search", "large")]
    assert came_through(known, longer, "patience") == [("few", 2, "default", "", "2")]
    assert came_through(known, longer.optimizer, "lr") == [("lr", 0.003, "sweep", "search", "3e-3")]
    halved = stages(known, "other")[1]
    assert came_through(known, halved.optimizer, "lr") == [
        ("half", 0.00035, "written", "", "lr / few"),
        ("lr", 0.0007, "sweep", "other", "7e-4"),
        ("few", 2, "default", "", "2"),
    ]


def test_a_file_that_a_trial_imports_has_its_values_from_the_sweep(tmp_path: Any) -> None:
    (tmp_path / "story.txt").write_text("once", encoding="utf-8")
    (tmp_path / "lib.llx").write_text(
        "param rate = 1e-2\noptimizer fast = adamw { lr = rate / 2 }\n"
        "model tiny = decoder { layers = 3 }\nmodel deep = tiny with { layers = 4 }\n"
    )
    (tmp_path / "main.llx").write_text(
        BASE + 'import "lib.llx" as lib { rate = lr * 2 }\n'
        'import "lib.llx" as plain\n'
        "stage quick = pretrain with { optimizer = lib.fast }\n"
        "sweep s = grid { over = { lr = [5e-4, 7e-4], base = [plain.tiny, plain.deep] }, minimise = quick.loss }\n"
        "stage after = s.best.quick with { patience = 3 }\n"
    )
    checked_file = check_file(tmp_path / "main.llx", FakeCatalogue(), root=tmp_path)
    assert checked_file.program is not None, shown(checked_file)
    assert checked_file.program.again is not None
    assert list(checked_file.program.scopes) == ["", "lib", "plain"]
    known, _ = checked_file.program.again({"s": 3})
    assert known is not None
    after = known.declarations["after"].value
    assert came_through(known, after.optimizer, "lr") == [
        ("lib.rate", 0.0014, "import", "", "lr * 2"),
        ("lr", 0.0007, "sweep", "s", "7e-4"),
    ]
    assert came_through(known, after, "model") == [("base", "plain.deep", "sweep", "s", "plain.deep")]
