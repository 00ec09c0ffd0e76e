# SPDX-License-Identifier: Apache-2.0
"""What somebody asked, read out of prompt token ids: the last user message of a chat, or plain text.

Knows tokens and text, no requests. The guess may be wrong for an odd template: then the answer quotes another part.
"""

from __future__ import annotations

import dataclasses
import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastfront.sim.loaded_model import LoadedModel

MAX_TOKENS_READ = 512
"""Only the end of a long prompt is read: a 100,000-token prompt must not hold up the other requests."""
MAX_QUOTE_CHARS = 72
MAX_WORDS = 60
_ROLES = ("user", "human")
_ROLE_NAMES = frozenset((*_ROLES, "assistant", "system", "model", "tool", "bot"))
_INSTRUCTION = re.compile(r"\[INST\](.*?)\[/INST\]", re.DOTALL)
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """The text to answer and what can be said of it. `continues`: a completion, the answer goes on with the text."""

    quote: str
    words: tuple[str, ...]
    """Some of its words, to be talked about."""
    num_words: int
    num_characters: int
    continues: bool


def read_question(prompt_token_ids: list[int], model: LoadedModel) -> Question:
    """Find what was asked in the tokens of a prompt."""
    markers = model.marker_token_ids
    tail = prompt_token_ids[-MAX_TOKENS_READ:]
    chat = not markers.isdisjoint(tail)
    text, previous = "", ""
    for segment in _segments_from_the_end(tail, markers) if chat else [tail]:
        segment_text = model.decode(segment).strip()
        role, _, message = segment_text.partition("\n")
        if role.strip() in _ROLES:
            # ChatML puts the role and the text into one segment, Llama 3 the text into the next one.
            text = message.strip() or previous
            break
        if segment_text and segment_text not in _ROLE_NAMES:
            previous = segment_text
            text = text or segment_text
    instructions = _INSTRUCTION.findall(text)
    if instructions:
        chat, text = True, instructions[-1].strip()
    return Question(
        quote=_quote(text, from_the_end=not chat),
        words=tuple(match[0] for match in islice(_WORD.finditer(text), MAX_WORDS)),
        num_words=len(text.split()),
        num_characters=len(text),
        continues=not chat,
    )


def _segments_from_the_end(token_ids: list[int], markers: frozenset[int]) -> Iterator[list[int]]:
    """Yield the runs of ordinary tokens between markers, the last run first."""
    end = len(token_ids)
    for index in range(end - 1, -1, -1):
        if token_ids[index] in markers:
            if index + 1 < end:
                yield token_ids[index + 1 : end]
            end = index
    if end > 0:
        yield token_ids[:end]


def _quote(text: str, *, from_the_end: bool) -> str:
    """Shorten a text to one line that can be quoted: its beginning, or its end where the answer goes on from there."""
    line = " ".join(text.split()).replace('"', "'")
    if len(line) <= MAX_QUOTE_CHARS:
        return line
    if from_the_end:
        cut = line[-MAX_QUOTE_CHARS:]
        head, _, rest = cut.partition(" ")
        return "…" + (rest if len(head) < MAX_QUOTE_CHARS // 2 and rest else cut)
    cut = line[:MAX_QUOTE_CHARS]
    head, _, rest = cut.rpartition(" ")
    return (head if len(rest) < MAX_QUOTE_CHARS // 2 and head else cut) + "…"
