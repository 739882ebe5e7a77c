"""The weights `gguf`: a file of llama.cpp."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ...api import Facts, Field
from ...baddata import BadData, shortened
from ...fields import FetchedFile
from ...hub.families import by_type
from ...hub.gguf_header import Header, read_header
from ...hub.header import Shapes
from ...hub.mapping import Config, Family
from ...textfiles import find
from .foreign import ForeignWeights

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

ARCHITECTURES = ("llama", "qwen2", "qwen3")
TENSORS = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""Names of a GGUF file -> those of the hub."""
SIZES = {
    "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size",
    "attention.head_count": "num_attention_heads",
    "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim",
    "feed_forward_length": "intermediate_size",
    "context_length": "max_position_embeddings",
    "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "rope.freq_base": "rope_theta",
}
SPLITS = {
    "smollm": r"\p{N}",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
"""How text is parted before its bytes are merged, by what a file calls it."""


class Gguf(ForeignWeights):
    """Read a model from a GGUF file, as llama.cpp and its kin use it, quantised or not, with its tokenizer.

    Llama, Qwen 2 and Qwen 3 are known, with byte-level BPE. Quantised weights become float32, as exact as they are.
    It takes the extra `gguf` (`pip install 'llx-lang[gguf]'`).
    """

    name: ClassVar[str] = "gguf"
    example: ClassVar[str] = 'gguf("weights/smollm2.gguf")'
    positional: ClassVar[tuple[str, ...]] = ("path",)
    version: ClassVar[int] = 2

    path: FetchedFile = Field(description="The file")

    def files(self, root: Path) -> list[Path]:
        try:
            return find(self.path, root)
        except BadData as bad:
            raise bad.failure(self) from None

    def look(self, root: Path) -> tuple[Family, Config]:
        header = self._header(root)
        architecture = header.values.get("general.architecture")
        family = by_type(architecture) if architecture in ARCHITECTURES else None
        if family is None:
            raise BadData("L0690", {"file": self.path, "type": architecture, "known": list(ARCHITECTURES)})
        values = {there: header.values.get(f"{architecture}.{name}") for name, there in SIZES.items()}
        embedding = header.tensors.get("token_embd.weight")
        values |= {
            "model_type": architecture,
            "architectures": [family.architectures["causal_lm"]],
            "tie_word_embeddings": "output.weight" not in header.tensors,
            "vocab_size": embedding[-1] if embedding else None,
        }
        return family, Config(values, self.path)

    def tensors(self, root: Path) -> tuple[set[str], Callable[[str], Tensor]]:
        import torch

        try:
            import gguf
            from gguf.quants import dequantize
        except ImportError:
            raise BadData("L0697", {"file": self.path}) from None
        try:
            reader = gguf.GGUFReader(str(root / self.path))
        except (OSError, ValueError, KeyError, IndexError) as error:
            raise BadData("L0696", {"file": self.path, "reason": shortened(error)}) from None
        _, config = self.look(root)
        heads = {"q_proj": config.size("num_attention_heads"), "k_proj": config.size("num_key_value_heads")}
        permuted = config.get("model_type") == "llama"
        found = {_name(tensor.name): tensor for tensor in reader.tensors if _name(tensor.name) is not None}

        def read(name: str) -> Tensor:
            stored = found[name]
            weight = torch.from_numpy(dequantize(stored.data, stored.tensor_type).copy()).float()
            projection = name.removesuffix(".weight").rpartition(".")[2]
            if permuted and projection in heads:
                # llama.cpp pairs neighbouring dimensions in its rotations, and the hub those half a head apart.
                rows, width = weight.shape
                parts = weight.view(heads[projection], rows // heads[projection] // 2, 2, width)
                weight = parts.transpose(1, 2).reshape(rows, width)
            return weight

        return {name for name in found if name is not None}, read

    def shapes(self, root: Path) -> Shapes:
        found = ((_name(name), shape) for name, shape in self._header(root).tensors.items())
        return {name: tuple(reversed(shape)) for name, shape in found if name is not None}

    def highest_id(self, root: Path) -> int | None:
        return len(self._header(root).values.get("tokenizer.ggml.tokens") or ()) - 1

    def read_tokenizer(self, root: Path) -> tuple[Tokenizer, dict[str, int]]:
        from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

        from ...hub.tokens import turns

        said = self._header(root).values
        kind, split = said.get("tokenizer.ggml.model"), said.get("tokenizer.ggml.pre")
        if kind != "gpt2" or split not in SPLITS:
            raise BadData(
                "L0693",
                {"file": self.path, "name": "tokenizer.ggml.pre", "value": split, "known": list(SPLITS)},
                help="L0693.known",
            )
        words, types = said.get("tokenizer.ggml.tokens") or [], said.get("tokenizer.ggml.token_type") or []
        merges = [tuple(merge.split(" ")) for merge in said.get("tokenizer.ggml.merges") or []]
        tokenizer = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, merges))
        isolated = pre_tokenizers.Split(Regex(SPLITS[split]), "isolated")
        level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split == "smollm")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([isolated, level])
        tokenizer.decoder = decoders.ByteLevel()
        control = 3
        special = [word for word, sort in zip(words, types, strict=False) if sort == control]
        tokenizer.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in special])
        ids = {"start": "bos_token_id", "end": "eos_token_id", "pad": "padding_token_id", "mask": "mask_token_id"}
        roles = {role: said.get(f"tokenizer.ggml.{name}") for role, name in ids.items()}
        found = {role: int(number) for role, number in roles.items() if number is not None}
        if said.get("tokenizer.ggml.add_bos_token") is False:
            found.pop("start", None)
        return tokenizer, found | turns(tokenizer)

    def chat_template(self, root: Path) -> Facts:
        from ...hub.tokens import chat_template

        said = self._header(root).values
        words = said.get("tokenizer.ggml.tokens") or []
        ids = {"bos_token": "bos_token_id", "eos_token": "eos_token_id", "unk_token": "unknown_token_id"}
        tokens = {name: said.get(f"tokenizer.ggml.{where}") for name, where in ids.items()}
        texts = {name: words[number] for name, number in tokens.items() if isinstance(number, int)}
        return chat_template({"chat_template": said.get("tokenizer.chat_template")}, texts)

    def _header(self, root: Path) -> Header:
        try:
            return read_header(root / self.path)
        except (OSError, ValueError) as error:
            raise BadData("L0696", {"file": self.path, "reason": shortened(error)}) from None


def _name(name: str) -> str | None:
    """Give the hub's name of a tensor; a layer's is `blk.3.attn_q.weight`. None for one that says nothing."""
    stem, _, part = name.rpartition(".")
    if stem.startswith("rope_"):
        return None
    layer, _, own = stem.removeprefix("blk.").partition(".") if stem.startswith("blk.") else ("", "", stem)
    prefix = f"layers.{layer}." if layer else ""
    return f"{prefix}{TENSORS.get(own, own)}.{part}"
