# SPDX-License-Identifier: Apache-2.0
"""What tokenizer_config.json adds to tokenizer.json: named special tokens, further added tokens, the tokenizer class.

Follows what transformers 5 (which vLLM 0.32 loads tokenizers with) makes of the files, since vLLM's token ids are its
token ids: tokenization_utils_base.py `_from_pretrained`, models/auto/tokenization_auto.py. Must not know requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers

from fastfront.prompt.files import ModelFiles

_NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")

_CLASS_DEFAULTS: dict[str, dict[str, str]] = {
    "LlamaTokenizer": {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"},
    "GemmaTokenizer": {
        "unk_token": "<unk>",
        "bos_token": "<bos>",
        "eos_token": "<eos>",
        "pad_token": "<pad>",
        "mask_token": "<mask>",
    },
    "Qwen2Tokenizer": dict.fromkeys(("unk_token", "eos_token", "pad_token"), "<|endoftext|>"),
    "GPT2Tokenizer": dict.fromkeys(("unk_token", "bos_token", "eos_token"), "<|endoftext|>"),
}
"""Special tokens that a class has when the files name none."""

_GEMMA = "gemma gemma2 gemma3 gemma3_text gemma3n gemma3n_text recurrent_gemma shieldgemma2 t5gemma zaya"
_QWEN2 = (
    "qwen2 qwen2_moe qwen2_vl qwen2_5_vl qwen2_audio qwen2_5_omni qwen3 qwen3_moe qwen3_next qwen3_vl qwen3_vl_moe "
    "qwen3_omni_moe internvl ovis2 hunyuan_vl"
)
_GPT2 = "gpt2 gpt_neo gptj opt phi dbrx starcoder2 codegen jais2"

_REGISTERED = {
    **dict.fromkeys(_GEMMA.split(), "GemmaTokenizer"),
    **dict.fromkeys(_QWEN2.split(), "Qwen2Tokenizer"),
    **dict.fromkeys(_GPT2.split(), "GPT2Tokenizer"),
    **dict.fromkeys(("idefics", "idefics2"), "LlamaTokenizer"),
}
"""Model type -> tokenizer class, where the files name none."""

_PLAIN = (
    "arctic aria chameleon chatlm deepseek_ocr deepseek_ocr2 deepseek_v2 deepseek_v3 deepseek_v32 deepseek_v4 "
    "deepseek_vl deepseek_vl_hybrid deepseek_vl_v2 ernie4_5 ernie4_5_moe flex_olmo fuyu glm glm4 glm4_moe "
    "glm4_moe_lite glm4v glm4v_moe gpt_bigcode granite granitemoe granitemoehybrid granitemoeshared h2ovl_chat "
    "hyperclovax hyperclovax_vlm internlm2 jamba janus kimi_k25 kimi_linear llava llava_next mimo_v2_flash minicpm3 "
    "minicpmv minicpmv4_6 minicpmv4_7 minimax_m2 ministral ministral3 mistral mistral3 mixtral modernbert molmo molmo2 "
    "nemotron nvfp4 olmo2 olmo3 olmo_hybrid opencua openvla paddleocr_vl persimmon phi3 phi3_v phimoe pixtral smolvlm "
    "stablelm step3_vl step3p5 vipllava voxtral"
)
_PLAIN_TYPES = frozenset(_PLAIN.split())
"""Model types whose tokenizer.json counts as it is, whatever class tokenizer_config.json names."""


class TokenizerConfig:
    """The special tokens of a model, and what its tokenizer class changes in the pipeline of tokenizer.json."""

    def __init__(self, files: ModelFiles, model_type: str | None, further: Iterable[str] = ()) -> None:
        """Read the files; `further` are special tokens that no file names."""
        config = files.read_object("tokenizer_config.json")
        self.config = config
        self.class_name = _class_name(config, model_type)
        self.split_special_tokens = config.get("split_special_tokens") is True
        self._added = {
            int(index): _added_token(token) for index, token in (config.get("added_tokens_decoder") or {}).items()
        }
        values: dict[str, Any] = {**_CLASS_DEFAULTS.get(self.class_name, {}), **config}
        if not values.get("extra_special_tokens") and "additional_special_tokens" in values:
            values["extra_special_tokens"] = values["additional_special_tokens"]
        if not self._added:
            values.update(files.read_object("special_tokens_map.json"))
        # The older name of the two counts only where the newer is nowhere, not even empty.
        extra = values.get("extra_special_tokens", values.get("additional_special_tokens")) or []
        # A dict of extra tokens names them, as `image_token` and the like do.
        named = dict(extra) if isinstance(extra, dict) else {}
        others = (key for key in values if key.endswith("_token") and key not in _NAMED)
        found = {key: _content(named.get(key, values.get(key))) for key in (*_NAMED, *others, *named)}
        self.special_tokens = {key: content for key, content in found.items() if content is not None}
        """Name -> text, as chat templates see them: bos_token, eos_token, ..."""
        self.has_changed_tokenizer = False
        """Whether `apply` has made it another one than tokenizer.json describes."""
        listed = () if isinstance(extra, dict) else extra
        self._extra = [text for text in map(_content, (*listed, *further)) if text is not None]

    def apply(self, tokenizer: Tokenizer) -> bool:
        """Change tokenizer.json's tokenizer to what transformers makes of it. Return whether it decodes otherwise."""
        changed = self._adopt_llama_class(tokenizer)
        known = {repr(token) for token in tokenizer.get_added_tokens_decoder().values()}
        missing = [token for _, token in sorted(self._added.items()) if repr(token) not in known]
        contents = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
        contents.update(token.content for token in missing)
        for content in (*self.special_tokens.values(), *self._extra):
            if content not in contents:
                contents.add(content)
                missing.append(AddedToken(content, special=True))
        tokenizer.add_tokens(missing)
        self.has_changed_tokenizer |= bool(missing)
        return changed or bool(missing)

    def _adopt_llama_class(self, tokenizer: Tokenizer) -> bool:
        """Do as LlamaTokenizer: `legacy` and `add_prefix_space` decide where a word boundary is put before text."""
        if self.class_name != "LlamaTokenizer" or not _is_sentencepiece(tokenizer):
            return False
        self.has_changed_tokenizer = True
        prefix = self.config.get("add_prefix_space") is not False
        scheme = "never" if not prefix else "always" if self.config.get("legacy") else "first"
        tokenizer.normalizer = None
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme=scheme, split=False)
        steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
        tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(content=" ", left=1)] if prefix else steps)
        return True  # the decoder, or at least what single tokens are called (Metaspace keeps their leading spaces)


def _class_name(config: dict[str, Any], model_type: str | None) -> str:
    registered = _REGISTERED.get(model_type or "", "")
    if model_type in _PLAIN_TYPES:
        return ""
    name = config.get("tokenizer_class")
    name = name.removesuffix("Fast") if isinstance(name, str) else registered
    # DeepSeek's distilled Qwen models name the class of another family; transformers knows better here.
    return registered if model_type == "qwen2" else name


def _is_sentencepiece(tokenizer: Tokenizer) -> bool:
    """Return whether the pipeline is a SentencePiece model's. Byte-level ones with this class's name are left alone."""
    parts = msgspec.json.decode(tokenizer.decoder.__getstate__()) if tokenizer.decoder is not None else {}
    first = (parts.get("decoders") or [{}])[0]
    return bool(first.get("type") == "Replace" and first.get("pattern") == {"String": "▁"})


def _content(token: object) -> str | None:
    if isinstance(token, dict):
        token = token.get("content")
    return token if isinstance(token, str) else None


def _added_token(token: dict[str, Any]) -> AddedToken:
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    return AddedToken(token["content"], **{flag: bool(token[flag]) for flag in flags if flag in token})
