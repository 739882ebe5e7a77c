"""The weights `checkpoint`: a folder in the layout of the Hugging Face hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ...api import Facts, Field
from ...baddata import BadData, shortened
from ...fields import FetchedFolder
from ...hub.folder import Folder
from ...hub.header import Shapes, read_shapes
from ...hub.mapping import Config, Family
from .foreign import ForeignWeights

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor


class Checkpoint(ForeignWeights):
    """Read a model in the layout of the Hugging Face hub: `config.json`, safetensors (in one file or many), a tokenizer.

    GPT-2, Llama, Mistral, Qwen 2 and 3, BERT, RoBERTa, ModernBERT and T5 are known. Nothing is downloaded, and nothing in
    the folder is run: pickled weights are refused. Weights in half precision become float32.
    """

    name: ClassVar[str] = "checkpoint"
    example: ClassVar[str] = 'checkpoint("weights/minilm")'
    positional: ClassVar[tuple[str, ...]] = ("path",)
    version: ClassVar[int] = 2

    path: FetchedFolder = Field(description="The folder")

    def files(self, root: Path) -> list[Path]:
        try:
            return self._folder(root).all_files()
        except BadData as bad:
            raise bad.failure(self) from None

    def look(self, root: Path) -> tuple[Family, Config]:
        folder = self._folder(root)
        family = folder.family()
        folder.all_files()
        return family, folder.config()

    def tensors(self, root: Path) -> tuple[set[str], Callable[[str], Tensor]]:
        from ...nn.hub import Shards, readable

        files = self._folder(root).weights()
        for path in files:
            if reason := readable(path):
                raise BadData("L0696", {"file": f"{self.path}/{path.name}", "reason": reason})
        shards = Shards(files)
        return shards.names, shards.read

    def shapes(self, root: Path) -> Shapes:
        found: dict[str, tuple[int, ...]] = {}
        for path in self._folder(root).weights():
            try:
                found |= read_shapes(path)
            except (OSError, ValueError, RecursionError) as error:
                reason = {"file": f"{self.path}/{path.name}", "reason": shortened(error)}
                raise BadData("L0696", reason) from None
        return found

    def highest_id(self, root: Path) -> int | None:
        from ...hub.tokens import highest_id

        return highest_id(self._folder(root).tokenizer())

    def read_tokenizer(self, root: Path) -> tuple[Tokenizer, dict[str, int]]:
        from ...hub.tokens import load, roles

        folder = self._folder(root)
        settings = folder.settings()
        tokenizer = load(folder.tokenizer(), settings, self.path)
        return tokenizer, roles(tokenizer, settings)

    def chat_template(self, root: Path) -> Facts:
        from ...hub.tokens import SPECIAL, chat_template, token

        settings = self._folder(root).settings()
        return chat_template(settings, {name: token(settings, name) for name in SPECIAL})

    def _folder(self, root: Path) -> Folder:
        return Folder(root / self.path, self.path.rstrip("/"))
