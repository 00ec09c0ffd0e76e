# SPDX-License-Identifier: Apache-2.0
"""Which parsers a model's answers go through, and what a request makes of them: one ParserPlan per request.

Sources: vllm/parser/abstract_parser.py (DelegatingParser), vllm/renderers/online_renderer.py (the checks),
vllm/entrypoints/openai/chat_completion/serving.py. The parsing itself is native (_native/core/parsers); what a prompt
leaves open is told by reasoning.py. Must not know prompts' making, the engine or HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fastfront._native import parse
from fastfront.errors import BadRequestError, StartupError
from fastfront.output.parser_names import infer_parsers
from fastfront.output.reasoning import thinking_of
from fastfront.output.tool_choice import constrain, forced_parser
from fastfront.output.tool_schemas import tool_schemas

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest

_KIMI_MODEL_TYPES = frozenset({"kimi_k2", "kimi_k25", "kimi_k3"})


class Parsing(NamedTuple):
    """How one request's answers are parsed, and what the engine hears of it."""

    plan: parse.ParserPlan | None
    """None: the text is the content."""
    reasoning_ended: bool | None = None
    """Whether constraints hold from the first token on; None: the engine finds out."""
    reasoning_parser_kwargs: dict[str, Any] | None = None


UNPARSED = Parsing(None)


class AnswerParsers:
    """The parsers of a served model. Immutable, shared by all requests."""

    def __init__(
        self,
        *,
        reasoning_parser: str | None,
        tool_call_parser: str | None,
        enable_auto_tool_choice: bool,
        token_to_id: Callable[[str], int | None],
        config: Mapping[str, Any],
        path: str = "",
        chat_template: str | None = None,
    ) -> None:
        """Resolve names (`auto` by the model's config.json, path and template) and special tokens.

        `token_to_id` knows the ids of special tokens. Raises StartupError for a name that there is not.
        """
        if "auto" in (reasoning_parser, tool_call_parser):
            found = infer_parsers(path, config, chat_template)
            reasoning_parser = found.reasoning if reasoning_parser == "auto" else reasoning_parser
            tool_call_parser = found.tool_call if tool_call_parser == "auto" else tool_call_parser
        self.reasoning_parser = reasoning_parser or None
        self.tool_call_parser = tool_call_parser or None
        self.enable_auto_tool_choice = enable_auto_tool_choice
        self._special_tokens = self._resolve(token_to_id)
        self._native = parse.ModelParsers(
            reasoning_parser=self.reasoning_parser,
            tool_parser=self.tool_call_parser,
            special_tokens=self._special_tokens,
        )
        self._call_ids = _call_ids(self.tool_call_parser, config)

    def _resolve(self, token_to_id: Callable[[str], int | None]) -> dict[str, int]:
        tokens: dict[str, int] = {}
        for name, reasoning in ((self.reasoning_parser, True), (self.tool_call_parser, False)):
            if name is None:
                continue
            try:
                texts = parse.special_tokens_of(name, reasoning=reasoning)
            except KeyError:
                flag = "--reasoning-parser" if reasoning else "--tool-call-parser"
                names = parse.reasoning_parser_names() if reasoning else parse.tool_parser_names()
                known = ", ".join(known for known in names if ":" not in known)
                raise StartupError(f"{flag} {name}: there is no such parser. Those there are: {known}") from None
            tokens.update((text, found) for text in texts if (found := token_to_id(text)) is not None)
        return tokens

    @property
    def any(self) -> bool:
        """Whether answers are parsed at all."""
        return self.reasoning_parser is not None or self.tool_call_parser is not None

    def adjust(self, request: ChatCompletionRequest) -> None:
        """Add to the request what its tool_choice means for the engine.

        Raises BadRequestError where it needs a parser that the server was not started with.
        """
        choice = request.tool_choice
        if choice in (None, "none"):
            return
        if self.tool_call_parser is not None:
            constrain(request, self.tool_call_parser)
            return
        if choice == "auto":
            if not self.enable_auto_tool_choice:
                raise BadRequestError(
                    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
                )
            return
        wanted = f'function "{choice["function"]["name"]}"' if isinstance(choice, dict) else f'"{choice}"'
        raise BadRequestError(f"tool_choice={wanted} requires --tool-call-parser to be set")

    def parsing(
        self,
        request: ChatCompletionRequest,
        prompt_token_ids: Sequence[int],
        chat_template_kwargs: Mapping[str, Any],
    ) -> Parsing:
        """Return how the request's answers are parsed.

        `chat_template_kwargs` are those that the prompt was rendered with, the server's defaults among them.
        """
        tool_parser = self._tool_parser(request)
        ended = None if request.include_reasoning else True
        if self.reasoning_parser is None:
            plan = None if tool_parser is None else self._plan(request, tool_parser, parse.THINKING_UNSAID)
            return Parsing(plan, ended)
        thinking = thinking_of(self.reasoning_parser, prompt_token_ids, self._special_tokens, chat_template_kwargs)
        return Parsing(
            self._plan(request, tool_parser, thinking),
            thinking == parse.THINKING_CLOSED if ended is None else ended,
            {"chat_template_kwargs": dict(chat_template_kwargs)},
        )

    def _plan(self, request: ChatCompletionRequest, tool_parser: str | None, thinking: int) -> parse.ParserPlan:
        choice = request.tool_choice
        named = isinstance(choice, dict)
        tools = request.tools or []
        if isinstance(choice, dict):
            tools = [tool for tool in tools if tool["function"]["name"] == choice["function"]["name"]]
        return parse.ParserPlan(
            self._native,
            reasoning=self.reasoning_parser is not None,
            tool_parser=tool_parser,
            tools=None if tool_parser is None else tool_schemas(tools),
            thinking=thinking,
            first_call=_calls_so_far(request.messages) if self._call_ids == parse.CALL_IDS_KIMI else 0,
            call_ids=self._call_ids,
            include_reasoning=request.include_reasoning,
            parallel_tool_calls=request.parallel_tool_calls is not False,
            forced=tool_parser is not None and (named or choice == "required"),
            named=named,
        )

    def _tool_parser(self, request: ChatCompletionRequest) -> str | None:
        """Return the parser of the request's tool calls; None where none are looked for."""
        if self.tool_call_parser is None or not request.tools:
            return None
        choice = request.tool_choice
        if choice == "none":
            return None
        if choice in (None, "auto"):
            return self.tool_call_parser if self.enable_auto_tool_choice else None
        return forced_parser(self.tool_call_parser, choice)


def _calls_so_far(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return how many tool calls the conversation has: Kimi's ids count on."""
    return sum(len(message.get("tool_calls") or ()) for message in messages if message.get("role") == "assistant")


def _call_ids(tool_call_parser: str | None, config: Mapping[str, Any]) -> int:
    """Return what ids look like where the model gives its calls none (get_tool_call_id_type)."""
    text_config = config.get("text_config") or {}
    if {config.get("model_type"), text_config.get("model_type")} & _KIMI_MODEL_TYPES:
        return parse.CALL_IDS_KIMI
    return parse.CALL_IDS_MISTRAL if tool_call_parser == "mistral" else parse.CALL_IDS_RANDOM
