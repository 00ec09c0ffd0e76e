# SPDX-License-Identifier: Apache-2.0
"""Tokenizers whose decoders have no native form, and a sequence of tokens of each. Shared by test and golden script."""

from __future__ import annotations

import random

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
WORDS = ["[UNK]", "[EOS]", "play", "##ing", ".", "n't", " a", "##s", "é"]
PIECES = ["[UNK]", "[EOS]", "▁", "▁▁", "▁a", "▁▁b", "c▁", "dé", *BYTES]
CHARACTERS = "né🎉日"


def _ids(words: list[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _unigram(byte_fallback: bool) -> models.Unigram:
    return models.Unigram([(piece, -1.0) for piece in PIECES], 0, byte_fallback)


def tokenizers() -> dict[str, Tokenizer]:
    """Return them by name."""
    level = ["[UNK]", "[EOS]", *sorted(pre_tokenizers.ByteLevel.alphabet()), "Ġa", "âĢ"]
    fallback, metaspace = decoders.ByteFallback(), decoders.Metaspace()
    llama = [decoders.Replace("▁", " "), fallback, decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made = {
        "wordpiece": (models.WordPiece(_ids(WORDS), unk_token="[UNK]"), decoders.WordPiece(), None),
        "none": (models.WordLevel(_ids(WORDS), unk_token="[UNK]"), None, None),
        "suffix": (models.BPE(_ids(["[UNK]", "[EOS]", "a</w>", "b"]), []), decoders.BPEDecoder(), None),
        "byte_level": (models.WordLevel(_ids(level), unk_token="[UNK]"), decoders.ByteLevel(), None),
        "metaspace": (_unigram(False), metaspace, pre_tokenizers.Metaspace()),
        "metaspace_bytes": (
            _unigram(True),
            decoders.Sequence([fallback, metaspace]),
            pre_tokenizers.Metaspace(),
        ),
        "unigram": (_unigram(True), decoders.Sequence(llama), None),
    }
    result: dict[str, Tokenizer] = {}
    for name, (model, decoder, pre_tokenizer) in made.items():
        tokenizer = result[name] = Tokenizer(model)
        if decoder is not None:
            tokenizer.decoder = decoder
        if pre_tokenizer is not None:
            tokenizer.pre_tokenizer = pre_tokenizer
        tokenizer.add_special_tokens(["[UNK]", "[EOS]"])
        tokenizer.add_tokens([AddedToken("▁odd", special=False), "<tool>"])
    return result


def sequence(tokenizer: Tokenizer) -> list[int]:
    """Return characters in bytes where there are bytes, then random tokens."""
    alphabet = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(CHARACTERS)
    spelled = [*(f"<0x{byte:02X}>" for byte in CHARACTERS.encode()), *"".join(text for text, _ in alphabet)]
    found = [token_id for token in spelled if (token_id := tokenizer.token_to_id(token)) is not None]
    dice = random.Random(3)
    return [*found, *range(12), *(dice.randrange(tokenizer.get_vocab_size()) for _ in range(100))]
