# SPDX-License-Identifier: Apache-2.0
"""Which parsers a model's answers go through, and what a request makes of them: one ParserPlan per request.

Sources: vllm/parser/abstract_parser.py (DelegatingParser), vllm/renderers/online_renderer.py (the checks),
vllm/entrypoints/openai/chat_completion/serving.py. The parsing itself is native (_native/core/parsers); what a prompt
leaves open is told by reasoning.py. Must not know prompts' making, the engine or HTTP.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from fastfront._native import parse
from fastfront.errors import StartupError
from fastfront.output import call_ids, cohere_tags
from fastfront.output.plugins import import_plugins
from fastfront.output.python_parsers import AnswerParser, ParserContext, ParserFactory, registered_parser
from fastfront.output.reasoning import (
    PromptReading,
    call_tokens,
    markup_tokens,
    prompt_reading,
    prompt_tokens,
    token_suffix,
)
from fastfront.output.response_template import NAMES as TEMPLATE_NAMES
from fastfront.output.response_template import ResponseTemplate, UncompiledTemplateError, refuse_guarantees
from fastfront.output.shown_tokens import SPELLED, shows_tokens
from fastfront.output.tool_choice import check_unparsed, constrain, forced_parser, in_question
from fastfront.output.tool_schemas import KnownTools
from fastfront.output.tool_strictness import Strictness, wrap_in_final_message
from fastfront.output.vllm_parsers import VllmParsers, vllm_parser_factory
from fastfront.protocol.chat import ChatCompletionRequest

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_NEVER_EMPTY = frozenset({"nemotron_v3", "granite_thinking_parser"})
"""Reasoning parsers that know the chat template argument `force_nonempty_content`."""


class Parsing(NamedTuple):
    """How one request's answers are parsed, and what the engine hears of it."""

    plan: parse.ParserPlan | None
    """None: the text is the content."""
    reasoning_ended: bool | None = None
    """Whether constraints hold from the first token on; None: the engine finds out."""
    reasoning_parser_kwargs: dict[str, Any] | None = None
    outside: Callable[[], AnswerParser] | None = None
    """What makes a choice's parser where that is written in Python; None: the plan's are native."""
    reads_special_tokens: bool = False
    """Whether the parsers look for special tokens in the text, so that it has to hold them."""


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
        answers_have_ids: bool = True,
        config: Mapping[str, Any],
        path: str = "",
        chat_template: str | None = None,
        plugins: Sequence[str] = (),
        encode: Callable[[str], Sequence[int]] | None = None,
        tool_strict_level: str = "auto",
        response_template: Mapping[str, Any] | None = None,
        decode: Callable[[Sequence[int]], str] | None = None,
    ) -> None:
        """Resolve names (`auto` by the model's config.json, path and template) and special tokens.

        `added_tokens` are the tokenizer's, by their text; without `answers_have_ids` only prompts are read by them, and
        answers by their text. `path` is where vLLM would find the model. `plugins` are files or modules that register
        parsers. `encode` spells what is no token, nothing special added. `response_template` is that of
        tokenizer_config.json, `decode` makes text of a prompt: for the parsers that go by it. Raises StartupError for
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
        self._strictness = Strictness.of(tool_strict_level, token_suffix(added_tokens))
        self._is_harmony = _is_harmony(self.reasoning_parser, self.tool_call_parser)
        is_cohere = not cohere_tags.PARSERS.isdisjoint((self.reasoning_parser, self.tool_call_parser))
        self._cohere = cohere_tags.architecture_of(config) if is_cohere else None
        self._decode = decode
        self._template: ResponseTemplate | None = None
        self._uncompiled: UncompiledTemplateError | None = None
        try:
            self._template = self._read_template(response_template)
        except UncompiledTemplateError as error:
            self._uncompiled = error  # vLLM's own code may take it
        self._outside = self._python_factory(path, import_plugins(plugins))
        self.special_tokens = self._resolve(added_tokens if answers_have_ids else {})
        name = self.reasoning_parser
        self._reads_prompts = name in parse.reasoning_parser_names() and not isinstance(self._outside, VllmParsers)
        self._prompt_tokens = prompt_tokens(str(name), added_tokens) if self._reads_prompts else {}
        native = self._outside is None
        self._native = parse.ModelParsers(
            reasoning_parser=self.reasoning_parser if native else None,
            tool_parser=self.tool_call_parser if native else None,
            special_tokens=self.special_tokens,
            counted=name,
            count_markers=_count_markers(name, added_tokens, encode),
            response_template=None if self._template is None else self._template.native,
        )
        self._tools = KnownTools()
        self.call_ids = call_ids.kind_of(self.tool_call_parser, config)
        self._spelled = any(SPELLED.get(each or "") in added_tokens for each in (name, self.tool_call_parser))

    def _read_template(self, source: Mapping[str, Any] | None) -> ResponseTemplate | None:
        """Return the model's response template, where a parser goes by it."""
        # Without --enable-auto-tool-choice vLLM has no tool parser.
        reasoning, tools = self.reasoning_parser, self.tool_call_parser if self.enable_auto_tool_choice else None
        names = [name for name in (reasoning, tools) if name in TEMPLATE_NAMES and registered_parser(name) is None]
        if not names:
            return None
        if {reasoning, tools} - {names[0], None}:
            raise StartupError(f"the parser {names[0]} reads all of an answer: it goes with no other parser")
        return ResponseTemplate(source, names, reasoning=reasoning is not None, tools=tools is not None)

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
        if native and not plugins and self._uncompiled is None:
            return None
        try:
            return vllm_parser_factory(
                model=path,
                reasoning_parser=self.reasoning_parser,
                tool_call_parser=self.tool_call_parser,
                enable_auto_tool_choice=self.enable_auto_tool_choice,
            )
        except StartupError as error:
            if self._uncompiled is not None:
                raise self._uncompiled from None
            reasoning = ", ".join(parse.reasoning_parser_names())
            tools = ", ".join(name for name in parse.tool_parser_names() if ":" not in name)
            raise StartupError(f"{error}. Reasoning parsers that are: {reasoning}. Tool parsers: {tools}.") from None

    def _resolve(self, added_tokens: Mapping[str, int]) -> dict[str, int]:
        """Return the special tokens that the parsers go by."""
        tokens: dict[str, int] = {}
        if (name := self.reasoning_parser) in parse.reasoning_parser_names():
            tokens.update(markup_tokens(str(name), added_tokens))
        if self._outside is None and (name := self.tool_call_parser) is not None:
            tokens.update(call_tokens(name, added_tokens))
        return tokens

    @property
    def any(self) -> bool:
        """Whether answers are parsed at all."""
        return self.reasoning_parser is not None or self.tool_call_parser is not None

    @property
    def sees_every_request(self) -> bool:
        """Whether `adjust` has to be asked of each request, with its messages: vLLM's own parsers have their say."""
        return isinstance(self._outside, VllmParsers)

    def adjust(self, request: ChatCompletionRequest) -> Mapping[str, Any] | cohere_tags.Wanted | None:
        """Add to the request what its tools and tool_choice mean for the engine.

        Returns None; or a constraint of the client's that xgrammar has to judge first: `settle` goes on then; or the
        tag of Cohere's that is to come, whose grammar xgrammar has to write first: `cohere_tags.impose` goes on then.
        Raises BadRequestError where tool_choice needs a parser that the server was not started with.
        """
        if self._is_harmony:
            wrap_in_final_message(request)
        choice = request.tool_choice
        if self.tool_call_parser is None and choice is not None and choice != "none":
            check_unparsed(choice, enable_auto_tool_choice=self.enable_auto_tool_choice)
        if self._template is not None:
            request.skip_special_tokens = request.spaces_between_special_tokens = False
            if request.tools and choice != "none" and self.tool_call_parser is not None:
                refuse_guarantees(request)
            return None
        if isinstance(self._outside, VllmParsers):
            self._outside.adjust(request, _members(request))
            return None
        if self._cohere is not None and (self.reasoning_parser is not None or choice != "none"):
            want = cohere_tags.wanted(request, self._cohere)
            if want is not None:
                return want
        if self.tool_call_parser is None or choice in (None, "none"):
            return None
        doubtful = in_question(request, self.tool_call_parser, self._strictness)
        if doubtful is None:
            constrain(request, self.tool_call_parser, self._strictness)
        return doubtful

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
        if self._template is not None:
            return self._by_template(self._template, request, prompt_token_ids, chat_template_kwargs)
        thinking = self._reading(chat_template_kwargs).of(prompt_token_ids)
        return self.parsing_behind(request, thinking, chat_template_kwargs, prompt_token_ids)

    def prompt_reading(self, chat_template_kwargs: Mapping[str, Any]) -> PromptReading | None:
        """Return how prompts leave the model's thinking, by these arguments; None: answers begin in their prompts."""
        return None if self._template is not None else self._reading(chat_template_kwargs)

    def _reading(self, chat_template_kwargs: Mapping[str, Any]) -> PromptReading:
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
        repeats = self.reasoning_parser in _NEVER_EMPTY and chat_template_kwargs.get("force_nonempty_content") is True
        outside = self._outside_parser(request, prompt_token_ids, chat_template_kwargs, tool_parser)
        # Parsers written in Python read only text.
        spelled = self._spelled and shows_tokens(request, self.reasoning_parser, self.tool_call_parser)
        in_text = outside is not None or spelled
        if self.reasoning_parser is None:
            plan = None if tool_parser is None else self._plan(request, tool_parser, parse.THINKING_UNSAID)
            return Parsing(plan, ended, outside=outside, reads_special_tokens=in_text)
        if ended is None and self._reads_prompts:
            ended = thinking == parse.THINKING_CLOSED
        return Parsing(
            self._plan(request, tool_parser, thinking, repeats_thinking=repeats),
            ended,
            {"chat_template_kwargs": dict(chat_template_kwargs)},
            outside,
            in_text,
        )

    def call_id(self, request: ChatCompletionRequest, name: str, number: int) -> str:
        """Return an id for a tool call whose format gives it none; `number`: the answer's, from 0."""
        return call_ids.make(self.call_ids, name, call_ids.first_of(self.call_ids, request.messages) + number)

    def _by_template(
        self,
        template: ResponseTemplate,
        request: ChatCompletionRequest,
        prompt_token_ids: Sequence[int],
        chat_template_kwargs: Mapping[str, Any],
    ) -> Parsing:
        """Return how answers are parsed that begin in the prompt and are read whether they may call tools or not."""
        prefix = "" if self._decode is None else template.prefix(prompt_token_ids, self._decode)
        tool_parser = self._tool_parser(request)
        tools = None if tool_parser is None else self._tools.schemas(request.tools or [])
        plan = parse.ParserPlan(
            self._native,
            reasoning=self.reasoning_parser is not None,
            tool_parser=self.tool_call_parser if self.reasoning_parser is None else tool_parser,
            tools=tools,
            call_ids=self.call_ids,
            first_call=call_ids.first_of(self.call_ids, request.messages),
            include_reasoning=request.include_reasoning,
            prefix=prefix,
        )
        ended = None if request.include_reasoning else True
        if self.reasoning_parser is None:
            return Parsing(plan, ended, reads_special_tokens=True)
        if ended is None:
            is_off = not chat_template_kwargs.get("enable_thinking", True)
            ended = template.native.has_thinking_ended(prefix, is_thinking_off=is_off)
        return Parsing(plan, ended, {"chat_template_kwargs": dict(chat_template_kwargs)}, reads_special_tokens=True)

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

    def _plan(
        self,
        request: ChatCompletionRequest,
        tool_parser: str | None,
        thinking: int,
        *,
        repeats_thinking: bool = False,
    ) -> parse.ParserPlan:
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
            first_call=call_ids.first_of(self.call_ids, request.messages),
            call_ids=self.call_ids,
            include_reasoning=request.include_reasoning,
            parallel_tool_calls=request.parallel_tool_calls is not False,
            forced=tool_parser is not None and (named or choice == "required"),
            named=named,
            repeats_thinking=native and repeats_thinking,
        )

    def _tool_parser(self, request: ChatCompletionRequest) -> str | None:
        """Return the parser of the request's tool calls; None where none are looked for."""
        if self.tool_call_parser is None or not request.tools:
            return None
        if request.tool_choice == "none":
            return None
        if request.tool_choice in (None, "auto"):
            return self.tool_call_parser if self.enable_auto_tool_choice else None
        return forced_parser(self.tool_call_parser, request, self._strictness)


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
