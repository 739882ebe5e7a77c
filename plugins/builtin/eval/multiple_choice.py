"""The eval `multiple_choice`: which of some answers a checkpoint finds likeliest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ....dsl.diagnostics.model import Text
from ...api import (
    Artifact,
    Asked,
    CheckpointOf,
    Evaluation,
    Facts,
    Field,
    Likelihood,
    Place,
    Reference,
    Rows,
    RowsUsed,
    TaskFailed,
    Work,
)
from ...tables import stored_records
from .generate import check_writes

if TYPE_CHECKING:
    import numpy as np

_NAME = re.compile(r"\{([^{}]*)\}")


class MultipleChoice(Evaluation):
    """Ask questions with several answers, and take the answer whose text the checkpoint finds likeliest.

    Nothing is trained for it, so that what a model has learned can be told before and after fine-tuning. The data has the
    columns `choices` (a list of texts) and `answer` (the number of the right one, from 0, its letter, or its text), and
    those that `prompt` names. Likelihoods are computed as in the lm-evaluation-harness (Gao et al. 2024): as its `acc`
    with `normalise = none`, and so for each byte or token otherwise, because a sum favours short answers. `shots` of
    the rows in `examples` stand before each question, solved, drawn by the seed (Brown et al. 2020, arXiv:2005.14165).
    """

    name: ClassVar[str] = "multiple_choice"
    example: ClassVar[str] = (
        'multiple_choice(pretrain.best, data = csv("quiz.csv", text = none, columns = { question = "question", choices = "choices", answer = "answer" }))'
    )
    positional: ClassVar[tuple[str, ...]] = ("checkpoint",)
    settings: ClassVar[tuple[str, ...]] = ("seed", "precision", "deterministic")

    checkpoint: CheckpointOf = Field(description="The checkpoint to ask")
    data: Rows = Field(description="The questions")
    prompt: str = Field("Question: {question}\nAnswer:", description="What is read before an answer; `{…}` is a column")
    before: str = Field(" ", description="What stands between the prompt and an answer")
    normalise: Literal["none", "tokens", "bytes"] = Field(
        "bytes", description="By what the log-likelihood of an answer is divided before they are compared"
    )
    examples: Rows | None = Field(None, description="The rows that solved questions are drawn from")
    shots: int = Field(0, ge=0, description="Solved questions before each one")
    separator: str = Field("\n\n", description="What stands between the solved questions and the next one")

    def outputs(self) -> dict[str, Artifact]:
        return {"accuracy": Artifact("number", least=0, most=1)}

    def uses(self) -> Iterable[RowsUsed]:
        # The solved questions are read, and nothing is measured on them.
        return [RowsUsed(self.data, "measure", None, "data")]

    def check(self, place: Place) -> None:
        check_writes(place, self.checkpoint)
        for field, rows in (("data", self.data), ("examples", self.examples)):
            for missing in self._missing(rows):
                values = {"column": missing, "columns": rows.artifact.columns or () if rows is not None else ()}
                place.error("prompt" if missing in self._named() else field, "L0767", values, help="L0767.help")
        if self.shots and (self.examples is None or self.examples == self.data):
            place.error("shots", "L0768" if self.examples is None else "L0768.same", {}, help="L0768.help")

    def _named(self) -> list[str]:
        return list(dict.fromkeys(_NAME.findall(self.prompt)))

    def _missing(self, rows: Reference | None) -> list[str]:
        if rows is None or rows.artifact.columns is None:
            return []
        return [column for column in [*self._named(), "choices", "answer"] if column not in rows.artifact.columns]

    def run(self, work: Work) -> Facts:
        records = _read(work, self.data, work.smoke.encoded if work.smoke is not None else None)
        solved = _read(work, self.examples, None) if self.examples is not None and self.shots else []
        random = work.random("shots")
        questions = [_question(record, number, "data") for number, record in enumerate(records)]
        asked = [
            Asked(self._shots(solved, random) + self._prompt(record), [self.before + text for text in texts])
            for record, (texts, _) in zip(records, questions, strict=True)
        ]
        found = work.likelihoods(self.checkpoint, asked)
        right = chance = cut = 0.0
        for (texts, answer), scores in zip(questions, found, strict=True):
            ranked = [self._score(score, text) for score, text in zip(scores, texts, strict=True)]
            right += ranked.index(max(ranked)) == answer
            chance += 1 / len(texts)
            cut += scores[0].cut
        return {
            "metrics": {"accuracy": right / len(records)},
            "references": {"accuracy": chance / len(records)},
            "better": {"accuracy": "higher"},
            "rows": len(records),
            "cut": int(cut),
        }

    def _prompt(self, record: Mapping[str, Any]) -> str:
        return _NAME.sub(lambda match: str(record[match.group(1)]), self.prompt)

    def _shots(self, solved: Sequence[Mapping[str, Any]], random: np.random.Generator) -> str:
        """Write solved questions, drawn anew for each question, as many as there are at most."""
        if not solved:
            return ""
        drawn = random.choice(len(solved), size=min(self.shots, len(solved)), replace=False).tolist()
        shown = []
        for number in drawn:
            texts, answer = _question(solved[number], number, "examples")
            shown.append(self._prompt(solved[number]) + self.before + texts[answer])
        return self.separator.join([*shown, ""])

    def _score(self, likelihood: Likelihood, text: str) -> float:
        sizes = {"none": 1, "tokens": likelihood.tokens, "bytes": len(text.encode())}
        return likelihood.log / max(sizes[self.normalise], 1)


def _read(work: Work, rows: Reference, most: int | None) -> list[dict[str, Any]]:
    """Read rows, in a smoke run the first ones."""
    stored = stored_records(work.input(rows), rows)
    if most is not None and len(stored) > most:
        assert work.smoke is not None
        work.smoke.cut()
        return stored[:most]
    return stored[:]


def _question(record: Mapping[str, Any], number: int, field: str) -> tuple[list[str], int]:
    """Give the answers of a question and the number of the right one. Raises TaskFailed if they can't be told."""
    choices, answer = _json(record["choices"]), record["answer"]
    where = Text("data.row_number", {"number": number + 1})
    if not isinstance(choices, list) or len(choices) < 2 or not all(isinstance(one, str) and one for one in choices):
        shown = json.dumps(choices, ensure_ascii=False, default=str)[:80]
        raise TaskFailed("L0766.choices", {"where": where, "choices": shown}, field=field, help="L0766.help")
    index = _index(answer, choices)
    if index is None:
        values = {"where": where, "answer": str(answer)[:80], "choices": choices}
        raise TaskFailed("L0766", values, field=field, help="L0766.help")
    return choices, index


def _json(value: Any) -> Any:
    """Read a list that a column of strings holds as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _index(answer: Any, choices: Sequence[str]) -> int | None:
    """Give the number of the right answer: that of its text, else the number that it is, else that of its letter."""
    text = "" if answer is None else str(answer).strip()
    if text in choices:
        return choices.index(text)
    if text.isascii() and text.isdigit():
        index = int(text)
    elif len(text) == 1 and text.isascii() and text.isalpha():
        index = ord(text.upper()) - ord("A")
    else:
        return None
    return index if index < len(choices) else None
