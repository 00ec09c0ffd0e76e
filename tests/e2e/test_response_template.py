# SPDX-License-Identifier: Apache-2.0
"""A model whose tokenizer_config.json says how its answers are read (`--reasoning-parser hf --tool-call-parser hf`)."""

from __future__ import annotations

import json
import shutil

import openai
import pytest

from fastfront.sim import MODEL_PATH
from tests.e2e.openai_answers import final_choice
from tests.parsers.template_corpus import TEMPLATES
from tests.server.processes import DEADLINE, serving_sim

CITY = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
CALL = '<tool_call>{"name": "get_weather", "arguments": {"city": "Zürich", "days": "2"}}</tool_call>'
ANSWERS = {
    "an answer": "<think>\nHm.\n</think>\n\nIt rains.",
    "a call": f"<think>Hm.</think>I look it up.\n{CALL}",
    "a broken call": "<think>Hm.</think>So: <tool_call>{</tool_call>",
}


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """The server's address."""
    model = tmp_path_factory.mktemp("template") / "model"
    shutil.copytree(MODEL_PATH, model)
    config = json.loads((model / "tokenizer_config.json").read_text())
    (model / "tokenizer_config.json").write_text(json.dumps(config | {"response_template": TEMPLATES["json"]}))
    script = model.parent / "script.json"
    sequences = [{"match": match, "text": f"{text}<|im_end|>", "finish": "stop"} for match, text in ANSWERS.items()]
    script.write_text(json.dumps({"sequences": sequences}))
    flags = ("--reasoning-parser", "hf", "--tool-call-parser", "hf", "--enable-auto-tool-choice")
    with serving_sim("--model", str(model), "--served-model-name", "sim", "--script", str(script), *flags) as server:
        yield server.url


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=DEADLINE) as made:
        yield made


def ask(client, what, *, stream, **options):
    """Return what the answer holds: reasoning, content, calls, finish_reason."""
    arguments = {"model": "sim", "messages": [{"role": "user", "content": f"give me {what}."}], **options}
    choice = final_choice(client, stream=stream, **arguments)
    message = choice.message
    calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or []]
    return getattr(message, "reasoning", None), message.content or "", calls, choice.finish_reason


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_answers_are_read_by_the_template(client, stream):
    """Thinking, content and calls, typed by the tool's schema; a malformed call is content."""
    assert ask(client, "an answer", stream=stream, tools=[CITY]) == ("\nHm.\n", "\n\nIt rains.", [], "stop")
    calls = [("get_weather", '{"city": "Zürich", "days": 2}')]
    assert ask(client, "a call", stream=stream, tools=[CITY]) == ("Hm.", "I look it up.\n", calls, "tool_calls")
    broken = ("Hm.", "So: <tool_call>{</tool_call>", [], "stop")
    assert ask(client, "a broken call", stream=stream, tools=[CITY]) == broken


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_without_tools_calls_are_content(client, stream):
    """As the model wrote them."""
    assert ask(client, "a call", stream=stream) == ("Hm.", f"I look it up.\n{CALL}", [], "stop")


def test_what_cannot_be_guaranteed_is_refused(client):
    """With the field that asks for it."""
    with pytest.raises(openai.BadRequestError) as caught:
        ask(client, "a call", stream=False, tools=[CITY], tool_choice="required")
    assert caught.value.param == "tool_choice"
