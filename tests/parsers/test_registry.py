# SPDX-License-Identifier: Apache-2.0
"""Every parser that vLLM registers (golden/names.json) has a native one of its name; and each of those survives what it
was not made for.
"""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from fastfront._native import parse
from fastfront.output.response_template import NAMES as TEMPLATE_NAMES
from fastfront.output.response_template import ResponseTemplate
from fastfront.output.tool_schemas import tool_schemas
from tests.parsers import corpus_tags, json_corpus, list_corpus, template_corpus
from tests.parsers.driving import Segment, driven, whole

NEXT = ("beam", "muse", "musespark1x", "step5")
VLLMS: dict[str, list[str]] = json.loads((Path(__file__).parent / "golden" / "names.json").read_text(encoding="utf-8"))

ADDED = {
    **{(kind, name): "of vLLM 0.33" for kind in ("reasoning", "tools") for name in NEXT},
    ("tools", "json:mistral"): "reads mistral's answers to tool_choice, no name to give",
    ("tools", "json:named"): "reads the answers to a tool_choice that names a function, no name to give",
    ("tools", "json:required"): 'reads the answers to tool_choice "required", no name to give',
}
"""Native parsers of names that vLLM has not."""

NATIVE = {"reasoning": parse.reasoning_parser_names(), "tools": parse.tool_parser_names()}
EACH = [(kind, name) for kind, names in NATIVE.items() for name in names]
TOOLS = tool_schemas(corpus_tags.TOOLS)
TEMPLATE = ResponseTemplate(template_corpus.TEMPLATES["json"], ["hf"], reasoning=True, tools=True).native

MARKUP = sorted(
    {token for kind, name in EACH for token in parse.special_tokens_of(name, reasoning=kind == "reasoning")}
)
LETTERS = (
    "a",
    " ",
    "\n",
    "é",
    "😀",
    "東",
    '"',
    "'",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "=",
    ":",
    ",",
    "\\",
    "1",
    ".",
)
WORDS = ("name", "arguments", "parameters", "null", "call:", "f", "true", "\\u00e9", "</", "<parameter=x>", "<invoke>")


def foreign(kind: str, name: str) -> dict[str, str]:
    """One well-formed answer of each family, but for the parser's own."""
    families = {
        "json": (json_corpus.FORMATS["hermes"].render(json_corpus.CALLS["parallel"], "\n"), "hermes"),
        "deepseek": (json_corpus.FORMATS["deepseek_v31"].render(json_corpus.CALLS["one"], ""), "deepseek_v31"),
        "list": (list_corpus.FORMATS["pythonic"].render(list_corpus.CALLS["parallel"]), "pythonic"),
        "lfm2": (list_corpus.FORMATS["lfm2"].render(list_corpus.CALLS["nested"]), "lfm2"),
        "tags": (corpus_tags.answers("qwen3_coder")["parallel"][0], "qwen3_coder"),
        "thinking": ("<think>\nHm.\n</think>\n\nIt rains.", "deepseek_r1"),
        "channels": (
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.",
            "openai",
        ),
        "prose": ("# Title\n\n1 < 2, `f(x)`: [link](https://x.y/?a=b), {\"k\": 'v'}, <b>bold</b>\n", ""),
    }
    return {family: text for family, (text, own) in families.items() if own != name or kind == "reasoning"}


def options_of(kind: str, name: str) -> dict[str, Any]:
    """How the parser is made, its special tokens found in the text."""
    template = {"response_template": TEMPLATE} if name in TEMPLATE_NAMES else {}
    if kind == "reasoning":
        return {"reasoning_parser": name} | template
    return {"tool_parser": name, "tools": TOOLS} | template


def random_text(letters: random.Random, own: list[str]) -> str:
    """Letters, words, and the markup of all parsers, this one's above all."""
    kinds = (LETTERS, WORDS, MARKUP, own or MARKUP)
    picked = letters.choices(kinds, (6, 2, 1, 2), k=letters.randrange(60))
    return "".join(letters.choice(kind) for kind in picked)


@pytest.mark.parametrize("kind", ["reasoning", "tools"])
def test_every_name_of_vllms_is_native(kind):
    """And no native parser has a name of its own without a reason."""
    assert set(VLLMS[kind]) <= set(NATIVE[kind])
    assert set(NATIVE[kind]) - set(VLLMS[kind]) == {name for of, name in ADDED if of == kind}


def test_the_page_names_every_parser():
    """docs/parsers.md has all that can be given to a flag, by kind."""
    page = (Path(__file__).parents[2] / "docs" / "parsers.md").read_text(encoding="utf-8")
    tools, rest = page.split("**Tool parsers**")[1].split("**Reasoning parsers**")
    reasoning, _ = rest.split("**By the model's own template**")
    assert set(re.findall(r"`([\w-]+)`", tools.split("|---|---|")[1])) == {n for n in NATIVE["tools"] if ":" not in n}
    for name in NATIVE["reasoning"]:
        assert f"`{name}`" in reasoning


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_random_text_is_read_alike_however_it_comes(kind, name):
    """Whole and character by character: nothing raises, calls are counted from 0, and the message is one."""
    seed = random.randrange(sys.maxsize)
    print(f"seed {seed}")
    letters = random.Random(seed)
    own = parse.special_tokens_of(name, reasoning=kind == "reasoning")
    for _ in range(40):
        text = random_text(letters, own)
        message = whole([Segment(text)], **options_of(kind, name))
        assert driven([Segment(c) for c in text], **options_of(kind, name)) == message, text


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_another_familys_answer_is_not_lost(kind, name):
    """Character by character as whole, and every word of its values is in the message."""
    for family, text in foreign(kind, name).items():
        message = whole([Segment(text)], **options_of(kind, name))
        assert driven([Segment(c) for c in text], **options_of(kind, name)) == message, family
        calls = " ".join(call["name"] + call["arguments"] for call in message["tool_calls"])
        shown = message["reasoning"] + message["content"] + calls
        for word in ("Paris", "get_time", "CET", "rains", "Hm", "https", "bold"):
            assert (word in shown) == (word in text), (family, word)
