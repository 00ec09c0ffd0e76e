# SPDX-License-Identifier: Apache-2.0
"""DeepSeek-V3.2 without a chat template, as its clients see it: tools and thinking, whole and streamed."""

from __future__ import annotations

import json

import openai
import pytest

from tests.e2e.openai_answers import final_choice
from tests.prompt.cases_renderers import make_model
from tests.server.processes import DEADLINE, serving_sim

TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
CALLS = """<｜DSML｜function_calls>
<｜DSML｜invoke name="get_weather">
<｜DSML｜parameter name="city" string="true">Zürich</｜DSML｜parameter>
<｜DSML｜parameter name="days" string="false">2</｜DSML｜parameter>
</｜DSML｜invoke>
</｜DSML｜function_calls>"""
DECLARED = '<functions>\n{"name": "get_weather", "description": null, "parameters": {"type": "object"'
ANSWERS = {
    # What the engine says to a prompt that holds this.
    "<result>20 °C</result>\n</function_results>\n\n<think>": "Warm.</think>It is warm.",
    "<result>20 °C</result>\n</function_results>\n\n</think>": "It is warm, without a thought.",
    "Look it up.<｜Assistant｜><think>": f"I have to look.</think>\n\n{CALLS}",
    "Look it up.<｜Assistant｜></think>": f"I look.\n\n{CALLS}",
}
PARSERS = ("--reasoning-parser", "deepseek_v3", "--tool-call-parser", "deepseek_v32", "--enable-auto-tool-choice")
ASK = {"role": "user", "content": "Look it up."}

both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of a server of such a model."""
    folder = tmp_path_factory.mktemp("deepseek")
    script = folder / "script.json"
    sequences = [{"match": match, "text": f"{text}<｜end▁of▁sentence｜>"} for match, text in ANSWERS.items()]
    script.write_text(json.dumps({"sequences": sequences}))
    model = str(make_model(folder, "deepseek_v32"))
    options = ("--script", str(script), "--ttft-ms", "1", "--token-ms", "1", "--served-model-name", "sim")
    with (
        serving_sim("--model", model, *options, *PARSERS) as server,
        openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=DEADLINE) as made,
    ):
        yield made


def ask(client, messages, *, stream, thinking):
    """Return the answer's message and finish_reason."""
    arguments = {
        "model": "sim",
        "messages": messages,
        "tools": [TOOL],
        "extra_body": {"chat_template_kwargs": {"thinking": thinking}},
    }
    choice = final_choice(client, stream=stream, **arguments)
    return choice.message, choice.finish_reason


@both
def test_thinking_then_a_call(client, stream):
    """The prompt opens the thinking: what comes before its end is reasoning, and the call is none of it."""
    message, finish_reason = ask(client, [ASK], stream=stream, thinking=True)
    assert message.reasoning == "I have to look."
    assert [call.function.name for call in message.tool_calls] == ["get_weather"]
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Zürich", "days": 2}
    assert finish_reason == "tool_calls"


@both
def test_a_call_without_thinking(client, stream):
    """The prompt has closed it: all that is said is content, up to the call."""
    message, finish_reason = ask(client, [ASK], stream=stream, thinking=False)
    assert getattr(message, "reasoning", None) is None
    assert message.content.strip() == "I look."
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Zürich", "days": 2}
    assert finish_reason == "tool_calls"


@both
@pytest.mark.parametrize("thinking", [False, True])
def test_the_call_and_its_result_are_shown_to_the_model(client, stream, thinking):
    """An answer that was received is sent back with the tool's; the next one begins in thinking, or not."""
    called, _ = ask(client, [ASK], stream=False, thinking=thinking)
    result = {"role": "tool", "tool_call_id": called.tool_calls[0].id, "content": "20 °C"}
    messages = [ASK, called.model_dump(exclude_none=True), result]
    message, finish_reason = ask(client, messages, stream=stream, thinking=thinking)
    assert getattr(message, "reasoning", None) == ("Warm." if thinking else None)
    assert message.content == ("It is warm." if thinking else "It is warm, without a thought.")
    assert finish_reason == "stop"


def test_the_prompt_declares_the_tools(client):
    """As vLLM's renderer writes them, in a system message of its own."""
    options = {"max_tokens": 1, "extra_body": {"return_token_ids": True, "chat_template_kwargs": {"thinking": True}}}
    answer = client.chat.completions.create(model="sim", messages=[ASK], tools=[TOOL], **options)
    tokens = {"model": "sim", "tokens": answer.prompt_token_ids}
    prompt = client.post("/../detokenize", body=tokens, cast_to=dict[str, str])["prompt"]
    assert prompt.startswith("<｜begin▁of▁sentence｜>\n\n## Tools\nYou have access")
    assert DECLARED in prompt
    assert prompt.endswith("</functions>\n<｜User｜>Look it up.<｜Assistant｜><think>")


def test_a_bad_conversation_is_the_clients_fault(client):
    """vLLM's words, and its 400."""
    result = {"role": "tool", "tool_call_id": "x", "content": "20 °C"}
    with pytest.raises(openai.BadRequestError, match="Invalid messages at 1"):
        client.chat.completions.create(model="sim", messages=[ASK, result])
