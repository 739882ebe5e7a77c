"""The tokenizer of a folder, and its special tokens by their role."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..baddata import BadData, shortened
from ..builtin.tokenizer.load_tokenizer import known_ids
from ..builtin.tokenizer.roles import CHAT, KNOWN, MOST_SENTINELS, sentinel

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAMES = {
    "start": ("cls_token", "bos_token"),
    "end": ("sep_token", "eos_token"),
    "mask": ("mask_token",),
    "pad": ("pad_token",),
}
"""What the roles are called in a tokenizer's configuration, the likelier first."""


SPECIAL = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")
"""What a chat template may name."""


def highest_id(files: list[Path]) -> int | None:
    """Give the highest id of a tokenizer's files, read as JSON or lines; None if they can't be read so."""
    try:
        if files[0].suffix == ".txt":
            return sum(1 for _ in files[0].open("rb")) - 1
        content = json.loads(files[0].read_bytes())
        ids = known_ids(content) if files[0].name == "tokenizer.json" else list(content.values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None  # loading it says why
    return max((number for number in ids if isinstance(number, int)), default=None)


def load(files: list[Path], settings: Mapping[str, Any], shown: str) -> Tokenizer:
    """Load a tokenizer from `tokenizer.json`, from BPE's `vocab.json` and `merges.txt`, or from BERT's `vocab.txt`."""
    from tokenizers import Tokenizer

    try:
        if files[0].name == "tokenizer.json":
            return Tokenizer.from_file(str(files[0]))
        made = _byte_level(files) if len(files) == 2 else _word_pieces(files[0], settings)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # the library's panics are no Exception
        raise BadData("L0696", {"file": f"{shown}/{files[0].name}", "reason": shortened(error)}) from None
    special = [text for names in NAMES.values() for name in names if (text := token(settings, name)) is not None]
    made.add_special_tokens([text for text in dict.fromkeys(special) if made.token_to_id(text) is not None])
    return made


def roles(tokenizer: Tokenizer, settings: Mapping[str, Any]) -> dict[str, int]:
    """Give the ids of special tokens by role: those that the settings name, else those with a usual name."""
    found: dict[str, int] = {}
    for role, names in NAMES.items():
        used = [name for name in names if name != "bos_token" or settings.get("add_bos_token") is not False]
        told = [text for name in used if (text := token(settings, name)) is not None]
        for text in (*told, *(() if settings else KNOWN.get(role, ()))):
            number = tokenizer.token_to_id(text)
            if number is not None:
                found[role] = number
                break
    if found.get("start") == found.get("end"):
        found.pop("start", None)
    found |= turns(tokenizer)
    for place in range(MOST_SENTINELS):
        given = [number for text in sentinel(place) if (number := tokenizer.token_to_id(text)) is not None]
        if not given:
            break
        found[f"sentinel_{place}"] = given[0]
    return found


def turns(tokenizer: Tokenizer) -> dict[str, int]:
    """Give the ids of the tokens around a turn of a chat by role, if it has both."""
    found = {role: tokenizer.token_to_id(names[0]) for role, names in CHAT.items()}
    return {role: number for role, number in found.items() if number is not None} if None not in found.values() else {}


def chat_template(settings: Mapping[str, Any], tokens: Mapping[str, str | None]) -> dict[str, Any]:
    """Give the facts of a tokenizer's own chat template, with the texts of the tokens that it may name; none without one.

    Of several templates by name it is the one called `default`.
    """
    source = settings.get("chat_template")
    if isinstance(source, list):
        named = {one.get("name"): one.get("template") for one in source if isinstance(one, Mapping)}
        source = named.get("default")
    if not isinstance(source, str) or not source:
        return {}
    return {"chat_template": {"source": source, "tokens": {name: text for name, text in tokens.items() if text}}}


def token(settings: Mapping[str, Any], name: str) -> str | None:
    """Give a special token that is written as a text or as an object."""
    value = settings.get(name)
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) and value else None


def _byte_level(files: list[Path]) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    made = Tokenizer(models.BPE.from_file(str(files[0]), str(files[1])))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return made


def _word_pieces(file: Path, settings: Mapping[str, Any]) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    made = Tokenizer(models.WordPiece.from_file(str(file), unk_token=token(settings, "unk_token") or "[UNK]"))
    made.normalizer = normalizers.BertNormalizer(
        lowercase=settings.get("do_lower_case", True) is not False,
        strip_accents=settings.get("strip_accents"),
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True) is not False,
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    return made
