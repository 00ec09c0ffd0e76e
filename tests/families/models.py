# SPDX-License-Identifier: Apache-2.0
"""Model directories for the families: the embedded engine's model with everybody's markers for tokens, and a gpt-oss.

    python -m tests.families.models DIRECTORY

Also the engines' scripts. Markers are special where vLLM's parsers ask for special tokens themselves; elsewhere models
add them as ordinary ones, for else they would never be seen.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer

from fastfront._native import parse
from fastfront.sim import MODEL_PATH
from tests.families.answers import ANSWERS, Answer
from tests.families.table import FAMILIES
from tests.parsers import corpus_harmony, corpus_reasoning, json_corpus, list_corpus

DATE = "2026-01-01"
"""VLLM_SYSTEM_START_DATE: gpt-oss's prompts have it in them."""
SPECIAL = (
    *("apertus", "cohere_command3", "cohere_command4", "functiongemma", "gemma4", "gigachat3", "inkling", "internlm"),
    *("kimi_k3", "lfm2", "mistral", "muse_glimmer", "plamo3"),
)
"""Parsers whose tokens are special: vLLM's wants to see them."""
NEEDED = ("<tool_sep>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "</", "Ġ</")
"""Tokens without which some of vLLM's parsers do not start; the last two are words that olmo3's looks up."""
END = "<|im_end|>"
TEMPLATE = """\
{%- if tools %}{{ '<|im_start|>system\\n' + (tools | tojson) + '<|im_end|>\\n' }}{% endif %}
{%- for turn in messages %}{{ '<|im_start|>' + turn.role + '\\n' + turn.content + '<|im_end|>\\n' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' + (opening | default('')) }}{% endif %}
"""
"""No family's markers are in a prompt, unless the request puts them there: `opening`."""


def make_models(folder: Path) -> dict[bool, Path]:
    """Write both, each with its script.json; by whether it is gpt-oss."""
    made = {False: folder / "marked", True: folder / "gpt-oss"}
    for path in made.values():
        path.mkdir(parents=True)
    _marked(made[False])
    _gpt_oss(made[True])
    return made


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _config(**more: Any) -> dict[str, Any]:
    return json.loads((MODEL_PATH / "config.json").read_text(encoding="utf-8")) | more


def _marked(path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
    special, ordinary = _markers()
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in ordinary])
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in special])
    tokenizer.save(str(path / "tokenizer.json"))
    _write(path / "config.json", _config(vocab_size=(tokenizer.get_vocab_size() // 64 + 1) * 64))
    shutil.copy(MODEL_PATH / "generation_config.json", path)
    (path / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")
    _write(path / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END})
    _write(path / "script.json", {"sequences": [_sequence(answer) for answer in ANSWERS[False]]})


def _sequence(answer: Answer) -> dict[str, Any]:
    return {"text": answer.text + END * (answer.finish == "stop"), "finish": answer.finish}


def _markers() -> tuple[list[str], list[str]]:
    """Return the special ones and the others."""
    special: list[str] = []
    ordinary = [*NEEDED, *json_corpus.SHARED_TOKENS, "[ARGS]", *list_corpus.TOKENS]
    for family in FAMILIES.values():
        if family.harmony:
            continue
        found: list[str] = []
        if family.reasoning is not None:
            found += parse.special_tokens_of(family.reasoning, reasoning=True)
            found += corpus_reasoning.special_tokens(family.reasoning)
        if family.tools is not None:
            found += parse.special_tokens_of(family.tools, reasoning=False)
        (special if family.tools in SPECIAL else ordinary).extend(found)
    special = list(dict.fromkeys(special))
    return special, [text for text in dict.fromkeys(ordinary) if text not in special]


# gpt-oss: vLLM reads its answers by the ids of the openai_harmony library, so these tokens are the library's.


def _gpt_oss(path: Path) -> None:
    os.environ["VLLM_SYSTEM_START_DATE"] = DATE
    from fastfront.prompt.harmony import HarmonyRenderer

    renderer = HarmonyRenderer()
    encoding = renderer._encoding
    sequences = [
        {"tokens": encoding.encode(answer.text, allowed_special="all"), "finish": answer.finish}
        for answer in ANSWERS[True]
    ]
    body = ANSWERS[True][0].body()
    used = {token for sequence in sequences for token in sequence["tokens"]}
    used.update(renderer.render(body["messages"], body.get("tools"), None))
    used.update(encoding.encode("analysis"))
    markers = {text: encoding.encode(text, allowed_special="all")[0] for text in corpus_harmony.MARKERS}
    letters = _letters()
    vocab = {"".join(letters[byte] for byte in encoding._inner.decode_bytes([token])): token for token in used}
    vocab |= markers
    _write(path / "tokenizer.json", _tokenizer(vocab, markers))
    _write(path / "config.json", _config(model_type="gpt_oss", architectures=["GptOssForCausalLM"], vocab_size=201088))
    _write(path / "generation_config.json", {"eos_token_id": markers["<|return|>"]})
    _write(path / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|return|>"})
    (path / "chat_template.jinja").write_text("{{ messages[0].content }}", encoding="utf-8")
    _write(path / "script.json", {"sequences": sequences})


def _letters() -> dict[int, str]:
    """The letters that stand for bytes in a byte-level vocabulary."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + number) for number, byte in enumerate(others)}


def _tokenizer(vocab: dict[str, int], markers: dict[str, int]) -> dict[str, Any]:
    """A tokenizer.json: words that are tokens are found, nothing else is asked of it."""
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": token, "content": text, **flags} for text, token in markers.items()],
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": vocab,
            "merges": [],
        },
    }
