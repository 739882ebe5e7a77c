"""A folder in the layout of the hub: which files it has, and what they say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...dsl.diagnostics.model import Text
from ..baddata import BadData, shortened
from .families import FAMILIES, by_type
from .mapping import Config, Family

_MOST_BYTES = 256 << 20
INDEX, SINGLE = "model.safetensors.index.json", "model.safetensors"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"), ("vocab.txt",))
"""The files of a tokenizer, the better sources first."""
SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")
CHAT_TEMPLATE = "chat_template.jinja"


class Folder:
    """The files of a model. Everything that is wrong with them is BadData at the field `path`."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path, self.shown = path, shown

    def json(self, name: str) -> dict[str, Any]:
        """Read a JSON file that holds an object."""
        path = self.path / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise self._unreadable(name, Text("hub.large", {"most": _MOST_BYTES >> 20}))
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise self._unreadable(name, str(error)) from None
        except OSError as error:
            raise self._unreadable(name, error.strerror or str(error)) from None
        if not isinstance(content, dict):
            raise self._unreadable(name, Text("hub.object"))
        return content

    def _text(self, name: str) -> str:
        path = self.path / name
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise self._unreadable(name, Text("hub.large", {"most": _MOST_BYTES >> 20}))
            return path.read_text(encoding="utf-8")
        except (ValueError, OSError) as error:
            raise self._unreadable(name, str(error)) from None

    def config(self) -> Config:
        """Read `config.json`."""
        if not (self.path / "config.json").is_file():
            raise self._missing("config.json")
        return Config(self.json("config.json"), f"{self.shown}/config.json")

    def family(self) -> Family:
        """Give the family of the model."""
        config = self.config()
        family = by_type(config.get("model_type"))
        if family is None:
            values = {"file": config.file, "type": config.get("model_type")}
            raise BadData("L0690", values | {"known": [one.model_type for one in FAMILIES]})
        return family

    def weights(self) -> list[Path]:
        """Give the files with the weights: one, or those that an index names."""
        if (self.path / SINGLE).is_file():
            return [self.path / SINGLE]
        if (self.path / INDEX).is_file():
            places = self.json(INDEX).get("weight_map")
            if not isinstance(places, Mapping) or not all(isinstance(name, str) for name in places.values()):
                raise self._unreadable(INDEX, Text("hub.weight_map"))
            names = sorted(set(places.values()))
            for name in names:
                # A name with a folder in it could lead anywhere.
                if Path(name).name != name or not name.endswith(".safetensors"):
                    raise self._unreadable(INDEX, Text("hub.weight_map"))
                if not (self.path / name).is_file():
                    raise self._missing(name)
            return [self.path / name for name in names]
        for name in PICKLES:
            if (self.path / name).is_file():
                raise BadData("L0692", {"folder": self.shown, "file": name})
        raise self._missing(SINGLE)

    def tokenizer(self) -> list[Path]:
        """Give the files of the tokenizer."""
        for names in TOKENIZERS:
            if all((self.path / name).is_file() for name in names):
                return [self.path / name for name in names]
        raise self._missing("tokenizer.json")

    def settings(self) -> dict[str, Any]:
        """Give what the files beside a tokenizer say of it, the special tokens by their names there."""
        found: dict[str, Any] = {}
        for name in reversed(SETTINGS):
            if (self.path / name).is_file():
                found |= {key: value for key, value in self.json(name).items() if value is not None}
        if (self.path / CHAT_TEMPLATE).is_file():
            found["chat_template"] = self._text(CHAT_TEMPLATE)
        return found

    def all_files(self) -> list[Path]:
        """Give all files that are read."""
        more = [self.path / name for name in (INDEX, *SETTINGS, CHAT_TEMPLATE) if (self.path / name).is_file()]
        return sorted({self.path / "config.json", *self.weights(), *self.tokenizer(), *more})

    def _missing(self, name: str) -> BadData:
        return BadData("L0691", {"folder": self.shown, "file": name})

    def _unreadable(self, name: str, reason: Text | str) -> BadData:
        shown = shortened(reason) if isinstance(reason, str) else reason
        return BadData("L0696", {"file": f"{self.shown}/{name}", "reason": shown})
