# SPDX-License-Identifier: Apache-2.0
"""Make the embedded engine's model directory: train its tokenizer on this repository's text, write its configuration.

    python tools/train_sim_tokenizer.py            # writes src/fastfront/sim/model/
    python tools/train_sim_tokenizer.py --check    # says whether the written files are those of this script

Deterministic: the same text gives the same files, byte for byte. The text changes with every commit, the files need
not: rerun it only to change the vocabulary on purpose, since token ids change with it. Needs the `tokenizers` package.

The tokenizer is byte-level BPE with ChatML's special tokens, so every text survives encoding and decoding. The
configuration is that of a tiny Qwen3, so that vLLM's own frontends can serve the directory, too. chat_template.jinja
lies beside the files that are written here and is edited by hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "src" / "fastfront" / "sim" / "model"
ROOMS = ("src", "tests", "docs", "examples", "benchmarks", "tools", "cmake", "fuzz")
ENDINGS = frozenset((".md", ".py", ".pyi", ".pyx", ".pxd", ".hpp", ".cpp", ".txt", ".cmake"))
VOCAB_SIZE = 6144
MAX_MODEL_LEN = 32_768

SPLIT = r"'(?:[sdmt]|ll|re|ve)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
ADDED = ("<think>", "</think>", "<tool_call>", "</tool_call>")


def corpus() -> list[str]:
    """Return the text of the repository's files, in the order of their paths."""
    files = [path for path in ROOT.iterdir() if path.suffix == ".md" or path.name == "LICENSE"]
    files += [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in ENDINGS]
    return [path.read_text(encoding="utf-8") for path in sorted(files) if path.is_file()]


def train(texts: list[str]) -> Tokenizer:
    """Train byte-level BPE; special tokens come after the ordinary ones."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE - len(SPECIAL) - len(ADDED),
        min_frequency=2,
        show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=24,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL])
    tokenizer.add_tokens([AddedToken(text, special=False, normalized=False) for text in ADDED])
    return tokenizer


def files(tokenizer: Tokenizer) -> dict[str, str]:
    """Return the contents of the model directory, by file name."""
    ids = {text: tokenizer.token_to_id(text) for text in (*SPECIAL, *ADDED)}
    end, pad = ids["<|im_end|>"], ids["<|endoftext|>"]
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "bos_token_id": pad,
        "eos_token_id": end,
        "dtype": "bfloat16",
        "head_dim": 32,
        "hidden_act": "silu",
        "hidden_size": 64,
        "intermediate_size": 128,
        "max_position_embeddings": MAX_MODEL_LEN,
        "num_attention_heads": 2,
        "num_hidden_layers": 2,
        "num_key_value_heads": 1,
        "rms_norm_eps": 1e-06,
        "tie_word_embeddings": True,
        "vocab_size": tokenizer.get_vocab_size(),
    }
    generation_config = {"bos_token_id": pad, "eos_token_id": [end, pad], "pad_token_id": pad}
    tokenizer_config = {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(index): {
                "content": text,
                "lstrip": False,
                "normalized": False,
                "rstrip": False,
                "single_word": False,
                "special": text in SPECIAL,
            }
            for text, index in ids.items()
        },
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "model_max_length": MAX_MODEL_LEN,
        "pad_token": "<|endoftext|>",
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": None,
    }
    contents = {
        "config.json": config,
        "generation_config.json": generation_config,
        "tokenizer_config.json": tokenizer_config,
    }
    written = {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n" for name, content in contents.items()}
    return {**written, "tokenizer.json": tokenizer.to_str(pretty=False) + "\n"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Train the embedded engine's tokenizer on the text of this repository."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the files would change")
    arguments = parser.parse_args()
    texts = corpus()
    tokenizer = train(texts)
    contents = files(tokenizer)
    print(f"{len(texts)} files, {sum(map(len, texts)):,} characters, {tokenizer.get_vocab_size()} tokens")
    changed = [n for n, text in contents.items() if not (MODEL / n).exists() or (MODEL / n).read_text("utf-8") != text]
    if arguments.check:
        print("would change: " + ", ".join(changed) if changed else "up to date")
        return int(bool(changed))
    MODEL.mkdir(exist_ok=True)
    for name in changed:
        (MODEL / name).write_text(contents[name], encoding="utf-8")
        print(f"wrote {MODEL / name} ({len(contents[name].encode()):,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
