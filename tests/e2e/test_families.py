# SPDX-License-Identifier: Apache-2.0
"""Every family's scripted answers through a real server and the real `openai` client: each of vLLM's parsers' names.

What they are by vLLM's own whole answers is in tests/families/golden.json (recording.py makes it,
tests/real_engine/test_families.py makes it again).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import openai
import pytest

from tests.families.answers import ANSWERS, SAID, SORRY, THOUGHT, Answer
from tests.families.deviations import DEVIATIONS, differing, unexplained
from tests.families.messages import Message, of_stream, of_whole
from tests.families.models import make_models
from tests.families.recording import GOLDEN
from tests.families.serving import fastfronts
from tests.families.table import FAMILIES, GROUPS, Family

ROOT = Path(__file__).parents[2]
NAMES = json.loads((ROOT / "tests/parsers/golden/names.json").read_text(encoding="utf-8"))
RECORDED = json.loads(GOLDEN.read_text(encoding="utf-8"))


class Said(NamedTuple):
    """What the client got of one answer."""

    whole: Message
    stream: Message
    helped: Message
    """The stream as the client's own helper puts it together."""
    chunks: list[Any]


class Client:
    """The `openai` client of one family's server, over one connection."""

    def __init__(self, family: Family, url: str) -> None:
        self.family = family
        self.answers = {answer.name: answer for answer in ANSWERS[family.harmony] if answer.family == family.name}
        one = openai.DefaultHttpxClient(limits=httpx.Limits(max_connections=1))
        self.openai = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, http_client=one)
        self.said = {name: self._hear(answer) for name, answer in self.answers.items()}

    def arguments(self, answer: Answer, **more: Any) -> dict[str, Any]:
        """A request as the client takes it."""
        body = answer.body() | more
        extra = {name: body.pop(name) for name in ("chat_template_kwargs", "include_reasoning") if name in body}
        return {**body, "extra_body": extra}

    def whole(self, answer: Answer, **more: Any) -> dict[str, Any]:
        """A whole answer's body."""
        return self.openai.chat.completions.create(**self.arguments(answer, **more)).model_dump()

    def streamed(self, answer: Answer, **more: Any) -> tuple[list[Any], dict[str, Any]]:
        """A stream's chunks, and what the helper makes of them."""
        usage = {"stream_options": {"include_usage": True}}
        with self.openai.chat.completions.stream(**self.arguments(answer, **usage, **more)) as events:
            chunks = [event.chunk.model_dump() for event in events if event.type == "chunk"]
            try:
                return chunks, events.get_final_completion().model_dump()
            except openai.LengthFinishReasonError as cut:  # the helper's way to tell that
                return chunks, cut.completion.model_dump()

    def _hear(self, answer: Answer) -> Said:
        chunks, final = self.streamed(answer)
        return Said(of_whole(self.whole(answer)), of_stream(chunks), of_whole(final), chunks)


class Servers:
    """The servers of one group at a time: they are many."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._models = make_models(folder)
        self._group = ""
        self._running = contextlib.ExitStack()
        self._urls: dict[str, str] = {}

    def url(self, group: str, family: str) -> str:
        """The address of a family's server."""
        if group != self._group:
            self.close()
            self._urls = self._running.enter_context(
                fastfronts(GROUPS[group], self._models, self._folder / f"{group}.log")
            )
            self._group = group
        return self._urls[family]

    def close(self) -> None:
        """End them."""
        self._running.close()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    made = Servers(tmp_path_factory.mktemp("families"))
    yield made
    made.close()


PAIRS = [(group, family.name) for group, families in GROUPS.items() for family in families]


@pytest.fixture(scope="module", params=PAIRS, ids=[name for _, name in PAIRS])
def client(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Client]:
    """A family's client, which has heard all answers, streamed and whole in turns."""
    group, name = request.param
    if "cohere" in name and importlib.util.find_spec("xgrammar") is None:
        pytest.skip("needs xgrammar")
    made = Client(FAMILIES[name], servers.url(group, name))
    yield made
    made.openai.close()


def test_every_name_of_vllms_is_here():
    """Each parser that vLLM registers is a family's, but for `hf`, which no table describes."""
    assert {f.tools for f in FAMILIES.values()} - {None} == {*NAMES["tools"]} - {"hf"}
    assert {f.reasoning for f in FAMILIES.values()} - {None} == {*NAMES["reasoning"]} - {"hf"}


def test_a_client_gets_what_the_model_wrote(client):
    """Thinking, text and calls with their arguments, in any format: streamed, by the client's helper, and whole."""
    for name, answer in client.answers.items():
        if not answer.is_well_formed:
            continue
        expected = [answer.reasoning.strip(), answer.content.strip(), list(answer.calls), finish_of(answer)]
        for way, message in zip(("whole", "stream", "helped"), client.said[name][:3], strict=True):
            calls = [(called, json.loads(arguments)) for called, arguments in message["calls"]]
            made = [message["reasoning"].strip(), message["content"].strip(), calls, message["finish"]]
            assert made == expected, (name, way)


def finish_of(answer):
    return "tool_calls" if answer.calls and answer.finish == "stop" else answer.finish


def test_a_stream_adds_up_to_the_whole_answer(client):
    """Well-formed, malformed or cut off: the same text, calls, finish_reason and usage."""
    for name, said in client.said.items():
        assert said.stream == said.whole, name
        assert said.helped == said.whole, name


def test_calls_have_ids_and_indices_in_order(client):
    """A call's first delta has its index, id, type and name, the others its index and arguments; ids are unique."""
    for name, said in client.said.items():
        ids, last = [], -1
        for call in (
            c for chunk in said.chunks for ch in chunk["choices"] for c in ch["delta"].get("tool_calls") or ()
        ):
            if call["index"] != last:
                assert call["index"] == last + 1, name
                last += 1
                assert call["type"] == "function"
                assert call["function"]["name"]
                ids.append(call["id"])
            else:
                assert call.get("id") is None
                assert call["function"].get("name") is None
        assert len(ids) == len(said.stream["calls"])
        assert all(ids)
        assert len(set(ids)) == len(ids)


def test_answers_are_vllms(client):
    """The whole answer of vLLM's real server to the same tokens, usage included, but for the listed deviations."""
    recorded = RECORDED[client.family.name]
    assert recorded.keys() == client.said.keys()
    for name, said in client.said.items():
        members = differing(recorded[name], said.whole)
        assert not unexplained(client.family.name, name, members), (name, members, recorded[name], said.whole)


def shown_of(client, name, words):
    """Check that the answer shows the words, none of them more often than the model wrote it; return the message."""
    written = client.answers[name].text.replace(THOUGHT, "")
    message = client.said[name].whole
    called = "".join(function + arguments.replace("\\u00fc", "ü") for function, arguments in message["calls"])
    shown = message["content"].replace(THOUGHT, "") + called
    for word in words:
        assert 1 <= shown.count(word) <= written.count(word), (word, message)
    return message


def test_what_is_no_call_is_not_lost(client):
    """A malformed call: what the model wrote is there once, between the text before and the text behind it."""
    message = shown_of(client, "malformed", ("weather", "city", "Zürich", "unit", "celsius"))
    if not client.family.silent:
        before, _, behind = message["content"].partition(SAID)
        assert before == client.answers["malformed"].content.removesuffix(SAID)
        assert behind.endswith(SORRY)
        assert behind.count(SORRY) == 1
    assert message["finish"] == ("tool_calls" if message["calls"] else "stop")


def test_a_cut_call_is_not_lost(client):
    """max_tokens in the middle of a call: what has come is there once, and the answer ends with "length"."""
    assert shown_of(client, "cut", ("get_weather", "city", "Zürich", "unit"))["finish"] == "length"


def test_no_state_survives_an_answer(client):
    """Two answers of one request, and the same request after all others on the connection: each is as if alone."""
    first, second = client.answers["typical"], client.answers[SECOND.get(client.family.name, "parallel")]
    assert second.number == first.number + 1
    alone = [client.said[first.name].whole, client.said[second.name].whole]
    both = client.whole(first, n=2)
    chunks, final = client.streamed(first, n=2)
    for choice, message in enumerate(alone):
        expected = {**message, "tokens": []}
        assert {**of_whole(both, choice), "tokens": []} == expected
        assert {**of_whole(final, choice), "tokens": []} == expected
        assert {**of_stream(chunks, choice), "tokens": []} == expected
    (tokens, reasoning), (more_tokens, more_reasoning) = (message["tokens"] for message in alone)
    assert of_whole(both)["tokens"] == [tokens + more_tokens, max(reasoning + more_reasoning, -1)]
    assert of_whole(client.whole(first)) == alone[0]


SECOND = {"internlm": "zero", "gigachat3": "zero"}
"""What follows the typical answer where vLLM reads one call only."""


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda each: each.said)
def test_users_are_told_of_deviations(deviation):
    """docs/compatibility.md has the words, there is a reason, and one of the recorded answers could be it."""
    assert deviation.said in (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    assert deviation.why
    assert any(name in RECORDED[family] for family in deviation.families for name in deviation.answers)
