"""All pages of the reference: which there are, and where they lie."""

from __future__ import annotations

from pathlib import Path

from ...dsl.diagnostics.words import LANGUAGES
from ...plugins.registry import Registry
from . import components, grammar, lexicon, quantities
from .words import Words

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def pages() -> dict[str, str]:
    """Give the text of each page by its path below the folder, Japanese ones in `ja/`."""
    registry = Registry()
    found: dict[str, str] = {}
    for language in LANGUAGES:
        say = Words(language)
        folder = "" if language == "en" else f"{language}/"
        found[f"{folder}README.md"] = _index(registry, say)
        found[f"{folder}grammar.md"] = grammar.page(say)
        found[f"{folder}words.md"] = lexicon.page(say)
        found[f"{folder}quantities.md"] = quantities.page(say)
        found[f"{folder}experiment.md"] = components.experiment(registry, say)
        for kind in registry.kinds:
            found[f"{folder}{kind}.md"] = components.page(registry, kind, say)
    return found


def write(folder: Path = FOLDER) -> int:
    """Write the pages, remove those that are no more, and give their number."""
    made = pages()
    for old in folder.rglob("*.md"):
        if old.relative_to(folder).as_posix() not in made:
            old.unlink()
    for name, text in made.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return len(made)


def _index(registry: Registry, say: Words) -> str:
    rows = [f"| [`{kind}`]({kind}.md) | {components.kind_is(kind, say)} |" for kind in registry.kinds]
    return say.page(
        say("reference.index"),
        say("reference.generated"),
        "\n".join(
            f"- [{say(f'reference.{name}')}]({name}.md)" for name in ("grammar", "words", "quantities", "experiment")
        ),
        f"## {say('reference.kinds')}",
        "\n".join([f"| {say('reference.kind')} | |", "|---|---|", *rows]),
    )
