"""How fast `llx check` and a fully stored run are, against a script that only imports what they stand on.

    python bench/check.py [rounds] [file]

Start-up is measured on an installed wheel: an editable install's finder costs some milliseconds of its own.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ROOT, interleaved, ratio, verdict

BARE = """
import click, lark, pluggy, pydantic
from importlib.resources import files

class Model(pydantic.BaseModel):
    layers: int = pydantic.Field(gt=0)
    dropout: float = 0.0

Model(layers=3)
lark.Lark((files("llx") / "dsl" / "grammar.lark").read_text(), parser="lalr", start=["statement", "expression"])
"""


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "bare.py").write_text(BARE, encoding="utf-8")
        llx = [str(Path(sys.executable).parent / "llx")]
        file = sys.argv[2] if len(sys.argv) > 2 else str(ROOT / "examples" / "quickstart.llx")
        probe = "import sys; from llx.runtime.cli.main import main\ntry: main(['check', sys.argv[1]])\nexcept SystemExit: pass\nprint('torch' in sys.modules)"
        loaded = subprocess.run(
            [sys.executable, "-c", probe, file], cwd=place, capture_output=True, text=True, check=True
        )
        torch_free = loaded.stdout.strip().endswith("False")
        print("no torch in sys.modules after check:", torch_free)
        subprocess.run([*llx, "run", file], cwd=place, check=True, stdout=subprocess.DEVNULL)
        times = interleaved(
            {"bare": [sys.executable, "bare.py"], "check": [*llx, "check", file], "stored run": [*llx, "run", file]},
            place,
            rounds,
        )
    for name, found in times.items():
        print(f"{name}: median {statistics.median(found) * 1000:.0f} ms")
    good = [
        torch_free,
        verdict("check / bare script", ratio(times["check"], times["bare"]), 1.3, at_most=True),
        verdict("stored run / check", ratio(times["stored run"], times["check"]), 1.5, at_most=True),
    ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    raise SystemExit(main())
