# SPDX-License-Identifier: Apache-2.0
"""tool_choice as a constraint: the schemas of vllm/tool_parsers/utils.py, and what the client's own format becomes."""

from __future__ import annotations

from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.output import tool_choice
from fastfront.output.tool_strictness import Strictness
from fastfront.protocol.chat import ChatCompletionRequest

WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
CLOCK = {"type": "function", "function": {"name": "clock"}}
STRICT, LOOSE = Strictness(), Strictness(enforced=False)
NAMED_CLOCK = {"type": "function", "function": {"name": "clock"}}


def request(**fields: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest(messages=[], **fields)


def with_definitions(name: str, definition: dict[str, Any]) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"x": {"$ref": "#/$defs/x"}}, "$defs": {"x": definition}}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def test_required_means_a_list_of_calls() -> None:
    """The model has to say one call or more, each with a tool's name and its parameters."""
    schema = tool_choice.json_schema_of([WEATHER, CLOCK], "required", parallel=True)
    assert schema == {
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "anyOf": [
                {
                    "properties": {
                        "name": {"type": "string", "enum": ["weather"]},
                        "parameters": WEATHER["function"]["parameters"],  # type: ignore[index]
                    },
                    "required": ["name", "parameters"],
                },
                {
                    "properties": {
                        "name": {"type": "string", "enum": ["clock"]},
                        "parameters": {"type": "object", "properties": {}},
                    },
                    "required": ["name", "parameters"],
                },
            ],
        },
    }


def test_without_parallel_calls_the_list_has_one() -> None:
    """parallel_tool_calls=false bounds the list."""
    schema = tool_choice.json_schema_of([CLOCK], "required", parallel=False)
    assert schema is not None
    assert schema["maxItems"] == 1


def test_a_named_function_means_its_parameters() -> None:
    """The model has to say the function's arguments and nothing else."""
    assert tool_choice.json_schema_of([WEATHER, CLOCK], NAMED_CLOCK, parallel=True) == {
        "type": "object",
        "properties": {},
    }


@pytest.mark.parametrize("choice", ["auto", "none", None])
def test_other_choices_constrain_nothing(choice: str | None) -> None:
    """The model may say anything where no call has to come."""
    assert tool_choice.json_schema_of([WEATHER], choice, parallel=True) is None


def test_definitions_move_to_the_top() -> None:
    """References of all tools point into one namespace, and the request's own tools stay as they came."""
    tool = with_definitions("f", {"type": "integer"})
    schema = tool_choice.json_schema_of([tool], "required", parallel=True)
    assert schema is not None
    assert schema["$defs"] == {"x": {"type": "integer"}}
    assert "$defs" not in schema["items"]["anyOf"][0]["properties"]["parameters"]
    assert "$defs" in tool["function"]["parameters"]


def test_definitions_that_contradict_each_other_are_refused() -> None:
    """Two tools that mean different things by one name cannot share a schema."""
    tools = [with_definitions("f", {"type": "integer"}), with_definitions("g", {"type": "string"})]
    with pytest.raises(BadRequestError, match="'x' has multiple schemas"):
        tool_choice.json_schema_of(tools, "required", parallel=True)


def test_definitions_have_to_be_an_object() -> None:
    """A list of definitions is refused by the tool's name."""
    tool = {"function": {"name": "f", "parameters": {"$defs": [1]}}}
    with pytest.raises(BadRequestError, match="tool 'f' must be an object, got list"):
        tool_choice.json_schema_of([tool], "required", parallel=True)


def test_the_constraint_goes_above_the_clients_format() -> None:
    """A call that has to come leaves no room for another format."""
    chat = request(tools=[CLOCK], tool_choice="required", response_format={"type": "json_object"})
    tool_choice.constrain(chat, "granite", STRICT)
    assert chat.response_format is None
    assert chat.structured_outputs is not None
    assert chat.structured_outputs["json"]["type"] == "array"


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_a_format_of_the_models_own_is_not_imposed_on(choice: str) -> None:
    """Models that call in their own words only would never find a way into JSON."""
    chat = request(tools=[CLOCK], tool_choice=choice, response_format={"type": "json_object"})
    tool_choice.constrain(chat, "gemma4", STRICT)
    assert chat.structured_outputs is None
    assert chat.response_format == {"type": "json_object"}


@pytest.mark.parametrize("strictness", [STRICT, LOOSE])
def test_the_parser_follows_the_constraint(strictness: Strictness) -> None:
    """What reads the answer is made for what the model was made to say."""

    def read_by(parser: str, choice: str | dict[str, Any]) -> str:
        return tool_choice.forced_parser(parser, request(tools=[CLOCK], tool_choice=choice), strictness)

    assert read_by("granite", "required") == tool_choice.REQUIRED
    assert read_by("granite", NAMED_CLOCK) == tool_choice.NAMED
    assert read_by("granite", "auto") == "granite"
    assert read_by("gemma4", "required") == "gemma4"
    assert read_by("hermes", "required") == ("hermes" if strictness.enforced else tool_choice.REQUIRED)


@pytest.mark.parametrize("choice", ["required", NAMED_CLOCK])
def test_mistrals_list_is_imposed_and_read(choice: str | dict[str, Any]) -> None:
    """Its calls are a JSON list of its own form; a named function bounds it to one."""
    chat = request(tools=[WEATHER, CLOCK], tool_choice=choice, response_format={"type": "json_object"})
    tool_choice.constrain(chat, "mistral", STRICT)
    assert chat.response_format is None
    assert chat.structured_outputs is not None
    schema = chat.structured_outputs["json"]
    names = [call["properties"]["name"]["enum"] for call in schema["items"]["anyOf"]]
    assert names == ([["weather"], ["clock"]] if choice == "required" else [["clock"]])
    assert schema.get("maxItems") == (None if choice == "required" else 1)
    assert tool_choice.forced_parser("mistral", chat, STRICT) == tool_choice.MISTRAL


@pytest.mark.parametrize(
    "form",
    [{"structured_outputs": {"regex": "a"}}, {"response_format": {"type": "structural_tag", "format": {}}}],
)
def test_a_clients_constraint_goes_before_mistrals_list(form: dict[str, Any]) -> None:
    """The model then calls in its own words, if at all."""
    chat = request(tools=[CLOCK], tool_choice="required", **form)
    tool_choice.constrain(chat, "mistral", STRICT)
    assert {"structured_outputs": chat.structured_outputs, "response_format": chat.response_format} == {
        "structured_outputs": None,
        "response_format": None,
        **form,
    }
    assert tool_choice.forced_parser("mistral", chat, STRICT) == "mistral"


def test_without_strict_tool_calling_calls_are_json() -> None:
    """VLLM_ENFORCE_STRICT_TOOL_CALLING=0 means no structural tag, and the list of calls instead."""
    chat = request(tools=[CLOCK], tool_choice="required")
    tool_choice.constrain(chat, "hermes", LOOSE)
    assert chat.structured_outputs is not None
    assert chat.structured_outputs["json"]["type"] == "array"


def test_kimi_k3_cannot_be_forced_loosely() -> None:
    """Its calls are no JSON, and without a tag nothing makes it call."""
    with pytest.raises(BadRequestError, match="Named tool choice for Kimi K3 requires strict tool calling"):
        tool_choice.constrain(request(tools=[CLOCK], tool_choice=NAMED_CLOCK), "kimi_k3", LOOSE)


def test_two_tools_of_the_name_that_has_to_be_called() -> None:
    """vLLM's error, as a client's fault."""
    with pytest.raises(BadRequestError, match="Forced tool choice must resolve to exactly one tool"):
        tool_choice.constrain(request(tools=[CLOCK, CLOCK], tool_choice=NAMED_CLOCK), "hermes", STRICT)


@pytest.mark.parametrize("outputs", [{"json": "{"}, {"structural_tag": "{}"}, {"grammar": "start: /a/"}])
def test_a_format_that_fits_into_no_tag_holds_alone(outputs: dict[str, Any]) -> None:
    """Lark's grammars, and what is broken and will be refused for it."""
    tool = {"type": "function", "function": {"name": "clock", "strict": True}}
    chat = request(tools=[tool], tool_choice="auto", structured_outputs=outputs)
    tool_choice.constrain(chat, "hermes", STRICT)
    assert chat.structured_outputs == outputs


@pytest.mark.parametrize(
    ("value", "enforced"), [("0", False), ("false", False), ("1", True), ("True", True), (None, True)]
)
def test_the_environment_decides(value: str | None, enforced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As vLLM reads the variable."""
    monkeypatch.delenv("VLLM_ENFORCE_STRICT_TOOL_CALLING", raising=False)
    if value is not None:
        monkeypatch.setenv("VLLM_ENFORCE_STRICT_TOOL_CALLING", value)
    assert Strictness.of("parameter") == Strictness(2, enforced)
