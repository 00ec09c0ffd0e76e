# SPDX-License-Identifier: Apache-2.0
"""/v1/chat/completions/derender of a model with parsers: reasoning and tool calls out of generated token ids.

Whole and in chunks, the answer is what /v1/chat/completions makes of the same tokens. A chunk's request carries all
tokens before it, which are parsed again: parsers keep nothing between requests. Source: vllm/renderers/
online_derenderer.py and vllm/entrypoints/scale_out/derender/serving.py (0.32). Synchronous and thread-safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront._native.text import Detokenizer
from fastfront.errors import BadRequestError
from fastfront.output.parsed_tokens import TokensParser, tokens_parser
from fastfront.output.shown_pieces import Members, delta_of, message_of
from fastfront.prompt.derender import chat_chunk, check_chat_chunk, whole_chat
from fastfront.prompt.derender_bounds import check_bounds
from fastfront.prompt.derender_logprobs import chat_logprobs
from fastfront.prompt.render import chat_template_kwargs
from fastfront.protocol.derender import DerenderChatRequest, DerenderChatStreamRequest, DerenderStreamState

if TYPE_CHECKING:
    from fastfront._native.parse import Piece
    from fastfront.output.parsers import AnswerParsers, Parsing
    from fastfront.prompt.model import Model
    from fastfront.protocol.chat import ChatCompletionRequest
    from fastfront.protocol.derender import GeneratedChoice, GeneratedChunkChoice


def derender_parsed_chat(
    model: Model, parsers: AnswerParsers, request: DerenderChatRequest | DerenderChatStreamRequest
) -> Members:
    """Return a chat completion, or a chunk of one with the state for the next. Raises the error to answer."""
    if isinstance(request, DerenderChatStreamRequest):
        return _chunk(model, parsers, request)
    generated = request.generate_response
    check_bounds(model, [generated], [request.prompt_token_ids])
    prompt = request.prompt_token_ids if request.prompt_token_ids is not None else generated.prompt_token_ids
    answer = _Answer(model, parsers, _chat_request(request), prompt or ())
    return whole_chat(model, request, [answer.choice(choice) for choice in generated.choices])


def _chat_request(request: DerenderChatRequest | DerenderChatStreamRequest) -> ChatCompletionRequest:
    if request.chat_request is None:
        raise BadRequestError(
            "chat_request is required when a tool or reasoning parser is configured because plain detokenization would "
            "leak raw parser markup into content."
        )
    return request.chat_request


def _chunk(model: Model, parsers: AnswerParsers, request: DerenderChatStreamRequest) -> Members:
    chat = _chat_request(request)
    if request.prompt_token_ids is None:
        raise BadRequestError(
            "prompt_token_ids is required when a tool or reasoning parser is configured. Without it parse_delta cannot "
            "tell whether the prompt left reasoning open (e.g. a chat template that pre-opens <think>) and would "
            "misclassify reasoning content as plain content."
        )
    check_chat_chunk(model, request)
    state = request.stream_state or DerenderStreamState()
    choices: list[Members] = []
    if request.generate_chunk.choices:
        answer = _Answer(model, parsers, chat, request.prompt_token_ids)
        made, state = answer.chunk(request.generate_chunk.choices[0], state)
        choices.append(made)
    return chat_chunk(model, request, choices, state)


class _Answer:
    """What all choices of one answer share."""

    def __init__(
        self, model: Model, parsers: AnswerParsers, chat: ChatCompletionRequest, prompt_token_ids: Sequence[int]
    ) -> None:
        self._model = model
        self._parsers = parsers
        self._chat = chat
        self._prompt = prompt_token_ids
        self._parsing: Parsing = parsers.parsing(chat, prompt_token_ids, chat_template_kwargs(model, chat))
        self._named = isinstance(chat.tool_choice, dict)
        self._shows_ids = bool(chat.return_token_ids) and chat.include_reasoning

    def choice(self, choice: GeneratedChoice) -> Members:
        """Return a choice of a whole answer."""
        if not choice.token_ids:
            raise BadRequestError(f"choice {choice.index} has empty or null token_ids")
        pieces = self._shown(self._parser().push(choice.token_ids, ended=True))
        message = message_of(
            pieces,
            self._call_id,
            include_reasoning=self._chat.include_reasoning,
            forced=self._named or self._chat.tool_choice == "required",
        )
        # The tokens' texts would tell what is hidden.
        logprobs = choice.logprobs if self._chat.include_reasoning else None
        return {
            "index": choice.index,
            "message": message,
            "logprobs": chat_logprobs(self._model, logprobs, ()),
            "finish_reason": self._end(choice.finish_reason, called="tool_calls" in message),
            "stop_reason": choice.stop_reason,
            "token_ids": choice.token_ids if self._shows_ids else None,
            "routed_experts": None,
        }

    def chunk(self, choice: GeneratedChunkChoice, state: DerenderStreamState) -> tuple[Members, DerenderStreamState]:
        """Return the choice of a chunk, and the state behind it."""
        parser = self._parser()
        begin = 0
        for size in state.output_chunk_lens:
            parser.push(state.output_token_ids[begin : begin + size])
            begin += size
        token_ids, ends = choice.token_ids or [], choice.finish_reason is not None
        pieces = self._shown(parser.push(token_ids, ended=ends))
        call_ids = list(state.last_tool_call_ids)

        def call_id(name: str, number: int) -> str:
            while len(call_ids) <= number:
                call_ids.append(self._call_id(name, number))
            return call_ids[number]

        delta = delta_of(pieces, call_id, include_reasoning=self._chat.include_reasoning)
        called = state.tools_streamed or "tool_calls" in delta
        made = {
            "index": choice.index,
            "delta": {"role": None if state.role_sent else "assistant", **delta},
            "logprobs": None,
            "finish_reason": self._end(choice.finish_reason, called=called),
            "stop_reason": choice.stop_reason,
            "token_ids": choice.token_ids if self._shows_ids else None,
        }
        after = msgspec.structs.replace(
            state,
            output_token_ids=[*state.output_token_ids, *token_ids],
            output_chunk_lens=[*state.output_chunk_lens, *([len(token_ids)] if token_ids else ())],
            role_sent=True,
            tools_streamed=called,
            last_tool_call_ids=call_ids,
        )
        return made, after

    def _parser(self) -> TokensParser:
        model, chat, parsing = self._model, self._chat, self._parsing
        # A parser written in Python finds its markup in the text.
        options: dict[str, Any] = {
            "skip_special_tokens": parsing.outside is None,
            "spaces_between_special_tokens": chat.spaces_between_special_tokens,
        }
        if model.vocab is None:
            return tokens_parser(parsing, model.tokenizer.decode_stream(self._prompt, **options), str)
        stream = Detokenizer(model.vocab, self._prompt, **options)
        return tokens_parser(parsing, stream, self._token_text)

    def _token_text(self, token_id: int) -> str:
        text = None if self._model.vocab is None else self._model.vocab.token_bytes(token_id)
        return "" if text is None else text.decode("utf-8", "replace")

    def _shown(self, pieces: list[Piece]) -> list[Piece]:
        if self._chat.parallel_tool_calls is not False:
            return pieces
        return [piece for piece in pieces if piece[0] not in ("call", "arguments") or piece[1] == 0]

    def _call_id(self, name: str, number: int) -> str:
        return self._parsers.call_id(self._chat, name, number)

    def _end(self, finish_reason: str | None, *, called: bool) -> str | None:
        return "tool_calls" if called and finish_reason == "stop" and not self._named else finish_reason
