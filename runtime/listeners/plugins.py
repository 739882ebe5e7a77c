"""Tells plugins what happens in a run, through their hooks; one that fails is dropped, and the run goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pluggy

from ...plugins.hooks import call
from ..events import Event, Judged, RunFinished, RunStarted, Step, TaskFinished

Complain = Callable[[str, Exception], None]
"""Hears which plugin failed, and how."""


class PluginHooks:
    """Calls `llx_run_started`, `llx_step`, `llx_task_finished` and `llx_run_finished`."""

    def __init__(self, manager: pluggy.PluginManager, complain: Complain | None = None) -> None:
        self.manager = manager
        self.complain = complain
        self._labels: dict[str, str] = {}
        self._run: dict[str, Any] = {}
        self._failed: set[int] = set()

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._labels = {task.fingerprint: task.label for task in event.tasks}
                self._run = {key: value for key, value in asdict(event).items() if key != "tasks"}
                self._call("llx_run_started", run=dict(self._run))
            case Step():
                task = self._labels.get(event.fingerprint, "")
                self._call("llx_step", task=task, step=event.step, figures=dict(event.figures))
            case TaskFinished():
                self._call(
                    "llx_task_finished",
                    task=event.task.label,
                    fingerprint=event.task.fingerprint,
                    facts=dict(event.facts),
                )
            case Judged():
                self._run.setdefault("expects", {})[event.name] = event.state
            case RunFinished():
                ended = {"state": event.state, "seconds": event.seconds, "ran": event.ran, "stored": event.stored}
                self._call("llx_run_finished", run=self._run | ended)

    def _call(self, hook: str, **arguments: Any) -> None:
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            if id(implementation.plugin) in self._failed:
                continue
            try:
                call(implementation, **arguments)
            except Exception as error:
                self._failed.add(id(implementation.plugin))
                if self.complain is not None:
                    self.complain(implementation.plugin_name, error)
