"""The pages of the diagnostics' codes: one Markdown file a code and language, in `docs/diagnostics/`."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "diagnostics"


def page(code: str, language: str) -> str | None:
    """Give the page of one of llx's own codes, in English where a language lacks it, or None if there is none."""
    return find(FOLDER, code, language)


def find(folder: Path, name: str, language: str) -> str | None:
    """Give a page of a folder of pages: `NAME.md` is English, `ja/NAME.md` Japanese."""
    for place in ([folder / language] if language != "en" else []) + [folder]:
        path = place / f"{name}.md"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None
