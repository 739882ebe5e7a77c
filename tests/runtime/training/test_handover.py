"""What ranks are handed and what they say: JSON, built again from registered components alone."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, ClassVar

import pytest
from llx.dsl.diagnostics.model import Text
from llx.dsl.quantities import Quantity
from llx.plugins.builtin.optimizer.adamw import AdamW
from llx.plugins.component import TaskFailed
from llx.runtime.events import Step
from llx.runtime.training.distributed.handover import components, packed, packed_job, unpacked_job
from llx.runtime.training.distributed.line import Line, Switchboard
from llx.runtime.training.distributed.messages import event_form, event_of
from small import small_classification


class Unknown(AdamW):
    """An optimizer that no distribution registers."""

    name: ClassVar[str] = "unknown"


def test_a_job_is_the_same_after_the_way_through_json(tmp_path: Path) -> None:
    project, job = small_classification(tmp_path, save=Quantity(3, "steps"))
    form = json.loads(json.dumps(packed_job(job, project.work.input)))
    again = unpacked_job(form, [])
    for name in set(job.__match_args__) - {"tokens", "tokenizer"}:
        # JSON has no tuples, and no job cares.
        one, other = (list(v) if isinstance(v, tuple) else v for v in (getattr(again, name), getattr(job, name)))
        assert one == other, name
    assert len(components(again)) == len(components(job))
    directory = form["inputs"][again.tokens.key]["directory"]
    assert directory == str(project.work.input(job.tokens).directory)


def test_a_component_that_no_registry_knows_is_not_built(tmp_path: Path) -> None:
    project, job = small_classification(tmp_path, optimizer=Unknown())
    form = packed_job(job, project.work.input)
    with pytest.raises(TaskFailed) as raised:
        unpacked_job(form, [])
    assert raised.value.code == "L0831"


@pytest.mark.parametrize("name", ["os:system", "subprocess:Popen"])
def test_a_name_is_no_path_to_import(tmp_path: Path, name: str) -> None:
    project, job = small_classification(tmp_path)
    form = packed_job(job, project.work.input)
    package, _, own = name.partition(":")
    form["fields"]["optimizer"]["component"] = ["optimizer", package, own]
    with pytest.raises(TaskFailed):
        unpacked_job(form, [])


def test_events_go_through_json() -> None:
    event = Step("abc", 7, {"loss": 0.1})
    assert event_of(json.loads(json.dumps(event_form(event)))) == event


def test_texts_go_through_json() -> None:
    assert packed({"reason": Text("a.b", {"n": 1})}, str) == {
        "map": {"reason": {"text": "a.b", "values": {"map": {"n": 1}}}}
    }


def test_a_line_carries_both_ways_and_tells_who_calls_late(tmp_path: Path) -> None:
    board = Switchboard(tmp_path / "line", {"hello": 1})
    heard: list[dict[str, Any]] = []
    lines: list[Line] = []
    left = threading.Event()

    def call() -> None:
        lines.append(Line(str(tmp_path / "line"), gone=left.set))
        lines[-1].say({"rank": len(lines)})

    def listen(count: int) -> None:
        for _ in range(200):
            board.listen(0.05, heard.append)
            if len(heard) == count:
                return

    for count in (1, 2):
        thread = threading.Thread(target=call)
        thread.start()
        listen(count)
        thread.join()
        board.tell({"stop": True})
    assert heard == [{"rank": 1}, {"rank": 2}]
    assert all(line.greeting == {"hello": 1} and line.stop.wait(5) for line in lines)
    board.close()
    assert left.wait(5)
