# SPDX-License-Identifier: Apache-2.0
"""The logprobs of a beam's tokens, as chats and as completions have them.

A position shows the candidates of the step that the token came from, the engine's own pick first. Each is decoded by
itself, because vLLM's search asks the engine's side for no text.

Source: `_create_chat_logprobs` and `_create_completion_logprobs` in vllm/entrypoints/openai, as beam search calls them.
Must not know requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fastfront.prompt.beams import Scores

_LOWEST = -9999.0
"""What stands for minus infinity."""


def chat_logprobs(
    token_ids: Sequence[int], scores: Sequence[Scores], shown: int | None, name: Callable[[int], str]
) -> dict[str, Any]:
    """Return the `logprobs` of a chat's choice. `shown`: candidates of a position, -1: all; `name` decodes one."""
    content: list[dict[str, Any]] = []
    for token_id, candidates in zip(token_ids, scores, strict=False):  # an end token that is left out has scores, too
        found = dict(candidates).get(token_id)
        token = name(token_id)
        if found is None:
            content.append({"token": token, "logprob": _LOWEST, "bytes": list(token.encode()), "top_logprobs": []})
            continue
        tops = [
            {"token": (text := name(other)), "logprob": max(logprob, _LOWEST), "bytes": list(text.encode())}
            for other, logprob in _first(candidates, shown or 0)
        ]
        content.append({"token": token, "logprob": max(found, _LOWEST), "bytes": None, "top_logprobs": tops})
    return {"content": content}


def completion_logprobs(
    token_ids: Sequence[int], scores: Sequence[Scores], shown: int, name: Callable[[int], str]
) -> dict[str, Any]:
    """Return the member `logprobs` of a completion's choice. `shown`: candidates beside the first, -1: all."""
    positions = list(zip(token_ids, scores, strict=False))
    tokens = [name(token_id) for token_id, _ in positions]
    offsets: list[int] = []
    offset = 0
    for token in tokens:
        offsets.append(offset)
        offset += len(token)
    return {
        "text_offset": offsets,
        "token_logprobs": [_of(token_id, candidates) for token_id, candidates in positions],
        "tokens": tokens,
        "top_logprobs": [
            {
                name(other): max(logprob, _LOWEST)
                for other, logprob in _first(candidates, shown if shown < 0 else shown + 1)
            }
            for _, candidates in positions
        ],
    }


def _of(token_id: int, candidates: Scores) -> float | None:
    found = dict(candidates).get(token_id)
    return None if found is None else max(found, _LOWEST)


def _first(candidates: Scores, count: int) -> Scores:
    return candidates if count < 0 else candidates[:count]
