"""Does pre-training help? The comparison of an example with and without it, over several seeds.

    python bench/transfer.py [quickstart|masked] [seed …]

The example itself makes the comparison: `scores` are of the fine-tuned model, `scores_scratch` of the same model
trained on the labels alone. It helps if the mean gain is above its
standard error. Data, splits and tokenizer stay the same over the seeds.
"""

from __future__ import annotations

import math
import statistics
import sys

import llx
from common import ROOT


def main() -> int:
    example = sys.argv[1] if len(sys.argv) > 1 else "quickstart"
    seeds = [int(seed) for seed in sys.argv[2:]] or [7, 8, 9]
    rows = []
    for seed in seeds:
        result = llx.run(ROOT / "examples" / f"{example}.llx", seed=seed)
        with_, without = result["scores"], result["scores_scratch"]
        trivial = with_.facts["references"]
        rows.append((with_.metrics, without.metrics))
        print(
            f"seed {seed}: "
            + ", ".join(
                f"{name} {with_.metrics[name]:.4f} (from nothing {without.metrics[name]:.4f}, trivial {trivial[name]:.4f})"
                for name in with_.metrics
            )
        )
    helps = True
    for name in rows[0][0]:
        gains = [with_[name] - without[name] for with_, without in rows]
        mean = statistics.mean(gains)
        error = statistics.stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else 0.0
        helps &= mean > error
        print(f"{name}: pre-training gives {mean:+.4f} (standard error {error:.4f} over {len(gains)} seeds)")
    print("pre-training helps" if helps else "pre-training does NOT help here")
    return 0 if helps else 1


if __name__ == "__main__":
    raise SystemExit(main())
