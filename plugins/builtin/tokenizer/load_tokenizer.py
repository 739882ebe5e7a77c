"""The tokenizer `load_tokenizer`: one that is there already."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ...api import Facts, Field, File, Place, TaskFailed, Text, Work
from ...baddata import BadData, shortened
from ...textfiles import find
from ..encoding.text import refused
from .roles import CHAT, FILL_IN_MIDDLE, KNOWN, MOST_SENTINELS, Reserving, add_special, sentinel, store

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_LARGEST = 256 << 20
_SPARSE = 2
"""Ids up to so many times the number of tokens: those of published tokenizers have few holes."""


class LoadTokenizer(Reserving):
    """Load a tokenizer from a `tokenizer.json` of the library tokenizers, which holds data and no code.

    The special tokens of the roles end, mask and pad are found by their usual names; one that is missing is added to
    the vocabulary. So are sentinels and the tokens for filling in a middle and for turns, but a missing one is added only if it is
    asked for. What the file says of truncation, padding and templates is not used: an objective's encoding says
    how a text becomes a row.
    """

    name: ClassVar[str] = "load_tokenizer"
    example: ClassVar[str] = 'load_tokenizer("tokenizer.json")'
    positional: ClassVar[tuple[str, ...]] = ("file",)
    version: ClassVar[int] = 3

    file: File = Field(description="The `tokenizer.json`")
    end: str | None = Field(None, min_length=1, description="The token that ends a text; none looks for a usual name")
    mask: str | None = Field(
        None, min_length=1, description="The token that hides another; none looks for a usual name"
    )
    pad: str | None = Field(None, min_length=1, description="The token that fills rows; none looks for a usual name")

    def files(self, root: Path) -> list[Path]:
        try:
            return find(self.file, root)
        except BadData as bad:
            raise self._at_file(bad).failure(self) from None

    def check(self, place: Place) -> None:
        try:
            [path] = find(self.file, place.root)
            tokens = _special_tokens(self._read(path))
            self._roles(tokens)
        except BadData as bad:
            self._at_file(bad).report(place)

    def known_vocab_size(self, root: Path) -> int | None:
        try:
            [path] = find(self.file, root)
            content = self._read(path)
            missing = [role for role, token in self._roles(_special_tokens(content)).items() if token is None]
        except BadData:
            return None  # reported by `check`
        ids = known_ids(content)
        return max(ids) + 1 + len(missing) if ids else None

    def known_roles(self, root: Path) -> tuple[str, ...] | None:
        try:
            [path] = find(self.file, root)
            return tuple(self._roles(_special_tokens(self._read(path))))
        except BadData:
            return None  # reported by `check`

    def run(self, work: Work) -> Facts:
        [path] = self.files(work.root)
        try:
            content = self._read(path)
            roles = self._roles(_special_tokens(content))
            tokenizer = self._made(content)
        except BadData as bad:
            raise bad.failure(self) from None
        missing = {role: self.reserved[role] for role, token in roles.items() if token is None}
        if missing:
            work.progress.log("tokenizer.added", tokens=list(missing.values()), roles=list(missing))
        ids = add_special(tokenizer, {role: token or self.reserved[role] for role, token in roles.items()})
        if taken := _taken_for_special(tokenizer, ids):
            work.progress.log("tokenizer.literal", tokens=taken)
        return store(tokenizer, ids, work.directory)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            if path.stat().st_size > _LARGEST:
                raise self._unreadable(Text("tokenizer.large", {"most": _LARGEST >> 20}))
            content = json.loads(path.read_bytes())
        except (ValueError, RecursionError) as error:
            raise self._unreadable(Text("tokenizer.json", {"error": str(error)})) from None
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
            raise self._unreadable(Text("tokenizer.model"))
        return content

    def _made(self, content: dict[str, Any]) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_str(json.dumps(content, ensure_ascii=False))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the library's panics are no Exception
            raise self._unreadable(str(error)) from None
        ids = tokenizer.get_vocab(with_added_tokens=True).values()
        if not ids or max(ids) >= _SPARSE * len(ids):
            raise self._unreadable(Text("tokenizer.ids", {"size": len(ids), "highest": max(ids, default=0)}))
        return tokenizer

    def _roles(self, known: dict[str, bool]) -> dict[str, str | None]:
        """Give the token of each role, or None if one is to be added; `known` are its tokens outside the model."""
        roles: dict[str, str | None] = {}
        for role, names in KNOWN.items():
            given = getattr(self, role)
            if given is not None and given not in known:
                values = {"file": self.file, "token": given, "role": role, "known": sorted(known)[:20]}
                raise BadData("L0673", values, field=role)
            roles[role] = given or next((name for name in names if name in known), None)
        more = FILL_IN_MIDDLE | CHAT | {f"sentinel_{number}": sentinel(number) for number in range(MOST_SENTINELS)}
        for role, names in more.items():
            found = next((name for name in names if name in known), None)
            if found is not None or role in self.reserved:
                roles[role] = found
        return roles

    def _unreadable(self, reason: Text | str) -> BadData:
        shown = shortened(reason) if isinstance(reason, str) else reason
        return BadData("L0671", {"file": self.file, "reason": shown}, field="file")

    @staticmethod
    def _at_file(bad: BadData) -> BadData:
        return BadData(bad.code, bad.values, field="file" if bad.field == "path" else bad.field, help=bad.help)


def _special_tokens(content: dict[str, Any]) -> dict[str, bool]:
    """Give the tokens that stand outside the model's vocabulary, and whether each is special."""
    added = content.get("added_tokens")
    found = {}
    for token in added if isinstance(added, list) else []:
        if isinstance(token, dict) and isinstance(token.get("content"), str):
            found[token["content"]] = token.get("special") is True
    return found


def known_ids(content: dict[str, Any]) -> list[int]:
    """Give the ids of all tokens, those outside the model's vocabulary included."""
    vocabulary = content["model"].get("vocab")
    ids = list(vocabulary.values()) if isinstance(vocabulary, dict) else list(range(len(vocabulary or ())))
    added = content.get("added_tokens")
    ids += [token.get("id") for token in added if isinstance(token, dict)] if isinstance(added, list) else []
    return [number for number in ids if isinstance(number, int)]


def _taken_for_special(tokenizer: Tokenizer, ids: dict[str, int]) -> list[str]:
    """Give the special tokens that this model makes of ordinary text that reads like them."""
    tokenizer.encode_special_tokens = True
    taken = []
    for number in ids.values():
        name = tokenizer.id_to_token(number)
        assert name is not None
        with contextlib.suppress(TaskFailed), refused():  # one that can't encode it makes no special token of it
            if number in tokenizer.encode(name, add_special_tokens=False).ids:
                taken.append(name)
    return taken
