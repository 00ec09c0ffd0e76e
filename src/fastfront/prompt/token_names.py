# SPDX-License-Identifier: Apache-2.0
"""What tokens are called beside their logprobs, asked of `tokenizers` once: for decoders without a native form.

Source: convert_ids_list_to_tokens in vllm/tokenizers/detokenizer_utils.py (0.32). Must not know requests.
"""

from __future__ import annotations

from typing import Any

import msgspec
from tokenizers import Tokenizer

from fastfront._native.text import Vocab

_UNFINISHED = "\ufffd"


def token_names(tokenizer: Tokenizer) -> Vocab:
    """Return a table with the text of every token, decoded alone. Takes two seconds for 250,000 tokens, about."""
    ids = sorted({*tokenizer.get_vocab(with_added_tokens=True).values(), *tokenizer.get_added_tokens_decoder()})
    decoded = tokenizer.decode_batch([[token_id] for token_id in ids], skip_special_tokens=False)
    marker = space_marker(tokenizer)
    texts: list[tuple[int, str]] = []
    halves: list[tuple[int, str]] = []
    restored = False
    for token_id, text in zip(ids, decoded, strict=True):
        is_half = text.endswith(_UNFINISHED)
        spelling = (tokenizer.id_to_token(token_id) or "") if is_half or marker else ""
        named = with_leading_spaces(text, spelling, marker)
        restored = restored or named != text
        if is_half:
            halves.append((token_id, spelling))
        else:
            texts.append((token_id, named))
    family = "byte_level" if "ByteLevel" in _steps(tokenizer.decoder, "decoders") else "byte_fallback"
    return Vocab.from_texts(texts, halves, family=family, restored_spaces=restored)


def space_marker(tokenizer: Tokenizer) -> str:
    """Return what stands for a space in the vocabulary where a lone token loses the one before it, "" elsewhere."""
    step = _steps(tokenizer.pre_tokenizer, "pretokenizers").get("Metaspace")
    return "" if step is None else str(step.get("replacement", "▁"))


def with_leading_spaces(text: str, spelling: str, marker: str) -> str:
    """Give a token that was decoded alone the spaces back that decoding took from its beginning."""
    if not marker:
        return text
    spaces = len(spelling) - len(spelling.lstrip(marker))
    return " " * (spaces - (len(text) - len(text.lstrip(" ")))) + text


def _steps(part: Any, chain: str) -> dict[str, dict[str, Any]]:
    """Return the members of a decoder or pre-tokenizer, or of those it is a `chain` of, by their types."""
    state = {} if part is None else msgspec.json.decode(part.__getstate__())
    # Of several with one type the first counts.
    return {str(step.get("type")): step for step in reversed([state, *state.get(chain, ())])}
