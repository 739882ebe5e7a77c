"""`llx plan FILE`: what would run, why, and what it costs; nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import options, output

if TYPE_CHECKING:
    from ...plugins.component import Estimate
    from ..events import TaskLine
    from ..face import PlanResult
    from ..plan import Planned
    from ..trials import Group


@click.command(epilog="Params are given as in the file: llx plan f.llx lr=1e-4 width=512")
@options.experiment
@options.only
@options.store
@options.as_json
def command(file: Path, params: tuple[str, ...], only: tuple[str, ...], store: Path | None, as_json: bool) -> int:
    from ..face import plan

    result = plan(file, only=only, store=store, params=params)
    if as_json:
        import json

        click.echo(json.dumps(_plain(result), ensure_ascii=False, indent=2))
    else:
        if result.plan is not None:
            click.echo(page(result))
        output.report(result.diagnostics)
    return result.exit_code


def page(result: PlanResult) -> str:
    """Write a plan: a line for each task, and under those that run what they cost."""
    from ..listeners.lines import tasks_of
    from ..plan import waiting_line
    from ..trials import Group, grouped
    from ..words import say

    assert result.plan is not None, "the caller looked"
    plan = result.plan
    to_run = len(plan.to_run) + len(plan.to_copy) + len(plan.waiting)
    count = len(plan.tasks) + len(plan.waiting)
    head = say("cli.plan", tasks=tasks_of(count), stored=count - to_run, to_run=to_run)
    lines = [f"{output.style(plan.program.name, bold=True)}   {head}", ""]
    rows: list[list[str]] = []
    for one in grouped(plan.tasks, lambda task: task.node):
        rows += _trials(one, result.estimates) if isinstance(one, Group) else _task(result, one)
    rows += [_waiting(waiting_line(declared)) for declared in plan.waiting]
    for expectation in plan.expects:
        name, text = output.style("expect", dim=True), shortened(str(expectation.formula))
        rows.append([name, expectation.name, text, output.style(say("cli.plan.judged"), dim=True)])
    lines.append(output.table(rows))
    return "\n".join([*lines, *_totals(result)])


def _task(result: PlanResult, task: Planned) -> list[list[str]]:
    """Write a task, and what it costs if it runs."""
    from .trials import trials_of

    assert result.plan is not None, "the caller looked"
    line = task.line()
    estimate = result.estimates.get(task.node.label)
    about = shortened(line.summary) if estimate is None else _about(line, estimate)
    trials = trials_of(result.plan, task) if not line.stored else None
    if trials is not None:
        done, count = trials
        choice = result.plan.choices.get(task.node)
        most = choice.most_tasks if choice is not None else count
        about = f"{line.component}  {_counted(count, done, min(count - done, most), most < count - done)}"
    label = "  " * line.depth + line.label
    row = [output.style(line.kind, dim=True), label, about, _state(task), "; ".join(_words(line))]
    costs = _costs(estimate) if estimate is not None else ""
    return [row, ["", "", output.style(costs, dim=True)]] if costs else [row]


def _trials(group: Group[Planned], estimates: Mapping[str, Estimate]) -> list[list[str]]:
    """Write the tasks of trials that have the same name in them as one."""
    from ..words import say
    from .trials import to_run, together

    count, left = len(group.items), sum(task.node.label in estimates for task in to_run(group))
    at_most = left < len(to_run(group))
    state = (
        output.style(say("cli.plan.run"), fg="cyan")
        if left or at_most
        else output.style(say("cli.plan.stored"), dim=True)
    )
    reasons = dict.fromkeys("; ".join(_words(task.line())) for task in to_run(group))
    why = next(iter(reasons)) if len(reasons) == 1 else ""
    stored = sum(task.artifact is not None for task in group.items)  # what failed is neither stored nor to run
    about = f"{group.component}  {_counted(count, stored, left, at_most)}"
    row = [output.style(group.kind, dim=True), f"  {group.label}", about, state, why]
    estimate = together(group, estimates)
    costs = _costs(estimate) if estimate is not None else ""
    return [row, ["", "", output.style(costs, dim=True)]] if costs else [row]


def _counted(count: int, stored: int, to_run: int, at_most: bool = False) -> str:
    from ..words import say

    key = "cli.plan.trials.one" if count == 1 else "cli.plan.trials.most" if at_most else "cli.plan.trials"
    return say(key, count=count, stored=stored, to_run=to_run)


def _waiting(line: TaskLine) -> list[str]:
    """Write a task of which nothing is known before a sweep has its best trial."""
    from ..words import say

    state = output.style(say("cli.plan.waits"), fg="cyan")
    return [output.style(line.kind, dim=True), line.label, line.component, state, "; ".join(_words(line))]


def shortened(text: str, most: int = 48) -> str:
    """Cut a text that would push the columns behind it off the screen."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _state(task: Planned) -> str:
    from ..words import say

    colours = {"run": "cyan", "copy": "cyan"}
    text = say(f"cli.plan.{task.state}")
    return output.style(text, fg=colours[task.state]) if task.state in colours else output.style(text, dim=True)


def _words(line: TaskLine) -> list[str]:
    from ..words import say_reasons

    return say_reasons(line.reasons) if not line.stored else []


def _about(line: TaskLine, estimate: Estimate) -> str:
    """Describe a task that has not run: its component, its size, and how much it reads."""
    from ..listeners.figures import count
    from ..words import say

    parts = [line.component]
    if estimate.parameters:
        parts.append(say("cli.plan.parameters", count=count(estimate.parameters)))
        if estimate.active_parameters not in (None, estimate.parameters):
            parts.append(say("cli.plan.active", count=count(estimate.active_parameters or 0)))
        if estimate.trained_parameters not in (None, estimate.parameters):
            parts.append(say("cli.plan.trained", count=count(estimate.trained_parameters or 0)))
    if estimate.tokens:
        parts.append(say("cli.plan.tokens", count=count(estimate.tokens)))
    if estimate.rows:
        key = "cli.plan.rows.one" if estimate.rows == 1 else "cli.plan.rows"
        parts.append(say(key, count=f"{estimate.rows:,}"))
    return "  ".join(parts)


def _costs(estimate: Estimate) -> str:
    from ..listeners.figures import size
    from ..words import say

    parts = [flops(estimate.flops)] if estimate.flops else []
    if estimate.memory:
        parts.append(say("cli.plan.memory", size=size(estimate.memory)))
    if estimate.disk:
        parts.append(say("cli.plan.disk", size=size(estimate.disk)))
    return "   ".join(parts)


def _totals(result: PlanResult) -> list[str]:
    from ..listeners.figures import size
    from ..words import say

    totals = result.totals
    if totals is None or not result.plan or not result.plan.to_run or not totals.flops:
        return []
    key = "cli.plan.total" if totals.complete else "cli.plan.total.least"
    return ["", "  " + say(key, flops=flops(totals.flops), memory=size(totals.memory))]


def flops(number: float) -> str:
    """Write floating-point operations: `3.1 PFLOP`."""
    for factor, unit in ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP")):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{number:.0f} FLOP"


def _plain(result: PlanResult) -> dict[str, Any]:
    from dataclasses import asdict

    from ...dsl.diagnostics.json import as_data
    from ..listeners.json_lines import plain
    from ..plan import waiting_line

    tasks = []
    for task in result.plan.tasks if result.plan else ():
        estimate = result.estimates.get(task.node.label)
        line = plain(task.line())
        tasks.append({**line, "state": str(task.state), "estimate": asdict(estimate) if estimate else None})
    for declared in result.plan.waiting if result.plan else ():
        tasks.append({**plain(waiting_line(declared)), "state": "waits", "estimate": None})
    totals = asdict(result.totals) if result.totals else None
    data = as_data(result.diagnostics)
    expects = result.plan.expects if result.plan else ()
    return {
        "version": 1,
        "tasks": tasks,
        "expects": [{"name": one.name, "formula": str(one.formula)} for one in expects],
        "totals": totals,
        "diagnostics": data["diagnostics"],
        "summary": data["summary"],
    }
