# SPDX-License-Identifier: Apache-2.0
"""Answers in the formats that vLLM 0.33 adds: Muse Spark's (`muse`, `musespark1x`) and Step-5's (`step5`), thinking and
calls together. vLLM 0.33 decides what they are (golden/vllm_0_33.json). Knows no parser.
"""

from __future__ import annotations

from tests.parsers.corpus_tags import VALUES
from tests.parsers.tag_formats import muse, qwen

TOKENS = {
    "muse": ("<|start|>", "<|message|>", "<|eom|>", "<|eot|>"),
    "step5": ("<think>", "</think>", "<tool_call>", "</tool_call>"),
}
"""Special tokens of the vocabularies."""

WEATHER = ("get_weather", [("city", "Paris"), ("unit", "celsius")])
TYPED = [("s", "42"), ("i", "5"), ("n", "1.50"), ("o", '{"x": 1}'), ("silent", "null"), ("q", "no JSON")]
NEXT = "<|start|>assistant "
SELF, USER = "to=self<|message|>", "to=user<|message|>"

MUSE = {
    "answer": f" {USER}It rains.\n\nA lot.<|eot|>",
    "thinking": f" {SELF}Hm.\n<|eom|>{NEXT}{USER}It rains.<|eot|>",
    "thinking to nobody": f"<|message|>Hm.<|eom|>{NEXT}{USER}It rains.<|eot|>",
    "thinking to nobody, later": f" {SELF}one <|eom|><|start|>assistant<|message|>two<|eom|>{NEXT}{USER}three<|eot|>",
    "thoughts are not joined by lines": f" {SELF}one<|eom|>{NEXT}{SELF}two<|eom|>{NEXT}{USER}three",
    "commentary": f" {SELF}Hm.<|eom|>{NEXT}to=commentary<|message|>So.\n<|eom|>{NEXT}{USER}Yes.<|eot|>",
    "what is for developers": f" to=developer<|message|>x y<|eom|>{NEXT}{USER}Yes.<|eot|>",
    "no end before the next": f" {SELF}Hm.{NEXT}{USER}Yes.<|eot|>",
    "thinking without an end": f" {SELF}Hm. to",
    "an answer without an end": f" {SELF}Hm.<|eom|>{NEXT}{USER}It rains",
    "one call": f" {SELF}Hm.<|eom|>{muse([WEATHER])}",
    "calls": f" {SELF}Hm.<|eom|>{muse([WEATHER, ('now', []), ('typed', TYPED)])}",
    "commentary and a call": f" to=commentary<|message|>Let me see.<|eom|>{muse([WEATHER])}",
    "a call and an answer": f" {SELF}Hm.<|eom|>{muse([WEATHER])}{NEXT}{USER}Done.<|eot|>",
    "a call, thinking and another": f" {SELF}a<|eom|>{muse([WEATHER])}{NEXT}{SELF}b<|eom|>{muse([('now', [])])}",
    "a doubled name": f" {SELF}Hm.<|eom|>" + muse([("now", [])]).replace('name="now"', 'name="now.now"'),
    "a call in thinking": f' {SELF}<atem:invoke name="now"></atem:invoke><|eom|>{NEXT}{USER}x<|eot|>',
    **{
        f"value {name} {number}": f" {SELF}Hm.<|eom|>{muse([('typed', [(name, text)])])}"
        for name in ("s", "i", "o", "maybe", "silent")
        for number, text in enumerate(VALUES[name])
        if "<" not in text
    },
}

STEP5 = {
    "answer": "It rains.\n",
    "thinking": "<think>\nHm.\n</think>\n\nIt rains.",
    "thinking begun": "Hm.\n</think>\n It rains.",
    "one call": f"<think>Hm.</think>\n{qwen([WEATHER])}",
    "text before": f"Hm.</think>Let me see. \n\n{qwen([WEATHER, ('now', [])])}",
    "types": f"</think>{qwen([('typed', TYPED)])}",
}

ANSWERS = {"muse": MUSE, "step5": STEP5}
