# SPDX-License-Identifier: Apache-2.0
"""The families of models whose answers are proven end to end: their parsers' names, and how they write an answer.

Every name that vLLM registers is in one of them. How calls and thinking are written is the corpora's of tests/parsers.
Knows no server and no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tests.parsers import corpus_harmony, corpus_reasoning, corpus_tags, json_corpus, list_corpus, tag_formats

Call = tuple[str, dict[str, Any]]
"""A function's name, and its arguments as the client is to read them."""


class Family(NamedTuple):
    """How the models of one family write."""

    name: str
    tools: str | None
    reasoning: str | None
    calls: Callable[[list[Call]], str] | None = None
    """Calls, one behind the other; None: there is no tool parser."""
    text: Callable[[str], str] = str
    """What is said to the user."""
    ending: str = ""
    """What every answer ends with."""
    thinking: Callable[[str], str] | None = None
    """What the model thinks; None: there is no reasoning parser."""
    opening: str = ""
    """What begins thinking, where a template may write that into the prompt."""
    kwargs: Mapping[str, Any] = MappingProxyType({})
    """Chat template arguments without which there is no thinking."""
    silent: bool = False
    """No text stands before or behind calls."""
    broken: tuple[str, str] = ("", "")
    """What makes a well-formed call of get_weather malformed: this text becomes that."""
    harmony: bool = False
    """Tokens are gpt-oss's."""


JSON_BROKEN = ('"celsius"', "celsius")
LIST_BROKEN = ("'celsius'", "celsius'")
TAGS_BROKEN = ("get_weather", "get <weather")


def _raw(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tags(parser: str) -> Callable[[list[Call]], str]:
    render = tag_formats.RENDER[parser]
    return lambda calls: render([(name, [(key, _raw(value)) for key, value in given.items()]) for name, given in calls])


def _json(name: str) -> Callable[[list[Call]], str]:
    render = json_corpus.FORMATS[name].render
    between = "\n" if json_corpus.FORMATS[name].parser in LINES else ""
    return lambda calls: render(
        [json_corpus.Written(called, json.dumps(given, ensure_ascii=False)) for called, given in calls], between
    )


LINES = ("hermes", "qwen3_json", "longcat", "granite4", "ernie45")


def _python(name: str) -> Callable[[list[Call]], str]:
    render = list_corpus.FORMATS[name].render
    return lambda calls: render(
        [f"{called}({', '.join(f'{key}={value!r}' for key, value in given.items())})" for called, given in calls]
    )


def _harmony(calls: list[Call]) -> str:
    return "".join(
        f"{corpus_harmony.AGAIN} to=functions.{name}<|channel|>commentary <|constrain|>json<|message|>"
        f"{json.dumps(given, ensure_ascii=False)}<|call|>"
        for name, given in calls
    )


THINKING: dict[str, Callable[[str], str]] = {
    "gemma4": lambda text: f"<|channel>thought\n{text}<channel|>",
    "hunyuan_a13b": lambda text: f"<think>\n{text}\n</think>\n<answer>\n",
    "openai_gptoss": lambda text: f"<|channel|>analysis<|message|>{text}<|end|>",
    # The models' templates open thinking.
    "step3": lambda text: f"{text}</think>",
    "minimax_m2_append_think": lambda text: f"{text}</think>",
}
"""Where it is not what stands between the format's two markers."""

NOT_OPENED = (
    *("granite", "hunyuan_a13b", "inkling", "kimi_k3", "minimax_m2_append_think", "muse_glimmer", "openai_gptoss"),
    "step3",
)
"""Reasoning parsers that no prompt opens thinking for with the start marker alone."""


def _thinking(parser: str) -> Callable[[str], str]:
    if parser in THINKING:
        return THINKING[parser]
    form = corpus_reasoning.FORMATS[parser]
    return lambda text: form.start + text + form.end


TEXT: dict[str, Callable[[str], str]] = {
    "kimi_k3": corpus_tags.BEFORE["kimi_k3"].format,
    "inkling": ("<|message_model|>" + corpus_tags.BEFORE["inkling"]).format,
    "muse_glimmer": "<|start|>assistant to=user<|message|>{}<|eom|>".format,
    "cohere_command3": json_corpus.FORMATS["cohere_command3"].around,
    "cohere_command4": json_corpus.FORMATS["cohere_command4"].around,
    "openai": "<|start|>assistant<|channel|>final<|message|>{}<|end|>".format,
}
"""By tool parser: how text is marked."""

KWARGS = {**corpus_reasoning.ON, "gemma4": {"enable_thinking": True}}


def _family(
    tools: str | None,
    reasoning: str | None,
    calls: Callable[[list[Call]], str] | None = None,
    broken: tuple[str, str] = ("", ""),
    *,
    silent: bool = False,
    ending: str = "",
) -> Family:
    known = reasoning in corpus_reasoning.FORMATS and reasoning not in NOT_OPENED
    return Family(
        name=tools if tools == reasoning else "+".join(filter(None, (tools, reasoning))),
        tools=tools,
        reasoning=reasoning,
        calls=calls,
        text=TEXT.get(tools or "", str),
        ending=ending,
        thinking=_thinking(reasoning) if reasoning is not None else None,
        opening=corpus_reasoning.FORMATS[str(reasoning)].start if known else "",
        kwargs=KWARGS.get(str(reasoning), {}),
        silent=silent,
        broken=broken,
        harmony=tools == "openai",
    )


def _tagged(tools: str, reasoning: str | None, *, silent: bool = False) -> Family:
    return _family(tools, reasoning, _tags(tools), TAGS_BROKEN, silent=silent)


def _jsons(tools: str, reasoning: str | None, form: str = "", *, silent: bool = False, ending: str = "") -> Family:
    return _family(tools, reasoning, _json(form or tools), JSON_BROKEN, silent=silent, ending=ending)


def _list(tools: str, reasoning: str | None, *, silent: bool = True) -> Family:
    return _family(tools, reasoning, _python(tools), LIST_BROKEN, silent=silent)


GROUPS: dict[str, list[Family]] = {
    "JSON in tags": [
        _jsons("hermes", "qwen3"),
        _jsons("qwen3_json", "deepseek_r1"),
        _jsons("longcat", None),
        _jsons("granite4", "granite_thinking_parser"),
        _jsons("ernie45", "ernie45"),
        _jsons("granite-20b-fc", None),
        _jsons("internlm", None),
        _jsons("gigachat3", None),
    ],
    "JSON in lists": [
        _jsons("granite", "granite"),
        _jsons("jamba", "holo2"),
        _jsons("hunyuan_a13b", "hunyuan_a13b"),
        _jsons("xlam", None),
        _jsons("apertus", None),
        _jsons("phi4_mini_json", None, silent=True),
        _jsons("cohere_command3", "cohere_command3"),
        _jsons("cohere_command4", "cohere_command4"),
    ],
    "bare JSON, or behind a name": [
        _jsons("llama3_json", None, silent=True),
        _jsons("llama4_json", None, silent=True),
        _jsons("mistral", "mistral", "mistral, names"),
        _jsons("deepseek_v3", "minimax_m2_append_think"),
        _jsons("deepseek_v31", "deepseek_v3"),
        _jsons("kimi_k2", "kimi_k2"),
    ],
    "Python calls": [
        _list("pythonic", None),
        _list("llama4_pythonic", None),
        _list("olmo3", "olmo3"),
        _list("lfm2", None, silent=False),
    ],
    "function and parameter tags": [
        _tagged("qwen3_coder", "nemotron_v3"),
        _tagged("qwen3_xml", "minicpmv"),
        _tagged("mimo", "mimo"),
        _tagged("seed_oss", "seed_oss"),
        _tagged("step3p5", "step3p5"),
    ],
    "keys and values": [
        _tagged("glm45", "glm45"),
        _tagged("glm47", "glm47"),
        _tagged("ling3", "ling3"),
        _tagged("hy_v3", "hy_v3"),
        _tagged("hy_v4", "hy_v4"),
        _tagged("k2_horizon", "k2_horizon"),
        _tagged("poolside_v1", "poolside_v1"),
    ],
    "invoke and parameter": [
        _tagged("minimax_m2", "minimax_m2"),
        _tagged("minimax_m3", "minimax_m3"),
        _tagged("deepseek_v32", None),
        _tagged("deepseek_v4", "deepseek_v4"),
        _tagged("deepseek_v41", "deepseek_v41"),
        _tagged("dots", None),
        _tagged("step3", "step3"),
    ],
    "tokens and channels": [
        _tagged("kimi_k3", "kimi_k3"),
        _tagged("plamo3", "plamo3"),
        _tagged("inkling", "inkling"),
        _tagged("gemma4", "gemma4"),
        _tagged("functiongemma", None),
        _tagged("muse_glimmer", "muse_glimmer"),
        _tagged("minicpm5", None, silent=True),
        _family("openai", "openai_gptoss", _harmony, JSON_BROKEN),
    ],
}
"""By what a call looks like: the groups of docs/parsers.md. Pairs are models', but for parsers that no model pairs."""

FAMILIES = {family.name: family for group in GROUPS.values() for family in group}
