# SPDX-License-Identifier: Apache-2.0
"""The logprobs of /inference/v1/generate: tokens by their ids with ranks, or as texts, made of the native writer's.

The native core writes them as chats have them, with the rank of each token. Source: `_create_tokens_logprobs` and
`_create_text_logprobs` in vllm/entrypoints/scale_out/token_in_token_out/serving.py (0.32). Must not know requests.
"""

from __future__ import annotations

from typing import Any

_LOWEST = -9999.0
"""What stands for minus infinity, and for what is no number."""


def by_token_ids(logprobs: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return them with ids; the native writer has called the tokens "token_id:N"."""
    if logprobs is None:
        return None
    return {
        "content": [
            {**_with_id(entry), "top_logprobs": [_with_id(top) for top in entry.get("top_logprobs", ())]}
            for entry in logprobs["content"]
        ]
    }


def by_texts(logprobs: dict[str, Any] | None, *, as_token_ids: bool) -> dict[str, Any] | None:
    """Return them with texts and their bytes; `as_token_ids`: tokens are called "token_id:N", and have no bytes."""
    if logprobs is None:
        return None
    return {
        "content": [
            {
                **_with_text(entry, as_token_ids),
                "top_logprobs": [_with_text(top, as_token_ids) for top in entry.get("top_logprobs", ())],
            }
            for entry in logprobs["content"]
        ]
    }


def _with_id(entry: dict[str, Any]) -> dict[str, Any]:
    # A rank of 0 is none: the engine could not tell.
    token_id = int(entry["token"].removeprefix("token_id:"))
    return {"token_id": token_id, "logprob": _logprob(entry), "rank": entry.get("rank") or None}


def _with_text(entry: dict[str, Any], as_token_ids: bool) -> dict[str, Any]:
    return {
        "token": entry["token"],
        "logprob": _logprob(entry),
        "bytes": None if as_token_ids else entry["bytes"],
    }


def _logprob(entry: dict[str, Any]) -> float:
    value = entry.get("logprob")
    return _LOWEST if value is None else value
