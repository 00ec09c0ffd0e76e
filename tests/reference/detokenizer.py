# SPDX-License-Identifier: Apache-2.0
"""The slow, obvious detokenizer: decodes its window of ids again for every token. The oracle of core/detokenizer.cpp.

Three parts, each as its original works and in plain Python: what a decoder makes of tokens (`tokenizers`' ByteLevel,
Replace, ByteFallback, Fuse, Strip), how DecodeStream cuts that into pieces, and what vLLM does around a DecodeStream
(vllm/v1/engine/detokenizer.py, FastIncrementalDetokenizer). The last takes the real DecodeStream as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

INVALID_PREFIX = "Invalid prefix encountered"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def byte_level_alphabet() -> dict[str, int]:
    """Map each char of the byte-level alphabet to its byte: printable Latin-1 to itself, then U+0100 and on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


ALPHABET = byte_level_alphabet()
BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f+][0-9A-Fa-f])>")


def decode_byte_level(tokens: Sequence[str]) -> str:
    """Join the bytes that the tokens stand for; a token with one foreign char stands for its own UTF-8."""
    data = b""
    for token in tokens:
        known = all(char in ALPHABET for char in token)
        data += bytes(ALPHABET[char] for char in token) if known else token.encode()
    return data.decode("utf-8", "replace")


def decode_byte_fallback(tokens: Sequence[str], *, strip: bool) -> str:
    """Join the tokens; a run of byte tokens is its text, or one U+FFFD per byte if it is not valid as a whole."""
    text = ""
    run = b""

    def run_text() -> str:
        try:
            return run.decode()
        except UnicodeDecodeError:
            return REPLACEMENT * len(run)

    for token in tokens:
        piece = token.replace("▁", " ")
        if match := BYTE_TOKEN.fullmatch(piece):
            run += bytes([int(match[1], 16)])
        else:
            text += run_text() + piece
            run = b""
    text += run_text()
    return text[1:] if strip and text.startswith(" ") else text


@dataclass
class ReferenceTokenizer:
    """A vocabulary and a decoder: `tokens` holds what the decoder gets for each id."""

    tokens: Mapping[int, str]
    special_ids: frozenset[int]
    decode_tokens: Callable[[Sequence[str]], str]

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool) -> str:
        """Decode the ids that have a token and are not skipped."""
        shown = [i for i in ids if i in self.tokens and not (skip_special_tokens and i in self.special_ids)]
        return self.decode_tokens([self.tokens[i] for i in shown])


class Stream(Protocol):
    """What vLLM needs of a DecodeStream."""

    def step(self, token_id: int) -> str | None: ...


@dataclass
class ReferenceDecodeStream:
    """`tokenizers`' DecodeStream, step by step."""

    tokenizer: ReferenceTokenizer
    skip_special_tokens: bool
    ids: list[int] = field(default_factory=list)
    prefix: str = ""
    prefix_index: int = 0

    def decode(self) -> str:
        return self.tokenizer.decode(self.ids, skip_special_tokens=self.skip_special_tokens)

    def step(self, token_id: int) -> str | None:
        """Return the text that this token completes, or None; raise where the text changed under the prefix."""
        if not self.prefix and self.ids and not self.decode().endswith(REPLACEMENT):
            self.prefix = self.decode()
            self.prefix_index = len(self.ids)
        self.ids.append(token_id)
        text = self.decode()
        if len(text.encode()) <= len(self.prefix.encode()) or text.endswith(REPLACEMENT):
            return None
        if not text.startswith(self.prefix):
            raise ValueError(f"{INVALID_PREFIX} while decoding stream")
        new_text = text[len(self.prefix) :]
        self.ids, self.prefix_index = self.ids[self.prefix_index :], len(self.ids) - self.prefix_index
        self.prefix = self.decode()
        return new_text


class VllmDetokenizer:
    """What vLLM does around a stream; `new_stream(ids)` makes one behind these ids."""

    def __init__(
        self,
        new_stream: Callable[[Sequence[int]], Stream],
        prompt_token_ids: Sequence[int],
        added_tokens: Mapping[int, str],
        *,
        skip_special_tokens: bool,
        spaces_between_special_tokens: bool,
    ) -> None:
        self.new_stream = new_stream
        self.stream = new_stream(prompt_token_ids)
        self.added_tokens = added_tokens
        self.replaces_added = not (skip_special_tokens or spaces_between_special_tokens)
        self.last_was_added = False
        self.resets = 0

    def push(self, token_ids: Sequence[int]) -> str:
        """Return the text of all the steps."""
        return "".join(self.decode_next(token_id) for token_id in token_ids)

    def decode_next(self, token_id: int) -> str:
        text = self.protected_step(token_id)
        if self.replaces_added:
            content = self.added_tokens.get(token_id)
            if content is not None and self.last_was_added:
                text = content
            self.last_was_added = content is not None
        return text or ""

    def protected_step(self, token_id: int) -> str | None:
        try:
            return self.stream.step(token_id)
        except (OverflowError, TypeError):  # the real one, for what is no uint32
            return None
        except Exception as error:
            if not str(error).startswith(INVALID_PREFIX):
                raise
            self.resets += 1
            self.stream = self.new_stream([])
            return self.stream.step(token_id)
