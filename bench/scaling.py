"""How speed follows size: tokens/s against batch, context, width and layers, beside what the formula of costs predicts.

    python bench/scaling.py [picture.html]

One model is the middle of all four series. The prediction has one number fitted, the operations a second that the
middle reaches; from there on it is the model's own `flops_per_token`, times three for the backward pass.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from common import ROOT, project

EXPERIMENT = """
experiment scaling {{ seed = {seed}, precision = {precision} }}
data books = text("books/*.en.txt", separator = "\\n\\n\\n")
tokenizer bpe = train_bpe(books, vocab_size = 4Ki)
model gpt = decoder {{ layers = {layers}, hidden_size = {width}, heads = {heads}, context_length = {context} }}
stage pretrain = train {{
  model = gpt, tokenizer = bpe, data = books, objective = causal_lm, schedule = constant
  batch = {batch} examples, budget = {steps} steps
}}
"""

MIDDLE = {"layers": 4, "width": 256, "context": 128, "batch": 16}
SERIES: dict[str, list[int]] = {
    "batch": [2, 4, 8, 16, 32],
    "context": [32, 64, 128, 256, 512],
    "width": [64, 128, 256, 384, 512],
    "layers": [1, 2, 4, 6, 8],
}
STEPS, LEFT_OUT = 30, 1
"""Steps of a training, and logged stretches of ten that are not counted."""


def speed(place: Path, sizes: dict[str, int], seed: int, precision: str = "float32") -> tuple[float, float]:
    """Train a few steps as a user does; give tokens/s and the operations a token."""
    import llx

    file = place / "scaling.llx"
    heads = max(sizes["width"] // 64, 1)
    text = EXPERIMENT.format(**sizes, heads=heads, seed=seed, precision=precision, steps=STEPS)
    file.write_text(text, encoding="utf-8")
    result = llx.run(file, only=["pretrain"])
    assert result.ok, result.diagnostics
    assert result.folder is not None
    assert result.checked.program is not None
    lines = (result.folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [event for event in map(json.loads, lines) if event.get("event") == "step"]
    stage: Any = result.checked.program.declarations["pretrain"].value
    flops = 3 * stage.model.flops_per_token(4096, sizes["context"])
    return statistics.median(event["figures"]["tokens_per_second"] for event in steps[LEFT_OUT:]), flops


def measure(place: Path) -> dict[str, list[tuple[int, float, float]]]:
    """Give (size, tokens/s, predicted tokens/s) along each series."""
    speed(place, MIDDLE, 0)
    reached, flops = speed(place, MIDDLE, 1)
    operations = reached * flops
    print(f"the middle: {reached:,.0f} tokens/s, {operations / 1e9:.0f} GFLOP/s")
    found: dict[str, list[tuple[int, float, float]]] = {}
    middle = speed(place, MIDDLE, 2)
    for name, values in SERIES.items():
        found[name] = []
        for value in values:
            # What was trained already is not trained again.
            tokens, flops = middle if value == MIDDLE[name] else speed(place, MIDDLE | {name: value}, 2)
            found[name].append((value, tokens, operations / flops))
            print(f"{name:8} {value:4}: {tokens:9,.0f} tokens/s, {operations / flops:9,.0f} by the formula", flush=True)
    return found


def picture(found: dict[str, list[tuple[int, float, float]]]) -> str:
    """Draw the four series on one page."""
    from llx.runtime.report.chart import Curve, chart
    from llx.runtime.report.markup import Markup, element

    style = (ROOT / "runtime" / "report" / "report.css").read_text(encoding="utf-8")
    drawn = []
    for name, points in found.items():
        measured = [(float(size), tokens) for size, tokens, _ in points]
        formula = [(float(size), predicted) for size, _, predicted in points]
        curves = [Curve("measured", measured, "one", dots=True), Curve("formula", formula, "two", dots=True)]
        drawn.append(chart(f"tokens/s by {name}", curves, x=name, name=name))
    body = element("body", element("main", element("div", drawn, class_="charts")))
    head = element("head", element("meta", charset="utf-8"), element("style", Markup(style)))
    return f"<!doctype html>\n{element('html', head, body)}\n"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        place = project(Path(folder))
        found = measure(place)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(picture(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
