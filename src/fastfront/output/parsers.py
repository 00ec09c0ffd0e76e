# SPDX-License-Identifier: Apache-2.0
"""Which parsers a model's answers go through, and what a request makes of them: one ParserPlan per request.

Sources: vllm/parser/abstract_parser.py (DelegatingParser), vllm/renderers/online_renderer.py (the checks),
vllm/entrypoints/openai/chat_completion/serving.py. The parsing itself is native (_native/core/parsers); what a prompt
leaves open is told by reasoning.py. Must not know prompts' making, the engine or HTTP.
"""

from __future__ import annotations

import logging
import random
import string
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from fastfront._native import parse
from fastfront.errors import BadRequestError, StartupError
from fastfront.output.plugins import import_plugins
from fastfront.output.python_parsers import AnswerParser, ParserContext, ParserFactory, registered_parser
from fastfront.output.reasoning import PromptReading, markup_tokens, prompt_reading, prompt_tokens
from fastfront.output.tool_choice import constrain, forced_parser, in_question
from fastfront.output.tool_schemas import KnownTools
from fastfront.output.tool_strictness import Strictness, wrap_in_final_message
from fastfront.output.vllm_parsers import vllm_parser_factory
from fastfront.protocol.chat import ChatCompletionRequest

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_random = random.Random()  # noqa: S311 - an id has to be unique, not secret

_KIMI_MODEL_TYPES = frozenset({"kimi_k2", "kimi_k25", "kimi_k3"})


class Parsing(NamedTuple):
    """How one request's answers are parsed, and what the engine hears of it."""

    plan: parse.ParserPlan | None
    """None: the text is the content."""
    reasoning_ended: bool | None = None
    """Whether constraints hold from the first token on; None: the engine finds out."""
    reasoning_parser_kwargs: dict[str, Any] | None = None
    outside: Callable[[], AnswerParser] | None = None
    """What makes a choice's parser where that is written in Python; None: the plan's are native."""


UNPARSED = Parsing(None)


class AnswerParsers:
    """The parsers of a served model. Immutable but for what it remembers, shared by all requests."""

    def __init__(
        self,
        *,
        reasoning_parser: str | None,
        tool_call_parser: str | None,
        enable_auto_tool_choice: bool,
        added_tokens: Mapping[str, int],
        config: Mapping[str, Any],
        path: str = "",
        chat_template: str | None = None,
        plugins: Sequence[str] = (),
        encode: Callable[[str], Sequence[int]] | None = None,
        tool_strict_level: str = "auto",
    ) -> None:
        """Resolve names (`auto` by the model's config.json, path and template) and special tokens.

        `added_tokens` are the tokenizer's, by their text; `path` is where vLLM would find it. `plugins` are files or
        modules that register parsers. `encode` spells what is no token, nothing special added. Raises StartupError for
        a name that there is not, or a plugin that fails.
        """
        if "auto" in (reasoning_parser, tool_call_parser):
            from fastfront.output.parser_names import infer_parsers

            found = infer_parsers(path, config, chat_template)
            reasoning_parser = found.reasoning if reasoning_parser == "auto" else reasoning_parser
            tool_call_parser = found.tool_call if tool_call_parser == "auto" else tool_call_parser
        if config.get("model_type") == "gpt_oss":
            # Thinking and calls are its format: as in vLLM they are parsed whatever the flags are.
            reasoning_parser, tool_call_parser = reasoning_parser or "openai_gptoss", tool_call_parser or "openai"
            enable_auto_tool_choice = True
        if tool_call_parser and not enable_auto_tool_choice:
            logger.warning("--tool-call-parser has no effect without --enable-auto-tool-choice: no calls are parsed")
            tool_call_parser = None
        self.reasoning_parser = reasoning_parser or None
        self.tool_call_parser = tool_call_parser or None
        self.enable_auto_tool_choice = enable_auto_tool_choice
        self._chat_template = chat_template
        self._strictness = Strictness.of(tool_strict_level)
        self._is_harmony = _is_harmony(self.reasoning_parser, self.tool_call_parser)
        self._outside = self._python_factory(path, import_plugins(plugins))
        self.special_tokens = self._resolve(added_tokens)
        name = self.reasoning_parser
        known = name in parse.reasoning_parser_names()
        self._prompt_tokens = prompt_tokens(str(name), added_tokens) if known else {}
        native = self._outside is None
        self._native = parse.ModelParsers(
            reasoning_parser=self.reasoning_parser if native else None,
            tool_parser=self.tool_call_parser if native else None,
            special_tokens=self.special_tokens,
            counted=name,
            count_markers=_count_markers(name, added_tokens, encode),
        )
        self._tools = KnownTools()
        self.call_ids = _call_ids(self.tool_call_parser, config)

    def _python_factory(self, path: str, plugins: Sequence[str]) -> ParserFactory | None:
        """Return what makes parsers written in Python, where one of the names is such a one's: it reads all.

        One that was registered here counts more than a native one of its name; vLLM's own are for names that are not
        native. `plugins` are those of vLLM's kind.
        """
        for name in (self.tool_call_parser, self.reasoning_parser):
            if (found := registered_parser(name)) is not None:
                return found
        native = (self.reasoning_parser in (None, *parse.reasoning_parser_names())) and (
            self.tool_call_parser in (None, *parse.tool_parser_names())
        )
        if native and not plugins:
            return None
        try:
            return vllm_parser_factory(
                model=path,
                reasoning_parser=self.reasoning_parser,
                tool_call_parser=self.tool_call_parser,
                enable_auto_tool_choice=self.enable_auto_tool_choice,
            )
        except StartupError as error:
            reasoning = ", ".join(parse.reasoning_parser_names())
            tools = ", ".join(name for name in parse.tool_parser_names() if ":" not in name)
            raise StartupError(f"{error}. Reasoning parsers that are: {reasoning}. Tool parsers: {tools}.") from None

    def _resolve(self, added_tokens: Mapping[str, int]) -> dict[str, int]:
        """Return the special tokens that the parsers go by."""
        tokens: dict[str, int] = {}
        if (name := self.reasoning_parser) in parse.reasoning_parser_names():
            tokens.update(markup_tokens(str(name), added_tokens))
        if self._outside is None and (name := self.tool_call_parser) is not None:
            texts = parse.special_tokens_of(name, reasoning=False)
            tokens.update((text, added_tokens[text]) for text in texts if text in added_tokens)
        return tokens

    @property
    def any(self) -> bool:
        """Whether answers are parsed at all."""
        return self.reasoning_parser is not None or self.tool_call_parser is not None

    def adjust(self, request: ChatCompletionRequest) -> Mapping[str, Any] | None:
        """Add to the request what its tools and tool_choice mean for the engine.

        Returns None; or a constraint of the client's that xgrammar has to judge first: `settle` goes on then. Raises
        BadRequestError where tool_choice needs a parser that the server was not started with.
        """
        if self._is_harmony:
            wrap_in_final_message(request)
        choice = request.tool_choice
        if choice in (None, "none"):
            return None
        if self.tool_call_parser is not None:
            doubtful = in_question(request, self.tool_call_parser, self._strictness)
            if doubtful is None:
                constrain(request, self.tool_call_parser, self._strictness)
            return doubtful
        if choice == "auto":
            if not self.enable_auto_tool_choice:
                raise BadRequestError(
                    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
                )
            return None
        wanted = f'function "{choice["function"]["name"]}"' if isinstance(choice, dict) else f'"{choice}"'
        raise BadRequestError(f"tool_choice={wanted} requires --tool-call-parser to be set")

    def settle(self, request: ChatCompletionRequest, *, form_fits: bool) -> None:
        """Finish `adjust`: `form_fits` says whether xgrammar takes the constraint in question."""
        if self.tool_call_parser is not None:
            constrain(request, self.tool_call_parser, self._strictness, form_fits=form_fits)

    def parsing(
        self,
        request: ChatCompletionRequest,
        prompt_token_ids: Sequence[int],
        chat_template_kwargs: Mapping[str, Any],
    ) -> Parsing:
        """Return how the request's answers are parsed.

        `chat_template_kwargs` are those that the prompt was rendered with, the server's defaults among them.
        """
        thinking = self.prompt_reading(chat_template_kwargs).of(prompt_token_ids)
        return self.parsing_behind(request, thinking, chat_template_kwargs, prompt_token_ids)

    def prompt_reading(self, chat_template_kwargs: Mapping[str, Any]) -> PromptReading:
        """Return how the prompts of requests with these arguments leave the model's thinking."""
        name = str(self.reasoning_parser)
        return prompt_reading(name, self._prompt_tokens, chat_template_kwargs, chat_template=self._chat_template)

    def parsing_behind(
        self,
        request: ChatCompletionRequest,
        thinking: int,
        chat_template_kwargs: Mapping[str, Any],
        prompt_token_ids: Sequence[int] = (),
    ) -> Parsing:
        """Return the same as `parsing` for a prompt that leaves thinking so; its ids are for parsers in Python."""
        tool_parser = self._tool_parser(request)
        ended = None if request.include_reasoning else True
        outside = self._outside_parser(request, prompt_token_ids, chat_template_kwargs, tool_parser)
        if self.reasoning_parser is None:
            plan = None if tool_parser is None else self._plan(request, tool_parser, parse.THINKING_UNSAID)
            return Parsing(plan, ended, outside=outside)
        return Parsing(
            self._plan(request, tool_parser, thinking),
            thinking == parse.THINKING_CLOSED if ended is None else ended,
            {"chat_template_kwargs": dict(chat_template_kwargs)},
            outside,
        )

    def call_id(self, request: ChatCompletionRequest, name: str, number: int) -> str:
        """Return an id for a tool call whose format gives it none; `number`: the answer's, from 0."""
        if self.call_ids == parse.CALL_IDS_KIMI:
            return f"functions.{name}:{_calls_so_far(request.messages) + number}"
        if self.call_ids == parse.CALL_IDS_MISTRAL:
            return "".join(_random.choices(string.ascii_letters + string.digits, k=9))
        return f"chatcmpl-tool-{_random.getrandbits(64):016x}"

    def _outside_parser(
        self,
        request: ChatCompletionRequest,
        prompt_token_ids: Sequence[int],
        chat_template_kwargs: Mapping[str, Any],
        tool_parser: str | None,
    ) -> Callable[[], AnswerParser] | None:
        factory = self._outside
        if factory is None or (self.reasoning_parser is None and tool_parser is None):
            return None
        context = ParserContext(_members(request), prompt_token_ids, chat_template_kwargs)
        return lambda: factory(context)

    def _plan(self, request: ChatCompletionRequest, tool_parser: str | None, thinking: int) -> parse.ParserPlan:
        choice = request.tool_choice
        named = isinstance(choice, dict)
        tools = request.tools or []
        if isinstance(choice, dict):
            tools = [tool for tool in tools if tool["function"]["name"] == choice["function"]["name"]]
        native = self._outside is None
        return parse.ParserPlan(
            self._native,
            reasoning=native and self.reasoning_parser is not None,
            tool_parser=tool_parser if native else None,
            outside=not native,
            tools=self._tools.schemas(tools) if native and tool_parser is not None else None,
            thinking=thinking,
            first_call=_calls_so_far(request.messages) if self.call_ids == parse.CALL_IDS_KIMI else 0,
            call_ids=self.call_ids,
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
        return forced_parser(self.tool_call_parser, choice, self._strictness)


def _is_harmony(reasoning_parser: str | None, tool_call_parser: str | None) -> bool:
    """Return whether answers are gpt-oss's: its thinking and its calls are one format, which no other parser reads."""
    named = (reasoning_parser == "openai_gptoss", tool_call_parser == "openai")
    if any(named) and not all((named[0] or reasoning_parser is None, named[1] or tool_call_parser is None)):
        raise StartupError("the parsers openai_gptoss (reasoning) and openai (tool calls) go with one another only")
    return any(named)


_DEFAULTS = ChatCompletionRequest(messages=[])


def _members(request: ChatCompletionRequest) -> dict[str, Any]:
    """Return the members that a request is not without, as JSON has them."""
    given: dict[str, Any] = msgspec.to_builtins(request)
    return {name: value for name, value in given.items() if value != getattr(_DEFAULTS, name)}


def _count_markers(
    name: str | None, added_tokens: Mapping[str, int], encode: Callable[[str], Sequence[int]] | None
) -> dict[str, Sequence[int]]:
    """Return the tokens of what the parser's count of reasoning tokens goes by."""
    texts = () if name is None else parse.reasoning_count_markers(name)
    spelled = {} if encode is None else {text: encode(text) for text in texts if text not in added_tokens}
    return spelled | {text: [added_tokens[text]] for text in texts if text in added_tokens}


def _calls_so_far(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return how many tool calls the conversation has: Kimi's ids count on."""
    return sum(len(message.get("tool_calls") or ()) for message in messages if message.get("role") == "assistant")


def _call_ids(tool_call_parser: str | None, config: Mapping[str, Any]) -> int:
    """Return what ids look like where the model gives its calls none (get_tool_call_id_type)."""
    text_config = config.get("text_config") or {}
    if {config.get("model_type"), text_config.get("model_type")} & _KIMI_MODEL_TYPES:
        return parse.CALL_IDS_KIMI
    return parse.CALL_IDS_MISTRAL if tool_call_parser == "mistral" else parse.CALL_IDS_RANDOM
