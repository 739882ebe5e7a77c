"""The files of a new experiment or plugin, from the templates."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from ..dsl.tokens import RESERVED

EXPERIMENT = "experiment.llx"
"""The file of a new experiment."""

BOOKS = {"en": "moby_dick.en.txt", "ja": "wagahai_neko.ja.txt"}
"""What a new experiment trains on, by language."""

_CHOICE = re.compile(r"«([^«»│]*)│([^«»│]*)»")
_PLACE = re.compile(r"@(\w+)@")
_DISTRIBUTION = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

TAKEN = frozenset({"llx-lang", "llx-llx"})
"""Names of llx itself: its distribution, and that whose prefix would be llx's own."""

KINDS: Mapping[str, Mapping[str, str]] = {
    "objective": {
        "component": "confident",
        "class": "Confident",
        "en": "Classification that is kept from being too sure",
        "ja": "過信を抑えた分類",
        "usage": "stage classify = finetune {\n  from      = pretrain.best\n  data      = reviews\n"
        "  objective = @prefix@.confident { weight = 0.1 }\n  budget    = 5 epochs\n}",
    },
    "metric": {
        "component": "brier",
        "class": "Brier",
        "en": "The Brier score of predicted probabilities",
        "ja": "予測確率のブライアスコア",
        "usage": "eval scores = evaluate(classify.best, data = reviews.test, metrics = [@prefix@.brier])",
    },
    "data": {
        "component": "fasttext",
        "class": "FastText",
        "en": "Labelled texts as fastText writes them",
        "ja": "fastText 形式のラベル付きテキスト",
        "usage": 'data reviews = @prefix@.fasttext("reviews/*.txt") |> split(validation = 10%, test = 10%)',
    },
    "schedule": {
        "component": "inverse_sqrt",
        "class": "InverseSqrt",
        "en": "A learning rate that falls as 1 / √step",
        "ja": "1 / √step で下がる学習率",
        "usage": "stage pretrain = train {\n  model     = gpt\n  tokenizer = bpe\n  data      = corpus\n"
        "  objective = causal_lm\n  schedule  = @prefix@.inverse_sqrt { warmup = 200 steps }\n  budget    = 20M tokens\n}",
    },
}
"""The kinds of component that a new plugin may begin with: its name, what it is, and how a file uses it."""

_WRONG_LINE = {
    "en": {
        "@prefix@:line": "{where} doesn't begin with a label and a text: `{line}`",
        "@prefix@:line.help": "a line is written `{mark}label text`",
    },
    "ja": {
        "@prefix@:line": "{where} がラベルと本文で始まっていません: `{line}`",
        "@prefix@:line.help": "1 行は `{mark}ラベル 本文` と書きます",
    },
}


def identifier(name: str) -> str:
    """Make a name of the language from that of a folder."""
    plain = re.sub(r"\W", "_", unicodedata.normalize("NFC", name)) or "experiment"
    safe = plain if plain.isidentifier() else f"_{plain}"
    return f"{safe}_" if safe in RESERVED else safe


def distribution(name: str) -> str | None:
    """Give the name of a plugin's distribution from that of its folder; None if it can't be one."""
    plain = name.lower().replace("_", "-")
    if not _DISTRIBUTION.fullmatch(plain):
        return None
    made = plain if plain.startswith("llx-") else f"llx-{plain}"
    return None if made in TAKEN else made


def experiment(name: str, language: str) -> dict[str, bytes]:
    """Give the files of a new experiment by their paths."""
    values = {"name": identifier(name), "title": name}
    book = BOOKS[language]
    return {
        EXPERIMENT: _filled("experiment", "experiment.llx", language, values),
        "README.md": _filled("experiment", "readme.tmpl", language, values),
        ".gitignore": _filled("experiment", "gitignore.tmpl", language, values),
        f"data/{book}": files(f"{__package__}.templates.experiment").joinpath(book).read_bytes(),
    }


def plugin(name: str, kind: str, language: str) -> dict[str, bytes]:
    """Give the files of a new plugin whose component is of a kind, by their paths."""
    from .. import __version__

    made = distribution(name)
    assert made is not None, "the caller looked"
    prefix = made.removeprefix("llx-").replace("-", "_")
    prefix = f"{prefix}_" if prefix in RESERVED else prefix
    prefix = f"_{prefix}" if not prefix.isidentifier() else prefix
    about = KINDS[kind]
    module = made.replace("-", "_")
    values = {
        "distribution": made,
        "prefix": prefix,
        "module": module,
        "file": kind,
        "name": about["component"],
        "class": about["class"],
        "summary": about[language],
        "llx": ".".join(__version__.split(".")[:2]),
    }
    values["usage"] = about["usage"].replace("@prefix@", prefix)
    for spoken, words in _WRONG_LINE.items():
        listed = "".join(f'\n        "{key}": "{text}",' for key, text in words.items())
        values[f"messages_{spoken}"] = f"{listed}\n    ".replace("@prefix@", prefix) if kind == "data" else ""
    return {
        "pyproject.toml": _filled("plugin", "pyproject.tmpl", language, values),
        "README.md": _filled("plugin", "readme.tmpl", language, values),
        ".gitignore": _filled("plugin", "gitignore.tmpl", language, values),
        f"{module}/__init__.py": _filled("plugin", "init.tmpl", language, values),
        f"{module}/{kind}.py": _filled("plugin", f"{kind}.tmpl", language, values),
        f"tests/test_{kind}.py": _filled("plugin", f"test_{kind}.tmpl", language, values),
    }


def is_free(folder: Path) -> bool:
    """Tell whether a folder is not there, or holds nothing."""
    if folder.is_symlink() and not folder.exists():
        return False
    return not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))


def write(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write new files into a folder; one that is there already is never written over (FileExistsError)."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)


def _filled(folder: str, name: str, language: str, values: Mapping[str, str]) -> bytes:
    """Fill a template in: of each choice the text in the language, and the values in their places."""
    template = files(f"{__package__}.templates.{folder}").joinpath(name).read_text(encoding="utf-8")
    chosen = _CHOICE.sub(lambda match: match.group(1 if language == "en" else 2), template)
    return _PLACE.sub(lambda match: values[match.group(1)], chosen).encode()
