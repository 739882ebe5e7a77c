"""TensorBoard events: a folder for each stage and eval of the run, written without torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..events import Event, RunFinished, Sampled, Step, TaskFinished, TaskStarted, Validated
from .facts import metrics_of

if TYPE_CHECKING:
    from tensorboard.summary.writer.event_file_writer import EventFileWriter  # type: ignore[import-untyped]


class TensorBoard:
    """Writes the figures of steps and validations, and an eval's metrics; a folder is made with the first one in it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._labels: dict[str, str] = {}
        self._writers: dict[str, EventFileWriter] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, TaskStarted):
            self._labels[event.task.fingerprint] = event.task.label
        elif isinstance(event, Step):
            self._scalars(event.fingerprint, event.step, event.time, "train", event.figures)
        elif isinstance(event, Validated):
            self._scalars(event.fingerprint, event.step, event.time, "validation", event.figures)
            self._writers[event.fingerprint].flush()
        elif isinstance(event, Sampled):
            for number, (prompt, text) in enumerate(event.samples, 1):
                self._text(event.fingerprint, event.step, event.time, f"samples/{number}", f"**{prompt}**{text}")
        elif isinstance(event, TaskFinished):
            self._metrics(event)
            self._close(event.task.fingerprint)
        elif isinstance(event, RunFinished):
            for fingerprint in list(self._writers):
                self._close(fingerprint)

    def _metrics(self, event: TaskFinished) -> None:
        """Write each metric of an eval with the ends of its interval and what it must beat, as one group of pictures."""
        for metric in metrics_of(event.facts):
            low, high = metric.interval or (None, None)
            figures = {"value": metric.value, "low": low, "high": high, "to_beat": metric.reference}
            known = {name: number for name, number in figures.items() if number is not None}
            self._scalars(event.task.fingerprint, 0, event.time, metric.name, known)

    def _scalars(self, fingerprint: str, step: int, time: float, group: str, figures: Mapping[str, float]) -> None:
        from tensorboard.compat.proto.event_pb2 import Event as Record  # type: ignore[import-untyped]
        from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]

        values = [
            Summary.Value(tag=f"{group}/{name.removeprefix(group + '_')}", simple_value=float(number))
            for name, number in figures.items()
        ]
        self._writer(fingerprint).add_event(Record(step=step, wall_time=time, summary=Summary(value=values)))

    def _text(self, fingerprint: str, step: int, time: float, tag: str, text: str) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2  # type: ignore[import-untyped]

        plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
        shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
        tensor = tensor_pb2.TensorProto(dtype="DT_STRING", string_val=[text.encode()], tensor_shape=shape)
        metadata = summary_pb2.SummaryMetadata(plugin_data=plugin)
        value = summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=tensor)
        record = event_pb2.Event(step=step, wall_time=time, summary=summary_pb2.Summary(value=[value]))
        self._writer(fingerprint).add_event(record)

    def _writer(self, fingerprint: str) -> EventFileWriter:
        if fingerprint not in self._writers:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            folder = self.directory / folder_name(self._labels.get(fingerprint, fingerprint[:12]))
            folder.mkdir(parents=True, exist_ok=True)
            self._writers[fingerprint] = EventFileWriter(str(folder))
        return self._writers[fingerprint]

    def _close(self, fingerprint: str) -> None:
        writer = self._writers.pop(fingerprint, None)
        if writer is not None:
            writer.close()


def folder_name(label: str) -> str:
    """Turn a label into a name that every file system takes."""
    return re.sub(r"[^\w.-]+", "_", label).strip("._") or "stage"
