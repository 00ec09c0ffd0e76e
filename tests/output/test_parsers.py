# SPDX-License-Identifier: Apache-2.0
"""Which parsers a request's answers go through, and what the engine hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from fastfront._native import parse
from fastfront.errors import BadRequestError, StartupError
from fastfront.output import python_parsers
from fastfront.output.parsers import AnswerParsers, Parsing
from fastfront.protocol.chat import ChatCompletionRequest

THINK, END = 7, 8
TOKENS = {"<think>": THINK, "</think>": END, "<tool_call>": 9}
CLOCK = {"type": "function", "function": {"name": "clock"}}
NAMED = {"type": "function", "function": {"name": "clock"}}


def parsers(
    reasoning: str | None = None, tools: str | None = None, *, auto: bool = True, **config: Any
) -> AnswerParsers:
    return AnswerParsers(
        reasoning_parser=reasoning,
        tool_call_parser=tools,
        enable_auto_tool_choice=auto,
        added_tokens=TOKENS,
        config=config,
    )


def request(**fields: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest(messages=[], **fields)


def parsing(made: AnswerParsers, chat: ChatCompletionRequest, prompt: tuple[int, ...] = (1, 2)) -> Parsing:
    return made.parsing(chat, prompt, {"add_generation_prompt": True})


def test_without_parsers_the_text_is_the_content() -> None:
    """A server without parser flags parses nothing, and the engine decides for itself about reasoning."""
    assert parsing(parsers(), request(tools=[CLOCK], tool_choice="none")) == Parsing(None)


def test_an_unknown_name_ends_the_start() -> None:
    """A name that no parser has is named together with those there are."""
    with pytest.raises(StartupError, match=r"there is no parser helmes,.*vLLM.*not installed.* hermes,"):
        parsers(tools="helmes")
    with pytest.raises(StartupError, match=r"there is no parser quen3,.* qwen3,"):
        parsers("quen3")


@pytest.mark.parametrize(
    ("tokens", "fields", "shown"),
    [
        ({"\uff5cDSML\uff5c": 9}, {"tools": [CLOCK], "tool_choice": "auto"}, True),
        ({"\uff5cDSML\uff5c": 9}, {"tool_choice": "none"}, False),
        ({}, {"tools": [CLOCK], "tool_choice": "auto"}, False),
    ],
)
def test_markup_spelled_with_a_special_token_is_read_in_the_text(
    tokens: dict[str, int], fields: dict[str, Any], shown: bool
) -> None:
    """DeepSeek's DSML: its mark is a token, its elements are none, so that the text has to hold special tokens."""
    made = AnswerParsers(
        reasoning_parser=None,
        tool_call_parser="deepseek_v32",
        enable_auto_tool_choice=True,
        added_tokens=tokens,
        config={},
    )
    assert parsing(made, request(**fields)).reads_special_tokens is shown


def test_internal_names_are_not_offered() -> None:
    """What reads forced calls is no choice for users."""
    with pytest.raises(StartupError) as caught:
        parsers(tools="helmes")
    assert "json:required" not in str(caught.value)


def test_a_reasoning_parser_reads_every_chat() -> None:
    """Thinking is told apart with and without tools."""
    assert parsing(parsers("qwen3"), request()).plan is not None


def test_the_engine_hears_whether_reasoning_has_ended() -> None:
    """Constraints hold from the first token on where the prompt has closed the thinking, or nobody wants to see it."""
    made = parsers("qwen3")
    assert parsing(made, request(), (1, THINK)).reasoning_ended is False
    assert parsing(made, request(), (1, THINK, END)).reasoning_ended is True
    assert parsing(made, request(include_reasoning=False), (1, THINK)).reasoning_ended is True
    kwargs = {"chat_template_kwargs": {"add_generation_prompt": True}}
    assert parsing(made, request()).reasoning_parser_kwargs == kwargs


def test_of_a_parser_from_outside_the_engine_finds_out_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its markers in the prompt are, only the parser knows, which the engine has, too."""
    monkeypatch.setitem(python_parsers._factories, "mine", lambda context: None)
    made = parsers("mine")
    assert parsing(made, request(), (1, THINK, END)).reasoning_ended is None
    assert parsing(made, request(include_reasoning=False), (1, THINK)).reasoning_ended is True


@pytest.mark.parametrize("choice", ["auto", None, "required", NAMED])
def test_tools_are_looked_for(choice: Any) -> None:
    """With tools, and a choice that allows calls, answers are parsed."""
    assert parsing(parsers(tools="hermes"), request(tools=[CLOCK], tool_choice=choice)).plan is not None


def test_tools_are_not_looked_for() -> None:
    """Without tools, with tool_choice "none", or without --enable-auto-tool-choice, the text is the content."""
    made = parsers(tools="hermes")
    assert parsing(made, request()).plan is None
    assert parsing(made, request(tools=[CLOCK], tool_choice="none")).plan is None
    assert parsing(parsers(tools="hermes", auto=False), request(tools=[CLOCK], tool_choice="auto")).plan is None


def test_a_parser_without_the_switch_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    """--tool-call-parser alone has no effect, as in vLLM; the log says why."""
    assert parsers(tools="hermes", auto=False).tool_call_parser is None
    assert "no effect without --enable-auto-tool-choice" in caplog.text


def test_gpt_oss_needs_no_flags() -> None:
    """Its thinking and calls are parsed, and no tool_choice is refused: they are its format."""
    made = parsers(auto=False, model_type="gpt_oss")
    assert (made.reasoning_parser, made.tool_call_parser) == ("openai_gptoss", "openai")
    assert made.adjust(request(tools=[CLOCK], tool_choice="required")) is None


def test_a_choice_without_a_parser_is_refused() -> None:
    """The error is vLLM's, word for word."""
    cases = {
        "auto": '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        "required": 'tool_choice="required" requires --tool-call-parser to be set',
    }
    for choice, message in cases.items():
        with pytest.raises(BadRequestError) as caught:
            parsers(auto=False).adjust(request(tools=[CLOCK], tool_choice=choice))
        assert caught.value.message == message
        # A parser without the switch is none, and the message is no other.
        with pytest.raises(BadRequestError) as caught:
            parsers(tools="hermes", auto=False).adjust(request(tools=[CLOCK], tool_choice=choice))
        assert caught.value.message == message
    with pytest.raises(BadRequestError, match='tool_choice=function "clock" requires'):
        parsers(auto=False).adjust(request(tools=[CLOCK], tool_choice=NAMED))


def test_a_forced_call_constrains_the_engine() -> None:
    """tool_choice "required" becomes a structural tag for the model's text."""
    chat = request(tools=[CLOCK], tool_choice="required")
    assert parsers(tools="hermes").adjust(chat) is None
    assert chat.structured_outputs is not None
    assert "structural_tag" in chat.structured_outputs


@pytest.mark.parametrize(("fits", "member"), [(True, "structural_tag"), (False, "regex")])
def test_a_format_next_to_strict_tools_is_in_question(fits: bool, member: str) -> None:
    """Whether a tag can contain the client's constraint is asked of whoever adjusts the request."""
    tool = {"type": "function", "function": {"name": "clock", "strict": True}}
    chat = request(tools=[tool], tool_choice="auto", structured_outputs={"regex": "a+"})
    made = parsers(tools="hermes")
    assert made.adjust(chat) == {"regex": "a+"}
    made.settle(chat, form_fits=fits)
    assert chat.structured_outputs is not None
    assert list(chat.structured_outputs) == [member]


def test_gpt_oss_is_read_by_its_own_parsers() -> None:
    """Both parts of the format are native, constraints hold from the first token on, and no other parser fits."""
    made = parsers("openai_gptoss", "openai")
    assert parsing(made, request(tools=[CLOCK], tool_choice="auto")).reasoning_ended is True
    chat = request(structured_outputs={"regex": "a+"})
    assert made.adjust(chat) is None
    assert chat.structured_outputs is not None
    assert list(chat.structured_outputs) == ["structural_tag"]
    for names in (("qwen3", "openai"), ("openai_gptoss", "hermes")):
        with pytest.raises(StartupError, match="go with one another only"):
            parsers(*names)


def test_special_tokens_are_those_of_the_vocabulary() -> None:
    """A parser knows its markup by id where the tokenizer has it as a token."""
    made = parsers("qwen3", "hermes")
    plan = parsing(made, request(tools=[CLOCK])).plan
    assert isinstance(plan, parse.ParserPlan)
    assert made.special_tokens == {"<think>": THINK, "</think>": END, "<tool_call>": 9}


@pytest.mark.parametrize(
    ("config", "name", "expected"),
    [
        ({"model_type": "kimi_k2"}, "kimi_k2", parse.CALL_IDS_KIMI),
        ({"text_config": {"model_type": "kimi_k25"}}, "kimi_k2", parse.CALL_IDS_KIMI),
        ({"model_type": "mistral"}, "mistral", parse.CALL_IDS_MISTRAL),
        ({"model_type": "qwen3"}, "hermes", parse.CALL_IDS_RANDOM),
    ],
)
def test_ids_look_as_the_model_is_used_to(config: dict[str, Any], name: str, expected: int) -> None:
    """Kimi's and Mistral's templates want ids of their own kind back."""
    assert parsers(tools=name, **config).call_ids == expected


def test_hunyuan_tokens_may_have_a_suffix() -> None:
    """Of a checkpoint: its tags, and what the engine is held to, have it."""
    tokens = {"<tool_calls:ab>": 1, "</tool_calls:ab>": 2, "<tool_call:ab>": 3, "<arg_key:ab>": 4, "<b:ab>": 5}
    made = AnswerParsers(
        reasoning_parser=None,
        tool_call_parser="hy_v4",
        enable_auto_tool_choice=True,
        added_tokens=tokens,
        config={},
    )
    assert made.special_tokens == {text: number for text, number in tokens.items() if text != "<b:ab>"}
    chat = request(tools=[CLOCK], tool_choice="required")
    made.adjust(chat)
    assert chat.structured_outputs is not None
    tag = chat.structured_outputs["structural_tag"]
    assert "<tool_calls:ab>" in tag
    assert "</tool_call:ab>" in tag
    assert "<tool_calls>" not in tag


def test_text_without_ids_is_read_by_its_markup() -> None:
    """Where tokens and text come apart, prompts are read by their tokens and answers by their text."""
    made = AnswerParsers(
        reasoning_parser="qwen3",
        tool_call_parser=None,
        enable_auto_tool_choice=True,
        added_tokens=TOKENS,
        answers_have_ids=False,
        config={},
    )
    assert made.special_tokens == {}
    assert parsing(made, request(), (1, THINK)).reasoning_ended is False
    assert parsing(made, request(), (1, THINK, 2, END)).reasoning_ended is True
