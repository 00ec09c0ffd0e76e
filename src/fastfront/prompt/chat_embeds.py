# SPDX-License-Identifier: Apache-2.0
"""Chats in which some content parts are embeddings: rendered and tokenized with a placeholder, then put together.

Source: vllm/renderers/{chat_utils,hf}.py (PROMPT_EMBEDS_PLACEHOLDER_TOKEN and what is done about it). Must not know
templates or requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastfront._native.tensor import float_width
from fastfront.errors import BadRequestError, validation_error
from fastfront.prompt.conversation import EMBEDS_PLACEHOLDER
from fastfront.prompt.embeds import EmbedsFormat, EmbedsMatrix, PromptEmbeds, read_embeds
from fastfront.protocol.messages import PROMPT_EMBEDS


def read_parts(messages: Sequence[dict[str, Any]], accepted: EmbedsFormat | None) -> list[EmbedsMatrix]:
    """Return the embeddings of a conversation, in its order. Raises the error to answer where they are not taken.

    Where they are, no text may contain the placeholder.
    """
    found: list[EmbedsMatrix] = []
    for part in _parts(messages):
        if isinstance(part, dict) and part.get("type") == PROMPT_EMBEDS:
            if accepted is None:
                raise validation_error(
                    "You must set `--enable-prompt-embeds` to input `prompt_embeds`", parameter=PROMPT_EMBEDS
                )
            found.append(read_embeds(part["data"], accepted))
        elif accepted is not None and _has_placeholder(part):
            raise validation_error(
                f"Text content may not contain the reserved placeholder {EMBEDS_PLACEHOLDER!r}. This placeholder is "
                "used internally to mark `prompt_embeds` splice positions in the tokenized prompt.",
                parameter="messages",
            )
    return found


def _parts(messages: Sequence[dict[str, Any]]) -> Iterator[Any]:
    for message in messages:
        content = message.get("content")
        if isinstance(content, list):
            yield from content
        elif content is not None:
            yield content


def _has_placeholder(part: Any) -> bool:
    texts = part.values() if isinstance(part, dict) else (part,)
    return any(isinstance(text, str) and EMBEDS_PLACEHOLDER in text for text in texts)


class Spread:
    """The ids of a rendered chat, with each placeholder in them as often as its part has rows."""

    def __init__(self, rendered: Sequence[int], placeholder_id: int | None, parts: Sequence[EmbedsMatrix]) -> None:
        """Raise the error to answer where the template left a part out or showed one twice, or a part has no rows."""
        count = sum(token_id == placeholder_id for token_id in rendered)
        if count != len(parts):
            raise BadRequestError(
                f"Expected {len(parts)} prompt_embeds placeholder tokens in the rendered prompt, found {count}."
            )
        with_rows = sum(part.rows > 0 for part in parts)
        if with_rows != len(parts):
            raise BadRequestError(
                f"Expected {len(parts)} prompt_embeds placeholder spans in the tokenized prompt, found {with_rows}."
            )
        self._parts = parts
        rows = iter(parts)
        self._pieces = [(token_id, next(rows) if token_id == placeholder_id else None) for token_id in rendered]

    def __len__(self) -> int:
        """Return how many ids there are."""
        return len(self._pieces) + sum(part.rows - 1 for part in self._parts)

    def take(self, kept: slice) -> tuple[list[int], PromptEmbeds]:
        """Return some of the ids, one after the other, and a row for each: a part's, or zeros for a token."""
        dtype, hidden_size = self._parts[0].dtype, self._parts[0].tensor.shape[1]
        no_row = bytes(float_width(dtype) * hidden_size)
        start, stop, _ = kept.indices(len(self))
        token_ids: list[int] = []
        data: list[bytes] = []
        is_token_ids: list[bool] = []
        at = 0
        for token_id, part in self._pieces:
            size = 1 if part is None else part.rows
            first, last = max(start - at, 0), min(stop - at, size)
            at += size
            if first < last:
                token_ids += [token_id] * (last - first)
                data.append(no_row if part is None else part.cast(slice(first, last)))
                is_token_ids += [part is None] * (last - first)
        return token_ids, PromptEmbeds(dtype, len(token_ids), hidden_size, b"".join(data), is_token_ids)
