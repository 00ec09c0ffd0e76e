# SPDX-License-Identifier: Apache-2.0
"""What a chat says beside its messages is settled once, found again by its bytes, and bounded."""

from __future__ import annotations

from array import array
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import msgspec
import pytest

from fastfront._native.parse import CALL_IDS_KIMI, CALL_IDS_RANDOM
from fastfront._native.prompt import EncodedPrompt
from fastfront.output.parsers import AnswerParsers
from fastfront.prompt import Model
from fastfront.prompt.recipes import Recipes
from fastfront.protocol.chat import decode_chat_completion_request
from fastfront.protocol.plain import decode_plain_chat
from fastfront.routes import chat_completions, chat_terms
from fastfront.routes.chat_terms import TermsBook
from fastfront.routes.generate import Prompts
from fastfront.sim import MODEL_PATH
from tests.output.test_response_template import parsers as response_template_parsers
from tests.routes.lane_fakes import CALLED

HELLO = [{"role": "user", "content": "Hello!"}]
CLOCK = {"type": "function", "function": {"name": "clock"}}


@pytest.fixture(scope="module")
def model():
    """Return the embedded engine's model."""
    return Model.load(str(MODEL_PATH), served_model_names=("sim",))


@pytest.fixture
def frontend(model):
    """Return what a book needs of a frontend that parses thinking and tool calls."""
    parsers = AnswerParsers(
        reasoning_parser="qwen3",
        tool_call_parser="hermes",
        enable_auto_tool_choice=True,
        added_tokens=model.tokenizer.added_tokens,
        config=model.config,
    )
    return SimpleNamespace(model=model, parsers=parsers)


@pytest.fixture
def book(frontend):
    """Return a book in which nothing is written yet."""
    return TermsBook(frontend)


def body_of(**more):
    return msgspec.json.encode({"messages": HELLO, **more})


def ask(book, body):
    return book(decode_plain_chat(body), body)


def test_terms_are_settled_when_they_come_again(book):
    """Then they are found, whatever else the request says."""
    body = body_of(tools=[CLOCK])
    assert ask(book, body) is None
    settled = ask(book, body)
    assert settled is not None
    assert ask(book, body_of(tools=[CLOCK], temperature=0.5, user="me")) is settled


def test_requests_that_say_nothing_need_no_second_sight(book):
    """Their terms are settled at the start."""
    assert ask(book, body_of(temperature=0.5)) is book.plain
    assert book.plain is not None
    assert len(book) == 0


@pytest.mark.parametrize("kimi", [False, True])
def test_calls_that_are_counted_have_no_recipe(frontend, monkeypatch, kimi):
    """Kimi's ids count on over the conversation: a history with calls is the general way's, however it is rendered."""
    monkeypatch.setattr(Recipes, "render", lambda self, messages, as_parts=None: "made")
    monkeypatch.setattr(frontend.parsers, "call_ids", CALL_IDS_KIMI if kimi else CALL_IDS_RANDOM)
    plain = TermsBook(frontend).plain
    for render in (plain.render, plain.text):
        assert render(HELLO) == "made"
        assert render(CALLED) == (None if kimi else "made")


@pytest.mark.parametrize(
    "more",
    [
        b'"tools":[{"type":"function","function":{"name":"clock "}}]',
        b'"tools":[{"type":"function","function":{"name":"clock"}}] ,"tool_choice":"none"',
        b'"tools":[{"type":"function","function":{"name":"clock"}}],"include_reasoning":false',
        b'"tools":[{"type":"function","function":{"name":"clock"}}],"reasoning_effort":"low"',
        b'"tools":[{"type":"function","function":{"name":"clock"}}],"chat_template_kwargs":{}',
        b'"tools":[{"type":"function","function":{"name":"clock"}}],"tools":null',
    ],
)
def test_another_byte_is_other_terms(book, more):
    """They are compared as they are written; of a member that comes twice the last counts, as in all of JSON."""
    body = body_of(tools=[CLOCK])
    for _ in range(2):
        terms = ask(book, body)
    other = b'{"messages":[{"role":"user","content":"Hello!"}],%b}' % more
    for _ in range(2):
        found = ask(book, other)
    assert found is not terms
    assert found is not None


def test_a_request_that_is_refused_for_something_else_spoils_nothing(book):
    """What is wrong with it is not its terms."""
    wrong, good = body_of(tools=[CLOCK], temperature=-1), body_of(tools=[CLOCK])
    for _ in range(3):
        assert ask(book, wrong) is None
    assert ask(book, good) is not None


def test_terms_that_are_the_general_ways_are_known_as_such(book, monkeypatch):
    """They are not looked at again and again."""
    body = body_of(tools=[CLOCK], tool_choice="required")
    for _ in range(2):
        assert ask(book, body) is None
    monkeypatch.setattr(chat_terms, "decode_chat_completion_request", None)
    assert ask(book, body) is None
    assert len(book) == 1


@pytest.mark.parametrize("more", [{"tools": [CLOCK]}, {"tools": [CLOCK], "include_reasoning": False}, {}])
@pytest.mark.parametrize("behind", [[], ["<think>"], ["<think>", "</think>"], ["<tool_call>", "Hi"], ["<|im_start|>"]])
@pytest.mark.parametrize("length", [3, 40])
def test_what_the_prompt_leaves_open_is_told_as_the_general_way_tells_it(frontend, book, more, behind, length):
    """By the last token that says something, near the prompt's end or far from it."""
    added = frontend.model.tokenizer.added_tokens
    ids = [5, *(added.get(text, 7) for text in behind), *[9] * length]
    for _ in range(2):
        terms = ask(book, body_of(**more))
    plan, told = terms.parsing(EncodedPrompt.of(array("I", ids).tobytes()))
    expected = chat_completions.parse(
        frontend, decode_chat_completion_request(body_of(**more)), Prompts([ids], [], [None])
    )
    assert plan is not None
    assert told == b"".join(map(msgspec.msgpack.encode, (expected.reasoning_ended, expected.reasoning_parser_kwargs)))
    assert terms.parsing(EncodedPrompt.of(array("I", ids).tobytes()))[0] is plan  # made once


def test_what_is_known_is_bounded(book, monkeypatch):
    """What was not used since it was last considered goes first, and may come back."""
    monkeypatch.setattr(chat_terms, "MAX_TERMS", 4)
    monkeypatch.setattr(chat_terms, "MAX_SEEN", 8)
    used = body_of(tools=[CLOCK])
    for _ in range(2):
        terms = ask(book, used)
    for number in range(20):
        for _ in range(2):
            ask(book, body_of(tools=[CLOCK], chat_template_kwargs={"x": number}))
        assert ask(book, used) is terms
        assert len(book) <= 4
        assert len(book._seen) <= 8
    again = body_of(tools=[CLOCK], chat_template_kwargs={"x": 0})
    assert [ask(book, again) is None for _ in range(3)] == [True, False, False]


def test_answers_that_begin_in_their_prompts_are_the_general_ways(frontend):
    """What is parsed by a response template is told by more of a prompt than its last token of markup."""
    frontend.parsers = response_template_parsers()
    assert TermsBook(frontend).plain is None


def test_very_long_terms_are_not_kept(book, monkeypatch):
    """A key takes as much memory as its bytes."""
    monkeypatch.setattr(chat_terms, "MAX_KEY_BYTES", 100)
    for _ in range(3):
        assert ask(book, body_of(tools=[CLOCK] * 10)) is None
    assert (len(book), book._seen) == (0, set())


def test_books_may_be_asked_by_several_threads(book, monkeypatch):
    """Long bodies are read in the pool."""
    monkeypatch.setattr(chat_terms, "MAX_TERMS", 4)
    bodies = [body_of(tools=[CLOCK], chat_template_kwargs={"x": number}) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: ask(book, bodies[number % 8]), range(400)))
    assert any(found)
    assert len(book) <= 4
