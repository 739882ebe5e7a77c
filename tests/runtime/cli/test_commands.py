"""The commands, in a project with a plugin whose tasks take no time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Project


def test_check_says_that_a_file_is_fine(project: Project) -> None:
    assert project.llx("check", "lab.llx") == (0, "lab.llx: no mistakes\n", "")


def test_check_shows_every_mistake_on_stderr(project: Project) -> None:
    project.write("experiment x {}\nuse llx-lab\ndata a = lab.numbers(upto = -1)\neval b = lab.mean(a, wrong = 1)\n")
    code, out, err = project.llx("check", "lab.llx")
    assert (code, out) == (1, "")
    assert "lab.llx:3:" in err
    assert "L0203" in err
    assert err.rstrip().endswith("2 errors")


def test_check_writes_lines_or_json_for_tools(project: Project) -> None:
    project.write("experiment x {}\nuse llx-lab\ndata a = lab.numbers()\neval b = lab.mean(a)\n")
    code, _, err = project.llx("check", "lab.llx", "--format", "concise")
    assert code == 1
    assert err.startswith("lab.llx:3:")
    assert len(err.splitlines()) == 1
    code, out, err = project.llx("check", "lab.llx", "--format", "json")
    assert (code, err) == (1, "")
    assert json.loads(out)["summary"] == {"errors": 1, "warnings": 0}


def test_a_run_ends_with_its_results_and_where_they_are(project: Project) -> None:
    code, out, err = project.llx("run", "lab.llx", "upto=3")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("lab: 2 tasks, 0 stored, 2 to run (run ")
    assert "[2/2] eval average: started" in lines
    assert lines[next(i for i, line in enumerate(lines) if line.startswith("Results")) + 1].split() == [
        "average",
        "mean",
        "1.000",
        "1.000",
    ]
    assert "    one two" in lines
    report = next(line.split(maxsplit=1)[1] for line in lines if line.startswith("  Report"))
    html = (project.root / report).read_text(encoding="utf-8")
    assert "lab of the lab" in html
    assert "param upto = " in html.replace('<span class="declaration">', "").replace("</span>", "")


def test_warnings_come_before_the_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import face

    project.write((project.root / "lab.llx").read_text(encoding="utf-8") + "\nparam idle = 1\n")
    seen = []
    run = face.run_checked

    def look(*args: Any, **kwargs: Any) -> Any:
        seen.append(project.capsys.readouterr().err)
        return run(*args, **kwargs)

    monkeypatch.setattr(face, "run_checked", look)
    code, _, err = project.llx("run", "lab.llx")
    assert (code, err) == (0, "")
    assert "nothing uses param `idle`" in seen[0]


def test_a_reader_that_leaves_costs_no_diagnostics(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime.cli import run

    def gone(*args: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(run, "_close", gone)
    code, _, err = project.llx("run", "lab.llx", "--only", "lab")
    assert code == 1
    assert "L0811" in err


def test_a_second_run_says_that_all_is_stored(project: Project) -> None:
    project.llx("run", "lab.llx")
    code, out, _ = project.llx("run", "lab.llx")
    assert code == 0
    assert out.splitlines()[0] == "lab: 2 tasks, all stored; nothing to run"
    assert "average  mean" in out
    assert "Finished" not in out
    assert len(list((project.root / ".llx" / "runs").iterdir())) == 1


def test_a_failed_run_names_the_place_and_exits_with_one(project: Project) -> None:
    code, out, err = project.llx("run", "lab.llx", "fail=true")
    assert code == 1
    assert "[2/2] eval average: failed" in out
    assert "error[lab:1]: it was told to fail by `fail`" in err
    assert "lab.llx:8:" in err
    assert "tell it otherwise" in err
    code, out, _ = project.llx("show")
    assert "average: lab:1: it was told to fail by `fail`" in out
    assert code == 0


def test_a_crash_in_a_task_is_told_without_a_traceback(project: Project) -> None:
    project.write((project.root / "lab.llx").read_text().replace("fail = fail", "crash = fail"))
    code, _, err = project.llx("run", "lab.llx", "fail=true")
    assert code == 1
    assert "a bug<U+001B>[31m" in err
    assert "\x1b" not in err


def test_run_writes_json_lines(project: Project) -> None:
    code, out, err = project.llx("run", "lab.llx", "--json")
    assert (code, err) == (0, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines[0]["format"] == 1
    assert lines[1]["event"] == "run_started"
    assert [line.get("event") for line in lines].count("task_finished") == 2
    assert lines[-1]["event"] == "result"
    assert (lines[-1]["state"], lines[-1]["exit_code"]) == ("finished", 0)
    assert Path(lines[-1]["report"]).exists()


def test_json_of_a_file_with_mistakes_holds_them(project: Project) -> None:
    project.write("experiment x {")
    code, out, _ = project.llx("run", "lab.llx", "--json")
    last = json.loads(out.splitlines()[-1])
    assert (code, last["state"]) == (1, "failed")
    assert last["diagnostics"][0]["severity"] == "error"


def test_only_runs_what_is_named(project: Project) -> None:
    code, out, _ = project.llx("run", "lab.llx", "--only", "few")
    assert code == 0
    assert "average" not in out
    code, _, err = project.llx("run", "lab.llx", "--only", "few2")
    assert code == 1
    assert "L0811" in err


def test_plan_says_what_would_run_and_why(project: Project) -> None:
    project.llx("run", "lab.llx")
    code, out, _ = project.llx("plan", "lab.llx", "upto=7")
    assert code == 0
    assert out.splitlines()[0] == "lab   2 tasks: 0 stored, 2 to run"
    assert "upto: 5 -> 7" in out
    assert not list((project.root / ".llx" / "partial").glob("*"))
    _, out, _ = project.llx("plan", "lab.llx", "--json")
    planned = json.loads(out)
    assert [(task["label"], task["state"]) for task in planned["tasks"]] == [("few", "stored"), ("average", "stored")]


def test_why_follows_a_task_to_what_changed(project: Project) -> None:
    project.llx("run", "lab.llx")
    code, out, _ = project.llx("why", "lab.llx", "average", "upto=7")
    assert code == 0
    assert "average ← few" in out
    code, _, err = project.llx("why", "lab.llx", "averag")
    assert code == 2
    assert "'average'" in err
    _, out, _ = project.llx("why", "lab.llx", "few", "--values")
    assert "stored" in out
    assert "upto" in out


def test_graphs(project: Project) -> None:
    _, out, _ = project.llx("graph", "lab.llx")
    assert "← few" in out
    assert "## What is counted." in out
    _, out, _ = project.llx("graph", "lab.llx", "--format", "dot")
    assert "n0 -> n1;" in out
    _, out, _ = project.llx("graph", "lab.llx", "--format", "mermaid")
    assert "n0 --> n1" in out


def test_runs_lists_the_latest_first(project: Project) -> None:
    project.llx("run", "lab.llx", "upto=3")
    project.llx("run", "lab.llx", "upto=4")
    code, out, _ = project.llx("runs")
    assert code == 0
    rows = out.splitlines()
    assert len(rows) == 3
    assert "upto=4" in rows[1]
    assert "fail=false" in rows[1]
    _, out, _ = project.llx("runs", "--json", "-n", "1")
    assert json.loads(out)["runs"][0]["params"] == {"upto": 4, "fail": False}


def test_show_and_report_find_a_run_by_the_beginning_of_its_id(project: Project) -> None:
    project.llx("run", "lab.llx")
    run = next((project.root / ".llx" / "runs").iterdir()).name
    code, out, _ = project.llx("show", run[:-2])
    assert code == 0
    assert out.startswith(f"lab  {run}  finished")
    code, out, _ = project.llx("report", run[:-2], "--to", "out/here.html")
    assert (code, out) == (0, "out/here.html\n")
    html = (project.root / "out" / "here.html").read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert "lab of the lab" in html
    code, _, err = project.llx("show", "no-such-run")
    assert code == 1
    assert "llx runs" in err


def test_gc_frees_what_is_unused_when_told_to(project: Project) -> None:
    project.llx("run", "lab.llx", "upto=3")
    project.llx("run", "lab.llx", "upto=4")
    artifacts = project.root / ".llx" / "artifacts"
    before = len(list(artifacts.glob("*/*")))
    code, out, _ = project.llx("gc", "--dry-run")
    assert code == 0
    assert "unused" in out
    assert len(list(artifacts.glob("*/*"))) == before
    code, out, _ = project.llx("gc", "--yes")
    assert code == 0
    assert "Freed" in out
    assert len(list(artifacts.glob("*/*"))) == 2
    _, out, _ = project.llx("run", "lab.llx", "upto=4")
    assert "all stored" in out


def test_what_looks_at_the_store_speaks_japanese(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    assert "エラー: " in project.llx("show")[2]
    project.llx("run", "lab.llx")
    project.llx("run", "lab.llx", "upto=4")
    _, out, _ = project.llx("runs")
    assert out.split()[:2] == ["実行", "ID"]
    assert "完了" in out
    _, out, _ = project.llx("gc", "--dry-run")
    assert "未使用" in out
    assert "解放できます" in out
    _, _, err = project.llx("generate", "lab.llx", "few", "x")
    assert "学習されません" in err
    _, _, err = project.llx("show", "no-such-run")
    assert "という実行はありません" in err


def test_gc_verify_finds_a_changed_byte(project: Project) -> None:
    project.llx("run", "lab.llx")
    file = next((project.root / ".llx" / "artifacts").glob("*/*/numbers.json"))
    file.chmod(0o644)
    file.write_bytes(b"x" + file.read_bytes()[1:])
    code, out, err = project.llx("gc", "--verify", "--dry-run")
    assert code == 1
    assert "damaged" in err
    project.llx("gc", "--verify", "--yes")
    code, out, _ = project.llx("run", "lab.llx", "--only", "few")
    assert code == 0
    assert "1 to run" in out


def test_components_and_explain_show_a_plugin_when_told_to(project: Project) -> None:
    code, out, _ = project.llx("components", "eval", "--use", "llx-lab")
    assert code == 0
    assert "lab.mean" in out
    _, out, _ = project.llx("explain", "lab.mean", "--use", "llx-lab")
    assert "Take the mean." in out
    assert "required" in out
    assert "= false" in out
    code, _, err = project.llx("explain", "lab.mean")
    assert code == 2
    assert "--use" in err


def test_explain_knows_kinds_codes_and_similar_names(project: Project) -> None:
    code, out, _ = project.llx("explain", "L0203")
    assert code == 0
    assert "misspelt" in out
    assert "adamw { learning_rate = 6e-4 }" in out
    _, out, _ = project.llx("explain", "optimizer")
    assert "A value" in out
    code, _, err = project.llx("explain", "optimiser")
    assert code == 2
    assert "'optimizer'" in err
    assert project.llx("explain", "L9999")[0] == 2


def test_explain_knows_the_languages_own_words(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for word, said in {"with": "variant", "|>": "first argument", "GiB": "1,073,741,824 B", "step": "update"}.items():
        code, out, _ = project.llx("explain", word)
        assert code == 0
        assert said in out
    _, out, _ = project.llx("explain", "min")
    assert out.count("word of the language") == 2, "a function and a unit"
    code, _, err = project.llx("explain", "expct")
    assert code == 2
    assert "'expect'" in err
    monkeypatch.setenv("LLX_LANG", "ja")
    assert "変種" in project.llx("explain", "with")[1]


def test_explain_is_completed() -> None:
    import click
    from llx.runtime.cli.complete import explained

    def words(incomplete: str) -> list[str]:
        command = click.Command("explain")
        return [one.value for one in explained(click.Context(command), click.Argument(["what"]), incomplete)]

    assert words("ep") == ["epochs"]
    assert {"adamw"} == set(words("adamw"))
    assert "L0203" in words("L02")
    assert "optimizer" in words("opt")


def test_plugins_are_listed_without_being_imported(project: Project) -> None:
    code, out, _ = project.llx("plugins")
    assert code == 0
    assert "use llx-lab" in out
    assert "llx_lab_plugin" not in sys.modules


def test_a_plugin_adds_commands(project: Project) -> None:
    assert project.llx("lab") == (0, "in the lab\n", "")


def test_a_hook_may_take_fewer_arguments(project: Project, tmp_path: Path) -> None:
    plugin = tmp_path / "site" / "llx_lab_plugin.py"
    text = plugin.read_text(encoding="utf-8")
    plugin.write_text(text[: text.index("@hookimpl\ndef llx_commands")] + "@hookimpl\ndef llx_commands():\n    pass\n")
    code, _, err = project.llx("lab")
    assert code == 2
    assert "warning" not in err


def test_a_plugin_that_fails_costs_its_commands_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "site" / "llx_lab_plugin.py").write_text("raise RuntimeError('broken')")
    code, _, err = project.llx("lab")
    assert code == 2
    assert "broken" in err
    assert project.llx("version")[0] == 0


def test_wrong_usage_exits_with_two_and_names_a_similar_command(project: Project) -> None:
    code, _, err = project.llx("chek", "lab.llx")
    assert code == 2
    assert "'check'" in err
    assert project.llx("run", "lab.llx", "upto")[0] == 2
    assert project.llx("run")[0] == 2


def test_help_names_every_command(project: Project) -> None:
    from llx.runtime.cli.main import HELP

    code, out, _ = project.llx("--help")
    assert code == 0
    for name in HELP:
        assert f"  {name} " in out
        assert project.llx(name, "--help")[0] == 0


def test_an_internal_error_is_told_with_a_file_and_no_traceback(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llx.runtime import face

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(face, "check", broken)
    code, _, err = project.llx("check", "lab.llx")
    assert code == 1
    assert "error[L0899]: llx itself failed: ZeroDivisionError: division by zero" in err
    name = next(word for word in err.split() if "llx-traceback-" in word).rstrip(",")
    file = Path(name)
    assert "in broken" in file.read_text(encoding="utf-8")
    file.unlink()


def test_a_full_disk_has_its_exit_code(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from llx.runtime import face

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

    monkeypatch.setattr(face, "check", full)
    code, _, err = project.llx("check", "lab.llx")
    assert code == 3
    assert "L0898" in err


def test_an_interruption_has_its_exit_code(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from llx.runtime import face

    def interrupted(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(face, "check", interrupted)
    assert project.llx("check", "lab.llx")[0] == 130


def test_commands_speak_japanese(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLX_LANG", "ja")
    _, out, _ = project.llx("run", "lab.llx")
    assert out.splitlines()[0].startswith("lab: タスク 2 件（保存済み 0 件、実行 2 件）")
    assert project.llx("check", "lab.llx")[1] == "lab.llx: 誤りはありません\n"


def test_generate_and_predict_say_what_there_is(project: Project) -> None:
    for command in ("generate", "predict"):
        code, _, err = project.llx(command, "lab.llx", "average", "text")
        assert code == 2
        assert "'average' is not trained by lab.llx" in err


@pytest.mark.parametrize("args", [["check", "lab.llx"], ["run", "lab.llx"], ["plan", "lab.llx"], ["--help"], ["runs"]])
def test_a_stored_run_and_what_looks_load_nothing_heavy(project: Project, args: list[str]) -> None:
    project.llx("run", "lab.llx")
    heavy = ["torch", "numpy", "rich", "pyarrow", "tokenizers", "tensorboard", "sqlite3"]
    allowed = {"sqlite3"} if args[0] == "runs" else set()
    code = (
        f"import sys\nsys.path[:0] = {sys.path!r}\nfrom llx.runtime.cli.main import main\n"
        f"try: main({args!r})\nexcept SystemExit as end: assert not end.code\n"
        f"print(*sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    assert set(done.stdout.splitlines()[-1].split()) <= allowed, done.stdout


def test_texts_have_the_same_keys_and_places_in_both_languages() -> None:
    import re
    from importlib import import_module

    for part in ("_cli", "_report"):
        english, japanese = (import_module(f"llx.runtime.messages.{code}{part}").MESSAGES for code in ("en", "ja"))
        assert english.keys() == japanese.keys()
        for key, text in english.items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", japanese[key])), key


def test_a_shell_completes_commands_params_and_names(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def completed(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        monkeypatch.setenv("_LLX_COMPLETE", "bash_complete")
        _, out, _ = project.llx()
        return [line.partition(",")[2] for line in out.splitlines() if line]

    assert completed("llx gr") == ["graph"]
    assert completed("llx run lab.llx u") == ["upto="]
    assert completed("llx why lab.llx av") == ["average"]
    assert completed("llx run lab.llx --only fe") == ["few"]
    assert completed("llx run nowhere.llx u") == []
    project.write('import "lab.llx" as lib\nparam most = 3\n', "main.llx")
    assert completed("llx describe main.llx l") == ["lib."]
    assert completed("llx describe main.llx lib.a") == ["lib.average"]
    assert completed("llx describe main.llx m") == ["most="]


def test_the_experiment_says_where_what_people_read_goes(project: Project) -> None:
    (project.root / "lab").mkdir()
    text = (
        (project.root / project.file)
        .read_text(encoding="utf-8")
        .replace("experiment lab {}", 'experiment lab { output = "out" }')
    )
    project.write(text, "lab/lab.llx")
    (project.root / "lab" / "out").mkdir()
    mine = project.root / "lab" / "out" / "mine.txt"
    mine.write_text("kept")
    code, out, err = project.llx("run", "lab/lab.llx", "upto=3")
    assert (code, err) == (0, "")
    assert "  Report" in out
    assert "lab/out/report.html" in out, "a path is relative to the file that holds it"
    assert {path.name for path in mine.parent.iterdir()} == {"mine.txt", "report.html", "average.jsonl"}
    samples = (mine.parent / "average.jsonl").read_text(encoding="utf-8")
    assert json.loads(samples) == {"prompt": "one", "text": " two"}
    assert mine.read_text() == "kept"
    # Where a result goes is no part of what it is.
    project.write(text.replace('"out"', '"other"'), "lab/lab.llx")
    assert "all stored" in project.llx("run", "lab/lab.llx", "upto=3")[1]
    assert (project.root / "lab" / "other" / "report.html").exists()
    for path in ("..", "../..", "../../x"):
        project.write(text.replace('"out"', f'"{path}"'), "lab/lab.llx")
        code, _, err = project.llx("check", "lab/lab.llx")
        assert (code, "error" in err) == (1, True)


def test_a_run_whose_output_is_in_the_way_says_so_and_succeeds(project: Project) -> None:
    text = (project.root / project.file).read_text(encoding="utf-8")
    project.write(text.replace("experiment lab {}", 'experiment lab { output = "out" }'))
    (project.root / "out" / "report.html").mkdir(parents=True)
    code, _, err = project.llx("run", "lab.llx")
    assert code == 0
    assert "could not be put" in err


def test_a_full_width_sign_of_a_param_gets_a_hint(project: Project) -> None:
    code, _, err = project.llx("check", "lab.llx", "upto\uff1d3")
    assert code == 2
    assert "full-width" in err
    assert "upto=3" in err
