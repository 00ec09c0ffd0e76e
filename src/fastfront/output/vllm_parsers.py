# SPDX-License-Identifier: Apache-2.0
"""vLLM's own parsers and its plugins, where vllm is installed: for names that fastfront does not have natively.

They run in Python on the pipeline's deltas, through the interface that vLLM's server calls itself (vllm/parser,
Parser.parse_delta). Importing vllm takes seconds and brings torch into the process: it happens only where such a name
is asked for. Must not know how pieces are written.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastfront.errors import BadRequestError, StartupError
from fastfront.output.tool_strictness import Imposed

if TYPE_CHECKING:
    from fastfront._native.parse import Piece
    from fastfront.output.python_parsers import ParserContext
    from fastfront.protocol.chat import ChatCompletionRequest


def vllm_parser_factory(
    *,
    model: str,
    reasoning_parser: str | None,
    tool_call_parser: str | None,
    enable_auto_tool_choice: bool,
) -> VllmParsers:
    """Return what makes vLLM's parser of those names. Raises StartupError if there is no vllm, or no such name.

    `model` is where its tokenizer is loaded from. Plugins have been imported before.
    """
    names = " and ".join(filter(None, (reasoning_parser, tool_call_parser)))
    try:
        manager = importlib.import_module("vllm.parser.parser_manager").ParserManager
        protocol = importlib.import_module("vllm.entrypoints.openai.chat_completion.protocol")
        get_tokenizer = importlib.import_module("vllm.tokenizers").get_tokenizer
        refusal = importlib.import_module("vllm.exceptions").VLLMClientError
    except ImportError as error:
        raise StartupError(
            f"there is no parser {names}, and vLLM, which may have it, is not installed here ({error})"
        ) from None
    try:
        tokenizer = get_tokenizer(model)
        parser_class = manager.get_parser(
            tool_parser_name=tool_call_parser,
            reasoning_parser_name=reasoning_parser,
            enable_auto_tools=enable_auto_tool_choice,
            model_name=model,
            tokenizer=tokenizer,
        )
    except (TypeError, KeyError, ValueError, ImportError, OSError) as error:
        raise StartupError(f"vLLM cannot make the parser {names}: {error}") from error

    return VllmParsers(parser_class, tokenizer, protocol.ChatCompletionRequest, refusal)


class VllmParsers:
    """Makes one of vLLM's parsers per choice: a ParserFactory."""

    def __init__(self, parser_class: Any, tokenizer: Any, request_class: Any, refusal: type[Exception]) -> None:
        """Take vLLM's classes of the parser, of a chat request and of errors that clients make, and its tokenizer."""
        self._parser_class = parser_class
        self._tokenizer = tokenizer
        self._request_class = request_class
        self._refusal = refusal

    def __call__(self, context: ParserContext) -> _VllmParser:
        """Return the parser of one choice."""
        request = self._request_class(**context.request)
        parser = self._made(request, context.chat_template_kwargs)
        return _VllmParser(parser, request, context.prompt_token_ids)

    def adjust(self, request: ChatCompletionRequest, members: Mapping[str, Any]) -> None:
        """Let the parser add to a request what it needs: special tokens in the text, a constraint on it.

        `members` are the request's as JSON has them. Raises BadRequestError for what the parser cannot do.
        Source: vllm/renderers/online_renderer.py (preprocess_chat).
        """
        thinks = self._parser_class.reasoning_parser_cls is not None
        if request.tool_choice == "none" and not thinks and not self._parser_class.always_adjust_request:
            return
        theirs = self._request_class(**members)
        before = theirs.structured_outputs
        try:
            theirs = self._made(theirs, request.chat_template_kwargs or {}).adjust_request(theirs)
        except self._refusal as error:
            raise BadRequestError(str(error), param=getattr(error, "parameter", None)) from None
        request.skip_special_tokens = theirs.skip_special_tokens
        imposed = theirs.structured_outputs
        if imposed is not None and imposed is not before:
            request.structured_outputs = Imposed(
                {kind: value for kind in _CONSTRAINTS if (value := getattr(imposed, kind)) is not None}
            )
            request.response_format = None

    def _made(self, request: Any, chat_template_kwargs: Mapping[str, Any]) -> Any:
        return self._parser_class(self._tokenizer, request.tools, chat_template_kwargs=dict(chat_template_kwargs))


_CONSTRAINTS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")
"""The members of vLLM's StructuredOutputsParams that say what an answer may be."""


class _VllmParser:
    """One of vLLM's parsers behind the protocol of python_parsers."""

    def __init__(self, parser: Any, request: Any, prompt_token_ids: Sequence[int]) -> None:
        self._parser = parser
        self._request = request
        self._prompt_token_ids = list(prompt_token_ids)

    def push(self, text: str, token_ids: Sequence[int]) -> Iterator[Piece]:
        return self._delta(text, list(token_ids), finished=False)

    def finish(self) -> Iterator[Piece]:
        return self._delta("", [], finished=True)

    def end(self, text: str, token_ids: Sequence[int]) -> Iterator[Piece]:
        """Push the last text and finish: in one step, for the parsers complete their calls on the last delta."""
        return self._delta(text, list(token_ids), finished=True)

    def _delta(self, text: str, token_ids: list[int], *, finished: bool) -> Iterator[Piece]:
        message = self._parser.parse_delta(
            delta_text=text,
            delta_token_ids=token_ids,
            request=self._request,
            prompt_token_ids=self._prompt_token_ids,
            finished=finished,
        )
        if message is not None:
            yield from _pieces(message.model_dump(exclude_none=True))


def _pieces(message: Mapping[str, Any]) -> Iterator[Piece]:
    """Return a DeltaMessage as pieces."""
    if reasoning := message.get("reasoning"):
        yield ("reasoning", reasoning)
    if content := message.get("content"):
        yield ("content", content)
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        if function.get("name"):
            yield ("call", call["index"], function["name"], call.get("id") or "")
        if function.get("arguments"):
            yield ("arguments", call["index"], function["arguments"])
