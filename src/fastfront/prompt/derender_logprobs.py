# SPDX-License-Identifier: Apache-2.0
"""Logprobs that name tokens by their ids, with the tokens' texts: as chats and as completions have them.

Source: vllm/renderers/online_derenderer.py (0.32). Must not know requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastfront.prompt.model import Model
from fastfront.prompt.token_names import space_marker, with_leading_spaces
from fastfront.protocol.derender import GenerateLogProbs

Answer = dict[str, Any]

CONTEXT = 4
"""Sampled tokens that a token of half a character is decoded with."""


def chat_logprobs(model: Model, logprobs: GenerateLogProbs | None, context: Sequence[int]) -> Answer | None:
    """Return them as chats have them; `context` has the ids that were sampled before."""
    if logprobs is None:
        return None
    if logprobs.content is None:
        return {"content": None}
    sampled = list(context)
    marker = space_marker(model.tokenizer.backend)
    content: list[Answer] = []
    for entry in logprobs.content:
        tops = [_named(model, top.token_id, sampled, top.logprob, marker) for top in entry.top_logprobs]
        content.append({**_named(model, entry.token_id, sampled, entry.logprob, marker), "top_logprobs": tops})
        sampled.append(entry.token_id)
    return {"content": content}


def _named(model: Model, token_id: int, sampled: Sequence[int], logprob: float, marker: str) -> Answer:
    token = model.tokenizer.decode([token_id])
    if marker:
        token = with_leading_spaces(token, model.tokenizer.id_to_token(token_id) or "", marker)
    if token.endswith("\ufffd"):
        token = _with_context(model, token_id, sampled[-CONTEXT:])
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _with_context(model: Model, token_id: int, context: Sequence[int]) -> str:
    """Return what a token of half a character adds to those before it; nothing while the character is unfinished."""
    decode = model.tokenizer.decode
    for number in range(1, len(context) + 1):
        before = list(context[-number:])
        whole = decode([*before, token_id])
        if whole.endswith("\ufffd"):
            continue
        while before and decode([before[-1]]).endswith("\ufffd"):
            before.pop()
        prefix = decode(before) if before else ""
        common = 0
        while common < min(len(prefix), len(whole)) and prefix[common] == whole[common]:
            common += 1
        return whole[common:]
    return ""


def completion_logprobs(logprobs: Answer | None, offset: int) -> Answer | None:
    """Return a chat's logprobs as completions have them; `offset`: characters of text before them."""
    if logprobs is None:
        return None
    content = logprobs["content"] or []
    offsets: list[int] = []
    for entry in content:
        offsets.append(offset)
        offset += len(entry["token"])
    return {
        "text_offset": offsets,
        "token_logprobs": [entry["logprob"] for entry in content],
        "tokens": [entry["token"] for entry in content],
        "top_logprobs": [
            {top["token"]: top["logprob"] for top in entry["top_logprobs"]} if entry["top_logprobs"] else None
            for entry in content
        ],
    }
