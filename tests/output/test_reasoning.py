# SPDX-License-Identifier: Apache-2.0
"""Where prompts leave thinking: as vLLM's parsers say (tests/parsers/golden_reasoning.json)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastfront._native.parse import THINKING_CLOSED, THINKING_OPEN, THINKING_UNSAID, reasoning_parser_names
from fastfront.output.reasoning import RULES, markup_tokens, prompt_tokens, thinking_of

GOLDEN = json.loads((Path(__file__).parents[1] / "parsers" / "golden_reasoning.json").read_text())
VOCAB = {"<think>": 1, "</think>": 2, "<tool_call>": 3, "<|im_start|>": 4, "x": 9}

UNREAD = {"minimax_m2_append_think", "olmo3"}
"""The first makes no reasoning, whatever the prompt says. For the other, vLLM finds an end of thinking anywhere in the
conversation, and would stream the next answer's thinking as content."""


def test_every_native_parser_has_a_rule():
    """And no rule is left over."""
    assert sorted(RULES) == reasoning_parser_names()


SWITCH_FIRST = {"deepseek_v4", "deepseek_v41", "minicpmv"}
"""In vLLM a prompt that opens thinking overrides arguments that switch it off; no template writes such a prompt."""


@pytest.mark.parametrize("parser", sorted(set(GOLDEN) - UNREAD))
def test_closed_is_what_vllm_says_has_ended(parser):
    """For every end of a prompt and every combination of chat template arguments."""
    entry = GOLDEN[parser]
    special = entry["tokens"] | {text: ids[0] for text, ids in entry["markers"].items() if len(ids) == 1}
    wrong = []
    for row in entry["prompts"]:
        for prompt, ids in entry["prompt_ids"].items():
            found = thinking_of(parser, ids, special, row["kwargs"])
            if parser in SWITCH_FIRST and prompt in {"open", "history_then_open"} and found == THINKING_CLOSED:
                continue
            if (found == THINKING_CLOSED) != (prompt in row["ended"]):
                wrong.append((row["kwargs"], prompt, found))
    assert not wrong


@pytest.mark.parametrize(
    ("ids", "expected"),
    [([], THINKING_UNSAID), ([1], THINKING_OPEN), ([1, 9, 2, 9], THINKING_CLOSED), ([1, 9, 2, 4, 9], THINKING_UNSAID)],
)
def test_last_marker_of_the_turn_decides(ids, expected):
    """Behind a start thinking is open, behind an end closed; other turns say nothing."""
    assert thinking_of("qwen3", ids, VOCAB) == expected


def test_argument_opens_what_the_prompt_does_not_say():
    """MiniMax M3's template opens thinking for `thinking_mode`."""
    assert thinking_of("minimax_m3", [], {}, {"thinking_mode": "enabled"}) == THINKING_OPEN
    assert thinking_of("minimax_m3", [], {}, {"thinking_mode": "adaptive"}) == THINKING_UNSAID


def test_template_without_a_switch_ignores_it():
    """GLM-5.3 always thinks, whatever the request says; GLM-4.x does not."""
    always = "[gMASK]<sop> Reasoning Effort: <tool_call> <arg_key> <arg_value>"
    off = {"enable_thinking": False}
    assert thinking_of("glm47", [], {}, off, chat_template=always) == THINKING_UNSAID
    assert thinking_of("glm47", [], {}, off, chat_template=always + "enable_thinking") == THINKING_CLOSED
    assert thinking_of("glm47", [], {}, off) == THINKING_CLOSED


def test_unknown_parser_says_nothing():
    """A plugin's parser decides for itself."""
    assert thinking_of("mine", [1], VOCAB, {"enable_thinking": False}) == THINKING_UNSAID


def test_markup_tokens_are_those_of_the_vocabulary():
    """Only what the parser reads: others would come out as text."""
    assert markup_tokens("qwen3", VOCAB) == {"<think>": 1, "</think>": 2, "<tool_call>": 3}
    assert markup_tokens("olmo3", VOCAB) == {}
    with pytest.raises(KeyError):
        markup_tokens("none", VOCAB)


def test_prompt_tokens_are_those_of_the_rule():
    """Turns' beginnings among them."""
    assert prompt_tokens("qwen3", VOCAB) == {"<think>": 1, "</think>": 2, "<tool_call>": 3, "<|im_start|>": 4}
    assert prompt_tokens("olmo3", VOCAB) == {}


def test_markup_tokens_may_have_a_suffix():
    """Hunyuan's checkpoints differ in it; the prompt's rule sees through it."""
    vocab = {"<think:6124c78e>": 1, "</think:6124c78e>": 2, "<other:6124c78e>": 3}
    tokens = markup_tokens("hy_v4", vocab)
    assert tokens == prompt_tokens("hy_v4", vocab) == {"<think:6124c78e>": 1, "</think:6124c78e>": 2}
    assert thinking_of("hy_v4", [1, 9, 2], tokens) == THINKING_CLOSED
    assert thinking_of("hy_v4", [1, 9], tokens) == THINKING_OPEN
