# SPDX-License-Identifier: Apache-2.0
"""Make the two small models beside this file that the prompt's tests load: tokenizers and templates, no weights.

    python tests/prompt/make_models.py

`chatml` is byte-level BPE with a template of Qwen's kind, `sentencepiece` a BPE with byte fallback of Llama's kind that
puts <s> before a text. The results are committed: training may differ between releases of `tokenizers`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.prompt.cases import TEXTS

HERE = Path(__file__).parent / "models"
CORPUS = [
    *TEXTS,
    "one two three four five six seven hello there, hello world. Get the weather in Paris: it is sunny today, 15C.",
    "You are a helpful assistant. The user asks and the assistant answers; the system says how.",
    "def answer(question): return sorted(question.split(), key=len)[-1]",
]
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"

CHATML = """\
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- endif %}
    {%- for tool in tools %}
        {{- tool | tojson }}
        {{- "\\n" }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n' }}
        {%- if message.reasoning_content %}
            {{- '<think>' + message.reasoning_content + '</think>' }}
        {%- endif %}
        {{- message.content.split('</think>')[-1] }}
        {%- for call in message.tool_calls or [] %}
            {{- '<tool_call>' + (call | tojson) + '</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role != 'system' or not loop.first %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

LLAMA = """\
{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}
{{ '[INST] ' + message['content'] + ' [/INST]' }}
{% else %}
{{ ' ' + message['content'] + ' ' + eos_token }}
{% endif %}{% endfor %}
"""


def write(name: str, files: dict[str, Any]) -> None:
    folder = HERE / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (folder / file).write_text(text, encoding="utf-8")


def compact(tokenizer: Tokenizer) -> str:
    """Return tokenizer.json on one line."""
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n"


def make_chatml() -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"), byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=480, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    plain = ["<think>", "</think>", "<tool_call>", "</tool_call>"]
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in plain])
    ends = [tokenizer.token_to_id(text) for text in ("<|im_end|>", "<|endoftext|>")]
    config = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "bos_token": None, "unk_token": None}
    defaults = {"do_sample": True, "temperature": 0.6, "top_k": 20, "top_p": 0.95, "eos_token_id": ends}
    write(
        "chatml",
        {
            "tokenizer.json": compact(tokenizer),
            "tokenizer_config.json": {**config, "tokenizer_class": "PreTrainedTokenizerFast"},
            "chat_template.jinja": CHATML,
            "config.json": {"model_type": "qwen3", "vocab_size": 512, "max_position_embeddings": 300},
            "generation_config.json": defaults,
        },
    )


def make_sentencepiece() -> None:
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    words = [normalizer.normalize_str(word) for text in CORPUS for word in text.split()]
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        special_tokens=["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))],
        limit_alphabet=60,
        show_progress=False,
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.train_from_iterator(words, trainer)
    state = json.loads(tokenizer.to_str())
    # The trainer makes all of them added tokens; the byte tokens are none.
    state["added_tokens"] = state["added_tokens"][:3]
    state["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.normalizer = normalizer
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1)]
    tokenizer.decoder = decoders.Sequence(steps)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    config = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_bos_token": True}
    write(
        "sentencepiece",
        {
            "tokenizer.json": compact(tokenizer),
            "tokenizer_config.json": {**config, "legacy": False, "tokenizer_class": "LlamaTokenizer"},
            "chat_template.jinja": LLAMA,
            "config.json": {
                "model_type": "llama",
                "vocab_size": 480,
                "max_position_embeddings": 300,
                "eos_token_id": 2,
            },
        },
    )


if __name__ == "__main__":
    make_chatml()
    make_sentencepiece()
