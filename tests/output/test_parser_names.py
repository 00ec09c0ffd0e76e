# SPDX-License-Identifier: Apache-2.0
"""Names of parsers, and what `auto` infers: what vLLM's Rust frontend 0.33 logged for models of these names."""

from __future__ import annotations

import pytest

from fastfront._native.parse import reasoning_parser_names, tool_parser_names
from fastfront.output import parser_names
from fastfront.output.parser_names import REASONING_NAMES, TOOL_NAMES, ParserNames, infer_parsers

OBSERVED = {
    "Qwen/Qwen3-8B": ("qwen3_json", "qwen3"),
    "Qwen/Qwen3-Coder-30B-A3B": ("qwen3_coder", "qwen3"),
    "Qwen3.5-9B": ("qwen3_coder", "qwen3"),
    "Qwen/QwQ-32B": ("qwen3_json", "deepseek_r1"),
    "Qwen2.5-7B-Instruct": ("qwen3_json", None),
    "Qwen2-7B": (None, None),
    "internlm2-chat-7b": ("internlm", None),
    "internlm3": (None, None),
    "Llama-4-Scout": ("llama4_json", None),
    "Llama-3.2-1B": ("llama3_json", None),
    "Llama-3.1-8B": ("llama3_json", None),
    "Llama-3.3-70B": (None, None),
    "Llama-2-7b": (None, None),
    "DeepSeek-R1": ("deepseek_v3", "deepseek_r1"),
    "DeepSeek-R1-Distill-Qwen-7B": ("deepseek_v3", "deepseek_r1"),
    "DeepSeek-R1-0528-Qwen3-8B": ("qwen3_json", "deepseek_r1"),
    "DeepSeek-V4.1": ("deepseek_v41", "deepseek_v41"),
    "DeepSeek-V4-Flash": ("deepseek_v4", "deepseek_v4"),
    "DeepSeek-V3.2": ("deepseek_v32", "deepseek_v3"),
    "DeepSeek-V3.1": ("deepseek_v31", "deepseek_v3"),
    "DeepSeek-V3-0324": ("deepseek_v3", "deepseek_v3"),
    "GLM-5": ("glm47", "glm47"),
    "GLM-4.7": ("glm47", "glm47"),
    "GLM-4.6": ("glm45", "glm45"),
    "GLM-4.5-Air": ("glm45", "glm45"),
    "GLM-4-9b": (None, None),
    "granite-4.0-h": ("granite4", None),
    "Kimi-K2-Thinking": ("kimi_k2", "kimi_k2"),
    "Kimi-K3": ("kimi_k3", "kimi_k3"),
    "Kimi-VL": (None, None),
    "MiniMax-M2": ("minimax_m2", "minimax_m2"),
    "MiniMax-M1": ("minimax_m2", "minimax_m2"),
    "mm-m2": ("minimax_m2", "minimax_m2"),
    "Step-5": ("step5", "step5"),
    "Step-3.5-Flash": (None, "step3p5"),
    "stepfun-ai/step3": (None, "step3"),
    "Step-3": (None, None),
    "gemma-4-27b": ("gemma4", "gemma4"),
    "gemma-3-4b": (None, None),
    "inkling": ("inkling", "inkling"),
    "Hy3-preview": ("hy_v3", "hy_v3"),
    "hy4": ("hy_v4", "hy_v4"),
    "Hunyuan-A13B": (None, None),
    "MiMo-V2-Flash": ("mimo", "mimo"),
    "MiMo-7B": (None, None),
    "Mistral-7B": ("mistral", None),
    "mistral": (None, None),
    "Nemotron-3-Super": (None, "nemotron_v3"),
    "models/dir-qwen3/x": ("qwen3_json", "qwen3"),
}


@pytest.mark.parametrize(("model", "names"), OBSERVED.items())
def test_name_tells_what_it_tells_vllm_rs(model, names):
    """Tool parser and reasoning parser, None where it has no opinion."""
    assert infer_parsers(model, {}) == names


def test_model_type_tells_where_the_name_does_not():
    """A renamed checkpoint of a type with one format."""
    assert infer_parsers("/data/checkpoint-500", {"model_type": "qwen3_moe"}) == ("qwen3_json", "qwen3")
    assert infer_parsers("/data/checkpoint-500", {"model_type": "llama"}) == ParserNames()
    assert infer_parsers("/data/qwen2.5", {"model_type": "qwen3"}) == ("qwen3_json", None)


def test_template_without_thinking_needs_no_reasoning_parser():
    """Qwen3's instruct models."""
    assert infer_parsers("Qwen3-4B-Instruct", {}, "{{ messages }}") == ("qwen3_json", None)
    assert infer_parsers("Qwen3-4B", {}, "{{ '<think>' }}") == ("qwen3_json", "qwen3")
    assert infer_parsers("GPT-OSS-20b", {}, "{{ messages }}") == ("openai", "openai_gptoss")


def test_native_names_are_vllms():
    """No parser has a name that vLLM does not know."""
    assert set(reasoning_parser_names()) <= REASONING_NAMES
    assert {name for name in tool_parser_names() if ":" not in name} <= TOOL_NAMES


def test_every_reasoning_name_is_native():
    """None of vLLM's is missing, those of 0.33 included."""
    assert set(reasoning_parser_names()) == REASONING_NAMES


def test_all_that_is_inferred_has_a_name():
    """Typing errors would be found when a model is served."""
    rules = (parser_names._TOOLS_BY_NAME, parser_names._BOTH_BY_NAME)
    assert {parser for rule in rules for _, parser in rule} <= TOOL_NAMES
    rules = (parser_names._REASONING_BY_NAME, parser_names._BOTH_BY_NAME)
    assert {parser for rule in rules for _, parser in rule} <= REASONING_NAMES
