"""Every code has its page in both languages, and what the pages show is so.

A page shows a mistake under its first heading, and the way out under "Repair" (直し方). Blocks of the language are
checked with the real components: the mistake gives the page's code, the repair gives nothing. In front of a block
whose first line is `# …` stands the experiment of docs/diagnostics/README.md; beside each lie the files named there, and
those that the page shows in a block whose heading names one (```csv reviews.csv). A `python` block is the module of the
distribution llx-lab, and an `sh` block says what is given to `llx check`. Codes of a run show what a terminal would.
"""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from llx.dsl.check import check_file
from llx.dsl.diagnostics import pages, words
from llx.plugins.registry import Registry
from llx.runtime.words import load

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "diagnostics"
CODES = sorted(
    {
        code
        for floor in ("dsl", "plugins", "runtime")
        for path in (ROOT / floor).rglob("*.py")
        for code in re.findall(r"\"(L\d{4})[.\"]", path.read_text(encoding="utf-8"))
    }
)
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
REPAIR = {"en": "\n## Repair\n", "ja": "\n## 直し方\n"}
UNUSED = {"L0260", "L0902", "L0903", "L0904", "L0905"}
"""A page shows a few lines and not an experiment that runs, so what these say of it is no matter."""

COMPANIONS = {"L0554": {"L0555"}}
"""What comes with a code: an encoder never learned an objective that writes, either."""

RUN_TIME = {
    "L0199": "a hundred syntax errors don't fit on a page",
    "L0240": "rows are read in a run",
    "L0255": "a hundred files don't fit on a page",
    "L0291": "no source reaches it: the parser's own limit (L0109) is met first",
    "L0410": "no built-in kind is without outputs",
    "L0510": "the tokenizer's roles are known when it is stored",
    "L0511": "labels are read in a run",
    "L0512": "labels are read in a run",
    "L0513": "labels are read in a run",
    "L0514": "a checkpoint is measured in a run",
    "L0515": "rows are read in a run",
    "L0541": "the names of parameters are known to the plan, which builds the network",
    "L0542": "the names of parameters are known to the plan, which builds the network",
    "L0740": "the names of parameters are known to the plan, which builds the network",
    "L0741": "the names of parameters are known to the plan, which builds the network",
    "L0771": "a network in parts is met in a run",
    "L0747": "tokenizers are read in a run",
    "L0750": "the libraries are there",
    "L0753": "so many rows don't fit on a page",
    "L0755": "labels are read in a run",
    "L0757": "labels are read in a run",
    "L0758": "labels are read in a run",
    "L0550": "all data of llx with splits has one to train on",
    "L0553": "all checkpoints of llx know their objective",
    "L0585": "the objectives of llx take the model's own length",
    "L0586": "a page holds no folder of weights",
    "L0602": "all causal models of llx take a prefix",
    "L0572": "trials fail in a run",
    "L0591": "trials fail in a run",
    "L0610": "the check finds it (L0662): the file went away after it",
    "L0611": "the tests may run as one whom no permission stops",
    "L0614": "such a file is larger than a page",
    "L0615": "depends on what is installed",
    "L0616": "the file would have to change while it is read",
    "L0630": "such a line is longer than a page",
    "L0631": "the check finds it (L0661): the link was changed after it",
    "L0632": "the check finds it (L0663, L0666): the path was changed after it",
    "L0641": "splits are made in a run",
    "L0642": "data is cleaned in a run",
    "L0650": "the tests may run as one whom no permission stops",
    "L0653": "a page holds no devices",
    "L0654": "such a file is larger than a page",
    "L0664": "the tests may run as one whom no permission stops",
    "L0666": "a page holds no pipes",
    "L0672": "data is read in a run",
    "L0674": "texts are encoded in a run",
    "L0784": "pairs are encoded in a run",
    "L0788": "a tokenizer's template is used in a run",
    "L0789": "conversations are encoded in a run",
    **dict.fromkeys(
        ("L0690", "L0691", "L0692", "L0693", "L0694", "L0696", "L0700", "L0701", "L0743", "L0744"),
        "a page holds no folder of weights",
    ),
    "L0697": "weights are read in a run",
    "L0695": "splits are made in a run",
    "L0766": "rows are read in a run",
    "L0797": "data is read in a run",
    "L0790": "a page holds no tokenizer without a mask",
    "L0704": "two more distributions would have to be installed",
}
"""Codes that no block on a page can produce, and why; those of the runtime (L08..) are all of them."""


@dataclass(frozen=True)
class Part:
    """What a page shows before or under its repair: files by name, and blocks by their language."""

    files: dict[str, str]
    blocks: dict[str, list[str]]

    @classmethod
    def of(cls, text: str) -> Part:
        files: dict[str, str] = {}
        blocks: dict[str, list[str]] = {}
        for language, name, body in BLOCK.findall(text):
            if name:
                files[name] = body
            else:
                blocks.setdefault(language, []).append(body)
        return cls(files, blocks)


def parts(code: str, language: str) -> tuple[Part, Part]:
    text = pages.page(code, language)
    assert text is not None
    shown, _, repair = text.partition(REPAIR[language])
    return Part.of(shown), Part.of(repair)


def is_of_a_run(code: str) -> bool:
    return code.startswith("L08") or code in RUN_TIME


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_code_has_a_page_and_every_page_a_code(language: str) -> None:
    folder = FOLDER if language == "en" else FOLDER / language
    there = {path.stem for path in folder.glob("*.md")} - {"README"}
    assert sorted(set(CODES) - there) == [], "codes without a page"
    assert sorted(there - set(CODES)) == [], "pages without a code"
    assert sorted(set(RUN_TIME) - set(CODES)) == []


@pytest.mark.parametrize("code", CODES)
def test_a_page_is_short_and_says_the_same_in_both_languages(code: str) -> None:
    for language in ("en", "ja"):
        text = pages.page(code, language)
        assert text is not None
        assert text.startswith(f"# {code}: ")
        assert text.count(REPAIR[language]) == 1
        lines = [line for line in text.split("\n") if line.strip()]
        assert 5 <= len(lines) <= 40, len(lines)
    english, japanese = parts(code, "en"), parts(code, "ja")
    for one, other in zip(english, japanese, strict=True):
        assert one.files == other.files
        assert {key: of for key, of in one.blocks.items() if key != "text"} == {
            key: of for key, of in other.blocks.items() if key != "text"
        }


@pytest.mark.parametrize("code", [code for code in CODES if not is_of_a_run(code)])
def test_the_mistake_gives_the_code_and_the_repair_does_not(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake, repair = parts(code, "en")
    found = said(mistake, tmp_path / "mistake", monkeypatch)
    assert code in found
    assert found - UNUSED - COMPANIONS.get(code, set()) <= {code}, "nothing else is wrong"
    left = said(repair, tmp_path / "repair", monkeypatch, of=mistake)
    assert left - (UNUSED - {code}) == set()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("code", [code for code in CODES if is_of_a_run(code)])
def test_what_a_run_says_is_what_the_page_shows(code: str, language: str) -> None:
    Registry()  # the built-in components bring words too, whatever ran before
    for one in ("en", language):
        load(one)
    mistake, _ = parts(code, language)
    assert "llx" not in mistake.blocks or "text" in mistake.blocks
    shown = " ".join("".join(mistake.blocks["text"]).split())
    texts = {key: of for key, of in words.catalogue(language).items() if key.startswith(code)}
    messages = [of for key, of in texts.items() if not key.endswith((".help", ".label", ".none"))]
    assert f"[{code}]: " in shown
    assert any(re.search(pattern(text), shown) for text in messages) or code == "L0897"


def pattern(text: str) -> str:
    """Make a pattern of a message: anything may stand for a value."""
    fixed = re.split(r"\{\w+(?::\w+)?\}", " ".join(text.split()))
    return ".+".join(map(re.escape, fixed))


def said(part: Part, folder: Path, monkeypatch: pytest.MonkeyPatch, of: Part | None = None) -> set[str]:
    """Check the block of a part in a folder of its own, and give the codes that are said."""
    folder.mkdir()
    (folder / "llx.lock").touch()
    readme = Part.of((FOLDER / "README.md").read_text(encoding="utf-8"))
    usual_files = {name: much(name, text) for name, text in readme.files.items()}
    for name, text in (usual_files | (of.files if of else {}) | part.files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        # A page can't hold some bytes, and so says them as Python does.
        content = text.encode("utf-8").decode("unicode_escape").encode("latin-1") if "\\x" in text else text.encode()
        (folder / name).write_bytes(content)
    if "python" in part.blocks:
        install("".join(part.blocks["python"]), folder, monkeypatch)
    blocks = part.blocks.get("llx", [])
    (block,) = blocks or (of.blocks.get("llx", [""]) if of else [""])
    file = folder / "e.llx"
    if "e.llx" not in part.files:
        usual = readme.blocks["llx"][0] if block.startswith("# …") else ""
        file.write_text(usual + block, encoding="utf-8")
    words_given = shlex.split(part.blocks["sh"][0])[2:] if "sh" in part.blocks else ["e.llx"]
    try:
        result = check_file(folder / words_given[0], Registry(), params=words_given[1:])
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "llx_lab"]:
            del sys.modules[name]
    return {diagnostic.code for diagnostic in result.diagnostics}


def much(name: str, text: str) -> str:
    """Give a file with much more of what the README shows of it: little data gets warnings of its own."""
    first, rest = text.split("\n", 1) if name.endswith(".csv") else ("", text)
    return (first and first + "\n") + rest * 2000


def install(source: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install the distribution llx-lab, whose one module a page shows."""
    site = folder / "site"
    metadata = site / "llx_lab-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "llx_lab.py").write_text(source, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: llx-lab\nVersion: 1.0\n")
    points = re.findall(r"^# pyproject: (.+)$", source, re.MULTILINE) or ["lab = llx_lab"]
    (metadata / "entry_points.txt").write_text("[llx]\n" + "\n".join(points) + "\n")
    monkeypatch.syspath_prepend(str(site))
