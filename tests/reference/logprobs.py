# SPDX-License-Identifier: Apache-2.0
"""The slow, obvious logprobs of an answer, after vLLM's own code: v1/engine/logprobs.py and what servers make of it.

Rows are what an engine sends: token ids (the sampled one first), logprobs, the rank. The oracle of core/logprobs.cpp.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenizers import Tokenizer

Row = tuple[Sequence[int], Sequence[float], int]
Position = dict[int, dict[str, Any]]

REPLACEMENT = "\ufffd"


class Names:
    """What tokens are called, by a tokenizer whose decoder drops no spaces."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def decode(self, token_ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(token_ids), skip_special_tokens=False))

    def name(self, token_id: int, context: Sequence[int]) -> str:
        text = self.decode([token_id])
        if not text.endswith(REPLACEMENT):
            return text
        for count in range(1, min(len(context), 4) + 1):
            before = list(context[-count:])
            full = self.decode([*before, token_id])
            if full.endswith(REPLACEMENT):
                continue
            clean = len(before)
            while clean and self.decode([before[clean - 1]]).endswith(REPLACEMENT):
                clean -= 1
            prefix = self.decode(before[:clean]) if clean else ""
            if full.startswith(prefix):
                return full[len(prefix) :]
            common = 0
            while common < min(len(prefix), len(full)) and prefix[common] == full[common]:
                common += 1
            return full[common:]
        return ""


def positions(names: Names, rows: Sequence[Row], kept: int) -> list[Position]:
    """Return vLLM's dict of every position; `kept`: tokens beside the first, -1 for all."""
    found: list[Position] = []
    for token_ids, logprobs, rank in rows:
        context = [next(iter(position)) for position in found[-4:]]
        count = len(token_ids) if kept == -1 else kept + 1
        ranks = [rank, *range(1, count)]
        position: Position = {}
        for token_id, logprob, its_rank in list(zip(token_ids, logprobs, ranks, strict=False))[:count]:
            name = names.name(token_id, context)
            position[token_id] = {"logprob": logprob, "rank": its_rank, "decoded_token": name}
        found.append(position)
    return found


def chat_content(token_ids: Sequence[int], found: Sequence[Position], shown: int, *, as_ids: bool) -> list[Any]:
    """Return the `content` of a chat's logprobs."""

    def entry(name: str, logprob: float, text: str) -> dict[str, Any]:
        return {"token": name, "logprob": max(logprob, -9999.0), "bytes": list(text.encode())}

    content = []
    for token_id, position in zip(token_ids, found, strict=True):
        called = {i: f"token_id:{i}" if as_ids else value["decoded_token"] for i, value in position.items()}
        sampled = position[token_id]
        top = [entry(called[i], value["logprob"], called[i]) for i, value in position.items()]
        made = entry(called[token_id], sampled["logprob"], sampled["decoded_token"])
        content.append({**made, "top_logprobs": top if shown == -1 else top[:shown]})
    return content


def completion_lists(
    token_ids: Sequence[int], found: Sequence[Position | None], first_name: str, shown: int
) -> dict[str, list[Any]]:
    """Return a completion's logprobs; a position that is None is the first token of an echoed prompt."""
    lists: dict[str, list[Any]] = {"text_offset": [], "token_logprobs": [], "tokens": [], "top_logprobs": []}
    offset = 0
    for token_id, position in zip(token_ids, found, strict=True):
        name = first_name if position is None else position[token_id]["decoded_token"]
        lists["text_offset"].append(offset)
        lists["tokens"].append(name)
        lists["token_logprobs"].append(None if position is None else max(position[token_id]["logprob"], -9999.0))
        lists["top_logprobs"].append(
            None
            if position is None
            else {
                value["decoded_token"]: max(value["logprob"], -9999.0)
                for i, value in enumerate(position.values())
                if shown == -1 or i <= shown
            }
        )
        offset += len(name)
    return lists
