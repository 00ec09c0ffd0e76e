# SPDX-License-Identifier: Apache-2.0
"""Write two tiny models with random weights: make_models.py DIRECTORY SIM_MODEL_DIRECTORY

Run by the engine environment's Python (it needs torch and transformers). `bytelevel` is Qwen3-shaped and takes the
tokenizer and chat template of fastfront's embedded engine; `bytefallback` is Llama-shaped with a SentencePiece-style
tokenizer put together here. Both vocabularies are smaller than the models' output layers, as real ones are: some ids
that the engine produces are no token.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

SEED = 20260
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
    # Wide enough that greedy output wanders through the vocabulary instead of repeating one token.
    "initializer_range": 0.5,
}
WORDS = """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they
which one you were all her she there would their we him been has when who will no more if out so up said what its about
than into them can only other time new some could these two may first then do any like my now over such our man me even
most made after also did many off before must well back through years much where your way down should because each just
state those people how too good very make world still see own work long get here between both life being under never
day same another know while last might us great old year come since against go came right used take three
def return import print class self None True False range len str int list dict value name data error
世界 你好 语言 模型"""
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message.role == 'system' %}{{ '<<SYS>>' + message.content + '<</SYS>>\\n' }}"
    "{% elif message.role == 'user' %}{{ '[INST] ' + message.content | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + message.content | trim + eos_token }}{% endif %}"
    "{% endfor %}"
)


def main() -> None:
    target, sim_model = Path(sys.argv[1]), Path(sys.argv[2])
    make_byte_level(target / "bytelevel", sim_model)
    make_byte_fallback(target / "bytefallback")


def make_byte_level(directory: Path, sim_model: Path) -> None:
    directory.mkdir(parents=True)
    for source in sim_model.iterdir():
        if source.suffix in {".json", ".jinja"} and source.name != "config.json":
            shutil.copy(source, directory)
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    generation = json.loads((directory / "generation_config.json").read_text())
    ends = generation["eos_token_id"]
    config = Qwen3Config(
        vocab_size=pad(tokenizer.get_vocab_size()),
        eos_token_id=ends[0] if isinstance(ends, list) else ends,
        bos_token_id=generation.get("bos_token_id"),
        **SHAPE,
    )
    torch.manual_seed(SEED)
    save(Qwen3ForCausalLM(config), directory)


def make_byte_fallback(directory: Path) -> None:
    directory.mkdir(parents=True)
    tokenizer = sentencepiece_style()
    tokenizer.save(str(directory / "tokenizer.json"))
    write_json(
        directory / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "<s>",
            "eos_token": "</s>",
            "unk_token": "<unk>",
            "add_bos_token": True,
            "clean_up_tokenization_spaces": False,
            "model_max_length": 4096,
            "chat_template": CHAT_TEMPLATE,
        },
    )
    write_json(directory / "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2})
    torch.manual_seed(SEED)
    config = LlamaConfig(vocab_size=pad(tokenizer.get_vocab_size()), bos_token_id=1, eos_token_id=2, **SHAPE)
    save(LlamaForCausalLM(config), directory)


def sentencepiece_style() -> Tokenizer:
    """Build a BPE tokenizer shaped as Llama 2's: U+2581 for spaces, bytes for unknown characters."""
    vocab = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for byte in range(256):
        vocab[f"<0x{byte:02X}>"] = len(vocab)
    merges: list[tuple[str, str]] = []
    words = ["\u2581" + word for word in WORDS.split()]
    for character in sorted({*"".join(words), *map(chr, range(0x21, 0x7F))}):
        vocab.setdefault(character, len(vocab))
    for word in words:
        for end in range(2, len(word) + 1):
            if word[:end] not in vocab:
                vocab[word[:end]] = len(vocab)
                merges.append((word[: end - 1], word[end - 1]))
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("\u2581", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in ("<unk>", "<s>", "</s>")])
    return tokenizer


def pad(size: int) -> int:
    """Round up to a multiple of 64, past the vocabulary's own end."""
    return (size // 64 + 1) * 64


def save(model: torch.nn.Module, directory: Path) -> None:
    generation = (directory / "generation_config.json").read_bytes()
    model.to(torch.float32).save_pretrained(directory)
    (directory / "generation_config.json").write_bytes(generation)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
