# SPDX-License-Identifier: Apache-2.0
"""The terms of a chat: what a request says, beside its messages and sampling, of its prompt and its answer.

Tools, tool_choice, chat_template_kwargs and the like are the same in request after request of an agent, byte for byte.
So the express lane has them settled once, by the general way's own code, and finds them again by their bytes: template
and recipes, how answers are parsed, what the engine hears of it. Must not know how a lane works.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront._native.parse import CALL_IDS_KIMI
from fastfront.engine.types import encode
from fastfront.errors import FastFrontError
from fastfront.prompt.render import chat_template_kwargs, plain_chats
from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.plain import PlainChatRequest, chat_terms_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastfront._native.parse import ParserPlan
    from fastfront._native.prompt import EncodedPrompt
    from fastfront.frontend import Frontend
    from fastfront.output.parsers import AnswerParsers
    from fastfront.prompt.plain_chats import PlainChats

MAX_TERMS = 32
"""Of one server, beside those of requests that say nothing: with their recipes some 2 MB each."""

MAX_KEY_BYTES = 256 * 1024
"""Of the members that decide them; more is left to the general way."""

MAX_SEEN = 4096
"""Terms of which it is known that they came once."""

Key = tuple[bytes, ...]
Parsing = tuple["ParserPlan | None", bytes]
"""The plan of an answer's parsers, and what the engine is told, as MessagePack."""


class ChatTerms:
    """The terms of some requests. Immutable but for what it keeps; may be used by several threads at once."""

    def __init__(
        self, chats: PlainChats, parsers: AnswerParsers, request: ChatCompletionRequest, kwargs: Mapping[str, Any]
    ) -> None:
        """Take one of the requests, adjusted, and the template arguments that its answers are parsed by."""
        self.chats = chats
        self.used = False
        """Since this was last considered for eviction."""
        self._parsers = parsers
        self._counts_calls = parsers.any and parsers.call_ids == CALL_IDS_KIMI
        """Whether answers depend on the calls that there were."""
        self._request = request
        self._kwargs = kwargs
        reading = parsers.prompt_reading(kwargs)
        if reading is None:
            raise NotPlainError
        self._reading = reading
        self._telling = tuple(self._reading.meaning)
        self._parsings: dict[int, Parsing] = {}
        unsaid = self._settle(self._reading.unsaid)
        self.settled: Parsing | None = None if self._telling else unsaid
        """What `parsing` returns, whatever the prompt; None: it has to be asked."""
        self.render = self._uncounted if self._counts_calls else chats.by_recipe
        """The prompt's text, from its messages, by a recipe: None where `text` has to be asked."""

    def text(self, messages: list[dict[str, Any]]) -> str | None:
        """Return the prompt's text where `render` has none; None: the general way has to make it, or to refuse it."""
        return None if self._counts_calls and _has_calls(messages) else self.chats.text(messages)

    def _uncounted(self, messages: list[dict[str, Any]]) -> str | None:
        return None if _has_calls(messages) else self.chats.by_recipe(messages)

    def parsing(self, prompt: EncodedPrompt) -> Parsing:
        """Return the plan of the answer's parsers and what the engine is told, for Response and encode_add_request."""
        thinking = self._reading.unsaid
        if self._telling and (token := prompt.last_of(self._telling)) is not None:
            thinking = self._reading.meaning[token]
        return self._parsings.get(thinking) or self._settle(thinking)

    def _settle(self, thinking: int) -> Parsing:
        parsing = self._parsers.parsing_behind(self._request, thinking, self._kwargs)
        if parsing.reads_special_tokens:  # parsers in Python do, too
            raise NotPlainError
        told = encode(parsing.reasoning_ended) + encode(parsing.reasoning_parser_kwargs)
        made = self._parsings[thinking] = (parsing.plan, told)
        return made


def _has_calls(messages: list[dict[str, Any]]) -> bool:
    return any(message.get("tool_calls") for message in messages)


class NotPlainError(Exception):
    """Requests on these terms are the general way's."""


class TermsBook:
    """The terms that requests came with. May be called by several threads at once."""

    def __init__(self, frontend: Frontend) -> None:
        self._frontend = frontend
        self._lock = threading.Lock()
        self._known: dict[Key, ChatTerms | None] = {}
        """None: the general way's."""
        self._seen: set[int] = set()
        self.plain = self._settle(ChatCompletionRequest(messages=[]))
        """Those of requests that say nothing; None: these have to go the general way."""

    def __len__(self) -> int:
        return len(self._known)

    def __call__(self, request: PlainChatRequest, body: bytes) -> ChatTerms | None:
        """Return the terms of a request, which came of that body; None: it has to go the general way.

        New ones are settled when they come again: what is asked once costs nothing here.
        """
        key = chat_terms_key(request)
        if key is None:
            return self.plain
        try:
            terms = self._known[key]
        except KeyError:
            return self._meet(key, body)
        if terms is not None:
            terms.used = True
        return terms

    def _meet(self, key: Key, body: bytes) -> ChatTerms | None:
        if sum(map(len, key)) > MAX_KEY_BYTES:
            return None
        sight = hash(key)
        if sight not in self._seen:
            if len(self._seen) >= MAX_SEEN:
                self._seen = set()
            self._seen.add(sight)
            return None
        try:
            request = decode_chat_completion_request(body)
        except FastFrontError:
            return None  # perhaps for something else that this body says
        request.messages = []  # which terms do not depend on; see ChatTerms.text
        request.response_format = None  # decides sampling: see plain.SAMPLING_JSON
        terms = self._settle(request)
        with self._lock:
            while len(self._known) >= MAX_TERMS:
                self._forget_one()
            self._known[key] = terms
        return terms

    def _forget_one(self) -> None:
        """Forget the oldest that was not used since it was last the oldest."""
        while True:
            key = next(iter(self._known))
            terms = self._known.pop(key)
            if terms is None or not terms.used:
                return
            terms.used = False
            self._known[key] = terms

    def _settle(self, request: ChatCompletionRequest) -> ChatTerms | None:
        model, parsers = self._frontend.model, self._frontend.parsers
        if parsers.sees_every_request:
            return None
        try:
            # What has to be judged first, becomes a constraint or changes anything else is not for the lane.
            as_given = msgspec.structs.replace(request)
            if parsers.adjust(request) is not None or request != as_given:
                return None
            chats = plain_chats(model, request)
            kwargs = chat_template_kwargs(model, request) if parsers.any else {}
            return None if chats is None else ChatTerms(chats, parsers, request, kwargs)
        except (FastFrontError, NotPlainError, OverflowError):
            return None
