# SPDX-License-Identifier: Apache-2.0
"""Answers parsed from token ids by hand: like a response's, however the tokens come."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from tokenizers import Tokenizer

from fastfront._native import parse
from fastfront._native.text import Detokenizer, Vocab
from fastfront.output.parsed_tokens import tokens_parser
from fastfront.output.parsers import AnswerParsers, Parsing
from fastfront.output.shown_pieces import delta_of, message_of
from fastfront.protocol.chat import ChatCompletionRequest
from fastfront.sim import MODEL_PATH

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]
CALL_TEXT = '<tool_call>\n{"name": "get_weather", "arguments": {"d": 2}}\n</tool_call>'
TEXT = f"<think>Hm, 你好.</think>Let me see. 🌍\n{CALL_TEXT}<|im_end|>"


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))


def encode(text: str) -> list[int]:
    token_ids: list[int] = tokenizer().encode(text, add_special_tokens=False).ids
    return token_ids


@cache
def vocab() -> Vocab:
    made = Vocab.from_tokenizer_json((MODEL_PATH / "tokenizer.json").read_bytes())
    assert made is not None
    return made


def token_text(token_id: int) -> str:
    return (vocab().token_bytes(token_id) or b"").decode()


def parsing(**fields: Any) -> Parsing:
    added = {token.content: token_id for token_id, token in tokenizer().get_added_tokens_decoder().items()}
    parsers = AnswerParsers(
        reasoning_parser="qwen3",
        tool_call_parser="hermes",
        enable_auto_tool_choice=True,
        added_tokens=added,
        config={},
    )
    request = ChatCompletionRequest(messages=[], tools=TOOLS, tool_choice="auto", **fields)
    return parsers.parsing(request, encode("<|im_start|>assistant\n"), {})


def parsed(made: Parsing, cuts: Sequence[int], text: str = TEXT, stream: Any = None) -> list[parse.Piece]:
    """Return all pieces, pushed in runs that end at these tokens."""
    token_ids = encode(text)
    parser = tokens_parser(made, stream or Detokenizer(vocab()), token_text)
    pieces: list[parse.Piece] = []
    for begin, end in zip((0, *cuts), (*cuts, len(token_ids)), strict=True):
        pieces += parser.push(token_ids[begin:end], ended=end == len(token_ids))
    return pieces


def message(pieces: list[parse.Piece]) -> dict[str, Any]:
    return message_of(pieces, lambda name, number: f"{name}:{number}", include_reasoning=True, forced=False)


CALL = {"name": "get_weather", "arguments": '{"d": 2}'}
EXPECTED = {
    "role": "assistant",
    "content": "Let me see. 🌍\n",
    **dict.fromkeys(("refusal", "annotations", "audio", "function_call")),
    "tool_calls": [{"id": "get_weather:0", "type": "function", "function": CALL}],
    "reasoning": "Hm, 你好.",
}


@pytest.mark.parametrize("cut", range(1, len(encode(TEXT))))
def test_every_cut_gives_the_same_message(cut: int) -> None:
    """Also within a character, and before and behind the special tokens; the end token is not shown."""
    assert message(parsed(parsing(), [cut])) == EXPECTED
    assert list(message(parsed(parsing(), [cut]))) == list(EXPECTED)


def test_a_character_without_an_end_comes_before_the_token_behind_it() -> None:
    """What a special token interrupts is text, as in a response."""
    token_ids = [encode("🌍")[0], *encode("</think>"), *encode("x")]
    parser = tokens_parser(parsing(), Detokenizer(vocab()), token_text)
    found = message(parser.push(token_ids, ended=True))
    assert found["reasoning"] == "\ufffd"
    assert found["content"] == "x"


def test_without_a_plan_all_is_content() -> None:
    """No parser, no parts; special tokens are still skipped."""
    pieces = parsed(Parsing(None), [3], "Hello there.<|im_end|>")
    assert message(pieces)["content"] == "Hello there."
    assert {piece[0] for piece in pieces} == {"content"}


class Shouting:
    """A parser written in Python: the first push is thinking, the rest is content, "!" fails."""

    def __init__(self) -> None:
        self.pushes = 0

    def push(self, text: str, token_ids: Sequence[int]) -> list[parse.Piece]:
        if "!" in text:
            raise RuntimeError("too loud")
        self.pushes += 1
        return [("reasoning" if self.pushes == 1 else "content", text)]

    def finish(self) -> list[parse.Piece]:
        return [("content", " END")]


def outside() -> Parsing:
    plan = parse.ParserPlan(parse.ModelParsers(), reasoning=False, outside=True)
    return Parsing(plan, outside=Shouting)


def test_parsers_written_in_python() -> None:
    """They get text and ids, and their end; one that fails leaves the rest as content."""
    found = message(parsed(outside(), [1], "One two three"))
    assert found["reasoning"] + found["content"] == "One two three END"
    assert message(parsed(outside(), [1], "One! two"))["content"].endswith("! two")


def test_parser_of_a_plan_that_is_parsed_outside() -> None:
    """There is no native one."""
    with pytest.raises(ValueError, match="parsed outside"):
        parse.Parser.of(parse.ParserPlan(parse.ModelParsers(), reasoning=False, outside=True))


def test_deltas_name_a_call_once() -> None:
    """A call's first delta has name and id, the later ones add arguments; several calls are told apart."""

    def delta(*pieces: parse.Piece) -> dict[str, Any]:
        return delta_of(pieces, lambda name, number: f"{name}-{number}", include_reasoning=False)

    begin = delta(("reasoning", "hidden"), ("content", "a"), ("content", "b"), ("call", 0, "f", ""))
    function: dict[str, Any] = {"name": "f", "arguments": None}
    call: dict[str, Any] = {"id": "f-0", "type": "function", "index": 0, "function": function}
    assert begin == {"content": "ab", "reasoning": None, "tool_calls": [call]}
    more = delta(("arguments", 0, "{"), ("arguments", 0, "}"), ("call", 1, "g", "own"), ("arguments", 1, "{}"))
    assert more["tool_calls"] == [
        {"id": None, "type": None, "index": 0, "function": {"name": None, "arguments": "{}"}},
        {"id": "own", "type": "function", "index": 1, "function": {"name": "g", "arguments": "{}"}},
    ]
    assert delta() == {"content": None, "reasoning": None}


def test_forced_content_is_never_null() -> None:
    """Where calls had to come, as in a chat."""
    made = message_of([], lambda name, number: "", include_reasoning=True, forced=True)
    assert made["content"] == ""
    assert "tool_calls" not in made
