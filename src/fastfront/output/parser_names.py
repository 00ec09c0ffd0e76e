# SPDX-License-Identifier: Apache-2.0
"""The names of tool and reasoning parsers, and which of them a model needs when the name given is ``auto``.

Knows names, no formats. The rules by model name are those of vLLM's Rust frontend (0.33): a substring of the model's
name, in lower case, the first in order. vLLM's Python server infers nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fastfront._native.parse import reasoning_parser_names, special_tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping

REASONING_NAMES = frozenset(
    (
        *("cohere_command3", "cohere_command4", "deepseek_r1", "deepseek_v3", "deepseek_v4", "deepseek_v41", "ernie45"),
        *("gemma4", "glm45", "glm47", "granite", "granite_thinking_parser", "hf", "holo2", "hunyuan_a13b", "hy_v3"),
        *("hy_v4", "inkling", "k2_horizon", "kimi_k2", "kimi_k3", "ling3", "mimo", "minicpmv", "minimax_m2"),
        *("minimax_m2_append_think", "minimax_m3", "mistral", "muse_glimmer", "nemotron_v3", "olmo3", "openai_gptoss"),
        *("plamo3", "poolside_v1", "qwen3", "seed_oss", "step3", "step3p5"),
        *("beam", "muse", "musespark1x", "step5"),
    )
)
"""All of vLLM 0.32 (vllm/reasoning/__init__.py), and at the end those that 0.33 adds."""

TOOL_NAMES = frozenset(
    (
        *("apertus", "cohere_command3", "cohere_command4", "deepseek_v3", "deepseek_v31", "deepseek_v32"),
        *("deepseek_v4", "deepseek_v41", "dots", "ernie45", "functiongemma", "gemma4", "gigachat3", "glm45", "glm47"),
        *("granite", "granite-20b-fc", "granite4", "hermes", "hf", "hunyuan_a13b", "hy_v3", "hy_v4", "inkling"),
        *("internlm", "jamba", "k2_horizon", "kimi_k2", "kimi_k3", "lfm2", "ling3", "llama3_json", "llama4_json"),
        *("llama4_pythonic", "longcat", "mimo", "minicpm5", "minimax_m2", "minimax_m3", "mistral", "muse_glimmer"),
        *("olmo3", "openai", "phi4_mini_json", "plamo3", "poolside_v1", "pythonic", "qwen3_coder", "qwen3_json"),
        *("qwen3_xml", "seed_oss", "step3", "step3p5", "xlam"),
        *("beam", "muse", "musespark1x", "step5"),
    )
)
"""All of vLLM 0.32 (vllm/tool_parsers/__init__.py), and at the end those that 0.33 adds."""


class ParserNames(NamedTuple):
    """The parsers that a model needs; None: none is known."""

    tool_call: str | None = None
    reasoning: str | None = None


_TOOLS_BY_NAME = (
    ("mimo-v2", "mimo"),
    ("qwen3-coder", "qwen3_coder"),
    ("qwen3.5", "qwen3_coder"),
    ("qwq", "qwen3_json"),
    ("qwen2.5", "qwen3_json"),
    ("qwen3", "qwen3_json"),
    ("internlm2", "internlm"),
    ("llama-4", "llama4_json"),
    ("llama-3.2", "llama3_json"),
    ("llama-3.1", "llama3_json"),
    ("mistral-", "mistral"),
    ("deepseek-r1", "deepseek_v3"),
    ("deepseek-v4.1", "deepseek_v41"),
    ("deepseek-v4", "deepseek_v4"),
    ("deepseek-v3.2", "deepseek_v32"),
    ("deepseek-v3.1", "deepseek_v31"),
    ("deepseek-v3", "deepseek_v3"),
    ("glm-5", "glm47"),
    ("glm-4.7", "glm47"),
    ("glm-4.6", "glm45"),
    ("glm-4.5", "glm45"),
    ("granite-4", "granite4"),
    ("kimi-k2", "kimi_k2"),
    ("minimax-m3", "minimax_m3"),
    ("mm-m3", "minimax_m3"),
    ("minimax", "minimax_m2"),
    ("mm-m2", "minimax_m2"),
    ("step-5", "step5"),
)
_REASONING_BY_NAME = (
    ("deepseek-r1", "deepseek_r1"),
    ("qwq", "deepseek_r1"),
    ("mimo-v2", "mimo"),
    ("qwen3", "qwen3"),
    ("deepseek-v4.1", "deepseek_v41"),
    ("deepseek-v4", "deepseek_v4"),
    ("deepseek-v3", "deepseek_v3"),
    ("glm-5", "glm47"),
    ("glm-4.7", "glm47"),
    ("glm-4.6", "glm45"),
    ("glm-4.5", "glm45"),
    ("kimi-k2", "kimi_k2"),
    ("minimax-m3", "minimax_m3"),
    ("mm-m3", "minimax_m3"),
    ("minimax", "minimax_m2"),
    ("mm-m2", "minimax_m2"),
    ("nemotron", "nemotron_v3"),
    ("step-5", "step5"),
    ("step-3.5", "step3p5"),
    ("step3p5", "step3p5"),
    ("step3", "step3"),
)
_BOTH_BY_NAME = (
    ("seed-oss", "seed_oss"),
    ("seedoss", "seed_oss"),
    ("gemma-4", "gemma4"),
    ("gemma4", "gemma4"),
    ("inkling", "inkling"),
    ("kimi-k3", "kimi_k3"),
    ("kimi_k3", "kimi_k3"),
    ("hy3", "hy_v3"),
    ("hy4", "hy_v4"),
    ("cohere", "cohere_command3"),
    ("command", "cohere_command3"),
)
"""Part of a model's name and the parser; the last for both. The Rust frontend calls Cohere's `cohere_cmd`."""

_BY_TYPE: dict[str, ParserNames] = {
    "deepseek_v32": ParserNames("deepseek_v32", "deepseek_v3"),
    "gpt_oss": ParserNames("openai", "openai_gptoss"),
    "inkling": ParserNames("inkling", "inkling"),
    "kimi_k2": ParserNames("kimi_k2", "kimi_k2"),
    "minimax_m2": ParserNames("minimax_m2", "minimax_m2"),
    "qwen3": ParserNames("qwen3_json", "qwen3"),
    "qwen3_moe": ParserNames("qwen3_json", "qwen3"),
    "seed_oss": ParserNames("seed_oss", "seed_oss"),
}
"""By config.json's model_type, for models whose name says nothing: those with one format only."""


def infer_parsers(model: str, config: Mapping[str, Any], chat_template: str | None = None) -> ParserNames:
    """Return the parsers that a model needs, as far as its name or, if that says nothing, its config.json tells.

    `model`: the name or path. `config`: config.json. `chat_template`: the template's source, if there is one: a
    reasoning parser by whose markers the template does not go is not for this model (Qwen3's instruct models never
    think, and where the end of thinking never comes, its parser takes all of an answer for reasoning). That and
    `config` are our own.
    """
    name = model.lower()
    if "gpt-oss" in name:
        return _BY_TYPE["gpt_oss"]
    both = _first(_BOTH_BY_NAME, name)
    found = ParserNames(_first(_TOOLS_BY_NAME, name) or both, _first(_REASONING_BY_NAME, name) or both)
    if found == ParserNames():
        found = _BY_TYPE.get(config.get("model_type", ""), found)
    if found.reasoning is None or chat_template is None or found.reasoning not in reasoning_parser_names():
        return found
    markers = [text for text in special_tokens_of(found.reasoning, reasoning=True) if "think" in text.lower()]
    if markers and not any(marker in chat_template for marker in markers):
        return found._replace(reasoning=None)
    return found


def _first(rules: tuple[tuple[str, str], ...], name: str) -> str | None:
    return next((parser for part, parser in rules if part in name), None)
