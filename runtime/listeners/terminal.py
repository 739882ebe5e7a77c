"""Progress in a terminal: the tasks of the run as a table that moves, the running ones with their figures."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from ..events import Event, Note, RunFinished, RunStarted, Sampled
from ..words import say, say_text
from .facts import about
from .figures import duration
from .lines import ending, figures_of, headline, sampled
from .state import RunState, TaskState

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

GLYPHS = {"stored": "✓", "finished": "✓", "running": "▶", "failed": "✗", "stopped": "‖", "waiting": "·"}
STYLES = {
    "stored": "dim",
    "finished": "green",
    "running": "bold cyan",
    "failed": "bold red",
    "stopped": "yellow",
    "waiting": "dim",
}
BAR = 14
SHOWN = ("loss", "validation_loss")
MOST = 32
"""Columns for a label at most, or half of a wide screen: what tells trials apart stands at the end."""


class Terminal:
    """Draws the state of a run with rich while it lasts, and leaves the last picture behind."""

    def __init__(self, state: RunState, console: Console | None = None) -> None:
        from rich.console import Console

        self.state = state
        self.console = console or Console(highlight=False)
        self._live: Live | None = None
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        from rich.text import Text

        if isinstance(event, RunStarted):
            self.console.print(Text(headline(event) + "\n", style="bold"))
            self._start()
        elif isinstance(event, Note):
            task = self.state.tasks.get(event.fingerprint or "")
            label = f"{task.line.label}: " if task else ""
            self.console.print(Text(f"   {label}{say_text(event.text)}", style="yellow"))
        elif isinstance(event, Sampled):
            for line in sampled(event):
                self.console.print(Text(f"   {line}", style="dim"), no_wrap=True, overflow="ellipsis")
        elif isinstance(event, RunFinished):
            self.close()
            text = ending(event, self.state)
            self.console.print(Text(f"\n{text}", style="bold green" if event.state == "finished" else "bold red"))

    def close(self) -> None:
        """Stop drawing; what stands there stays."""
        with self._lock:
            live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _start(self) -> None:
        from rich.live import Live

        self._live = Live(
            get_renderable=self.picture, console=self.console, refresh_per_second=4, vertical_overflow="ellipsis"
        )
        self._live.start()

    def picture(self) -> Group:
        """Give the tasks as they stand now."""
        from rich.cells import cell_len
        from rich.console import Group
        from rich.text import Text

        now = time.time()
        tasks, folded = self._visible()
        kinds = max((cell_len(task.line.kind) for task in tasks), default=0)
        labels = min(max(MOST, self.console.width // 2), max((cell_len(_label(task)) for task in tasks), default=0))
        rows = [self._row(task, kinds, labels, now) for task in tasks]
        if folded:
            rows.append(Text(f"   {say('cli.folded', count=folded)}", style="dim"))
        return Group(*rows)

    def _row(self, task: TaskState, kinds: int, labels: int, now: float) -> Text:
        from rich.cells import set_cell_size
        from rich.text import Text

        style = STYLES[task.condition]
        glyph = GLYPHS[task.condition] if self.console.encoding.startswith("utf") else task.condition[0]
        row = Text(no_wrap=True).append(f"{glyph}  ", style=style)
        row.append(set_cell_size(task.line.kind, kinds) + "  ", style="dim")
        row.append(set_cell_size(_label(task), labels) + "  ", style=style)
        row.append_text(self._status(task, now)).truncate(self.console.width, overflow="ellipsis")
        return row

    def _visible(self) -> tuple[list[TaskState], int]:
        """Choose what fits on the screen: what runs or failed first, then what waits, then the rest."""
        tasks = list(self.state.tasks.values())
        room = max(4, self.console.size.height - 4)
        if len(tasks) <= room:
            return tasks, 0
        urgency = {"running": 0, "failed": 0, "stopped": 0, "waiting": 2, "finished": 3, "stored": 4}
        first = sorted(tasks, key=lambda task: urgency[task.condition] + task.line.depth)[:room]
        kept = {task.line.fingerprint for task in first}
        return [task for task in tasks if task.line.fingerprint in kept], len(tasks) - len(kept)

    def _status(self, task: TaskState, now: float) -> Text:
        from rich.text import Text

        if task.condition == "running":
            return self._running(task, now)
        if task.condition == "finished":
            text = Text(duration(task.seconds or 0), style="green")
            figures = figures_of(task, SHOWN)
            more = "  ".join(figures[1:]) if figures else about(task.facts)
            return text.append(f"  {more}", style="default" if figures else "dim")
        if task.condition == "stopped":
            share = "" if task.share is None else f"  {task.share:.0%}"
            return Text(say("cli.condition.stopped") + share, style=STYLES["stopped"])
        summary = f"  {task.line.summary}" if task.line.summary else ""
        return Text(say(f"cli.condition.{task.condition}") + summary, style=STYLES[task.condition])

    def _running(self, task: TaskState, now: float) -> Text:
        from rich.text import Text

        text = Text()
        if task.share is not None:
            full = round(task.share * BAR)
            text.append("━" * full, style="cyan").append("━" * (BAR - full), style="bright_black")
            text.append(f" {task.share:4.0%}  ")
        left = task.left(now)
        if left is not None:
            text.append(f"{say('cli.left', seconds=duration(left))}  ", style="dim")
        text.append("  ".join(figures_of(task, SHOWN)))
        if task.started is not None and not text.plain:
            text.append(duration(max(0.0, now - task.started)), style="dim")
        return text


def _label(task: TaskState) -> str:
    return "  " * task.line.depth + task.line.label
