# SPDX-License-Identifier: Apache-2.0
"""Tool-call formats made of tags against what vLLM's parsers made of the same answers, at every split."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tokenizers import Tokenizer

from fastfront._native import parse
from fastfront.output.tool_schemas import tool_schemas
from fastfront.sim import MODEL_PATH
from tests.parsers import corpus_tags as corpus
from tests.parsers import driving
from tests.parsers.driving import Segment
from tests.reference import tag_calls
from tests.reference.tag_calls import FORMATS

GOLDEN = json.loads((Path(__file__).parent / "golden" / "tags.json").read_text(encoding="utf-8"))
TOOLS = tool_schemas(corpus.TOOLS)
LINE_TOOLS = tool_schemas(corpus.LINE_TOOLS)

JSON_FIRST = ("poolside_v1", "hy_v3", "hy_v4", "dots", "deepseek_v32", "deepseek_v4", "deepseek_v41", "kimi_k3")
JSON_FIRST += ("functiongemma", "muse_glimmer", "minicpm5", "plamo3", "inkling")
DIFFERENT = {
    # json.dumps writes numbers that no JSON has; here the text stays a string, or as the model wrote it.
    "value_n_7": (*JSON_FIRST, "step3"),
    "value_n_8": ("dots", "step3"),
    "value_a_5": JSON_FIRST,
    # vLLM drops a call of a function that the request does not have; here it stays content.
    "unknown_function": ("glm45", "glm47", "ling3", "minimax_m2"),
    # vLLM takes the first of several types, here a string may be anything.
    "value_either_0": ("dots",),
    # vLLM drops a parameter whose value has a "<", or all behind that.
    "code": ("step3", "minicpm5"),
    "value_s_9": ("step3",),
    # vLLM drops what an array lacks a bracket for.
    "value_a_2": ("gemma4",),
    "value_a_6": ("gemma4",),
    # vLLM drops the text around calls.
    "text_before": ("minicpm5",),
    "parallel": ("minicpm5",),
    # vLLM leaves the markup in an answer without calls (its Kimi K3 parser proper does not).
    "plain": ("kimi_k3", "muse_glimmer"),
    "echoed": ("muse_glimmer",),
    # vLLM repeats the call's markup as content.
    "unframed": ("muse_glimmer",),
}


def message(pushes: list[Segment], parser: str, *, tools: bool, tokens: dict[str, int] | None = None) -> dict[str, Any]:
    """The message that these pushes give, as the golden file and the reference have it."""
    made = driving.driven(pushes, tool_parser=parser, tools=TOOLS if tools else None, special_tokens=tokens)
    calls = [{"name": call["name"], "arguments": call["arguments"]} for call in made["tool_calls"]]
    return {"content": made["content"] or None, "calls": calls}


def driven(parser: str, pushes: list[str], *, tools: bool) -> dict[str, Any]:
    """The message that these pushes of ordinary text give."""
    return message([Segment(text) for text in pushes], parser, tools=tools)


def chunks(text: str, size: int) -> list[str]:
    """The text in pieces of that many characters."""
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("parser", corpus.RENDER)
def test_whole_answers_are_vllms(parser: str) -> None:
    """Well-formed answers give what vLLM's whole answer holds, character for character."""
    for name, (text, tools) in corpus.answers(parser).items():
        same = driven(parser, [text], tools=tools) == GOLDEN[parser][name]
        assert same != (parser in DIFFERENT.get(name, ())), name


@pytest.mark.parametrize("parser", corpus.RENDER)
def test_splits_change_nothing(parser: str) -> None:
    """An answer gives the same message however it is cut: at each place once, and in pieces of 1 to 5 characters."""
    for name, (text, tools) in corpus.answers(parser).items():
        expected = driven(parser, [text], tools=tools)
        for size in (1, 2, 3, 5):
            assert driven(parser, chunks(text, size), tools=tools) == expected, (name, size)
        if name.startswith("value_"):
            continue
        for at in range(1, len(text)):
            assert driven(parser, [text[:at], text[at:]], tools=tools) == expected, (name, at)


def broken(parser: str, random: Random) -> str:
    """Parts of the format in a random order, as often right as wrong."""
    form = FORMATS[parser]
    call = [form.call_open, "get_weather", "typed", form.name_close]
    parts = [*form.block_open, form.block_close, form.call_close, *call]
    parts += [form.parameter_open, "city", "i", "maybe", '"s"', form.tag_close, form.value_open, form.value_close]
    parts += ["\n", " ", "null", "5", "text", "<", '"', "é", "\\", form.call_open[:4], form.value_close[:-1], "NULLS"]
    if random.random() < 0.5:
        return "".join(random.choice(parts) for _ in range(random.randint(1, 25)))
    text = (
        "Hi \n" + corpus.RENDER[parser]([("typed", [("s", "a b"), ("i", "5"), ("maybe", "nul")]), ("now", [])]) + "\n."
    )
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(text))
        change = random.randrange(3)
        if change == 0:
            text = text[:at] + random.choice(parts) + text[at:]
        elif change == 1:
            text = text[:at] + text[at + random.randint(1, 12) :]
        else:
            text = text[: at + 1]
    return text


@pytest.mark.parametrize("parser", FORMATS)
def test_broken_answers_are_the_references(parser: str) -> None:
    """Cut, broken and made-up answers give what the slow version says, in one push and in single characters."""
    for seed in range(600):
        text = broken(parser, Random(seed))
        for tools in (True, False):
            expected = tag_calls.parse(parser, text, corpus.TOOLS if tools else None)
            assert driven(parser, [text], tools=tools) == expected, (seed, tools, text)
            assert driven(parser, list(text), tools=tools) == expected, (seed, tools, text)


@pytest.mark.parametrize("parser", FORMATS)
def test_cut_answers_are_the_references(parser: str) -> None:
    """An answer that ends after any number of characters gives what the slow version says."""
    for name in ("text_before", "parallel", "several_types", "code", "value_maybe_3", "value_o_0"):
        text, tools = corpus.answers(parser)[name]
        for length in range(len(text) + 1):
            expected = tag_calls.parse(parser, text[:length], corpus.TOOLS if tools else None)
            assert driven(parser, [text[:length]], tools=tools) == expected, (name, text[:length])


@pytest.mark.parametrize("parser", corpus.RENDER)
def test_special_tokens_are_the_marks(parser: str) -> None:
    """Where a format's marks are special tokens, these make the same message as their text does otherwise."""
    tokens = {text: number for number, text in enumerate(parse.special_tokens_of(parser, reasoning=False), 100)}
    marks = re.compile("|".join(map(re.escape, sorted(tokens, key=len, reverse=True))) or "(?!)")
    for name in ("text_before", "three", "several_types", "code", "value_o_3"):
        text, tools = corpus.answers(parser)[name]
        parts = re.split(f"({marks.pattern})", text)
        pushes = [Segment(part, tokens.get(part)) for part in parts if part]
        expected = driven(parser, [text], tools=tools)
        assert message(pushes, parser, tools=tools, tokens=tokens) == expected, name
        assert driving.at_every_split(pushes, tool_parser=parser, tools=TOOLS if tools else None, special_tokens=tokens)


@pytest.mark.parametrize("parser", [name for name in corpus.RENDER if name not in ("minimax_m3", "plamo3", "minicpm5")])
def test_the_text_of_a_special_token_is_text(parser: str) -> None:
    """Where a format's marks are special tokens, their text alone is no mark: what looks like a call is content."""
    tokens = {text: number for number, text in enumerate(parse.special_tokens_of(parser, reasoning=False), 100)}
    text = corpus.RENDER[parser]([("now", [])])
    bare = parser in ("qwen3_coder", "qwen3_xml", "mimo", "step3p5", "seed_oss", "minimax_m2", "muse_glimmer")
    bare = bare or parser.startswith("deepseek")  # a call may stand without its block there
    made = message([Segment(text)], parser, tools=True, tokens=tokens)
    assert made["calls"] == ([{"name": "now", "arguments": "{}"}] if bare else [])


@pytest.mark.parametrize("parser", corpus.RENDER)
def test_real_tokens_change_nothing(parser: str) -> None:
    """An answer in the pieces that a real tokenizer cuts it into gives the same message."""
    tokenizer = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
    for name in ("text_before", "parallel", "several_types", "code", "value_s_8", "value_o_4"):
        text, tools = corpus.answers(parser)[name]
        offsets = tokenizer.encode(text, add_special_tokens=False).offsets
        cuts = sorted({0, len(text), *(begin for begin, _ in offsets)})
        pieces = [text[begin:end] for begin, end in itertools.pairwise(cuts)]
        assert driven(parser, pieces, tools=tools) == driven(parser, [text], tools=tools), name


@pytest.mark.parametrize("parser", corpus.RENDER)
def test_nothing_is_lost_where_an_answer_is_cut(parser: str) -> None:
    """Wherever an answer ends, the word that it ends with is somewhere in the message, in one piece."""
    for name in ("text_before", "three", "several_types", "code"):
        text, tools = corpus.answers(parser)[name]
        for length in range(1, len(text)):
            word = re.search(r"\w*$", text[:length])
            made = driven(parser, [text[:length]], tools=tools)
            parts = [made["content"] or "", *(part for call in made["calls"] for part in call.values())]
            assert word is None or any(word[0] in part for part in parts), text[:length]


@pytest.mark.parametrize("name", corpus.LINE_CALLS)
def test_minicpm_knows_tools_by_other_names(name: str) -> None:
    """Calls of what the request's tool does get its name and parameters; without what it requires they are content."""
    pushes = [Segment(corpus.minicpm([corpus.LINE_CALLS[name]]))]
    made = driving.at_every_split(pushes, tool_parser="minicpm5", tools=LINE_TOOLS)
    calls = [{"name": call["name"], "arguments": call["arguments"]} for call in made["tool_calls"]]
    assert {"content": made["content"] or None, "calls": calls} == GOLDEN["minicpm5 lines"][name]


@pytest.mark.parametrize("parser", ["hy_v3", "hy_v4"])
def test_tags_may_have_the_suffix_of_a_checkpoint(parser: str) -> None:
    """Hunyuan's tokens: the same answers, the same calls, by their ids; without the suffix they are text."""
    for name in ("parallel", "text_before"):
        text, tools = corpus.answers(parser)[name]
        suffixed = re.sub(r"<(/?(?:tool_calls|tool_call|tool_sep|arg_key|arg_value))>", r"<\1:ab12>", text)
        tokens = {token: number for number, token in enumerate(sorted(set(re.findall(r"<[^>]+:ab12>", suffixed))), 9)}
        parts = re.split("({})".format("|".join(map(re.escape, tokens))), suffixed)
        pushes = [Segment(part, tokens.get(part)) for part in parts if part]
        assert message(pushes, parser, tools=tools, tokens=tokens) == GOLDEN[parser][name]
        assert message([Segment(text)], parser, tools=tools, tokens=tokens)["calls"] == []
