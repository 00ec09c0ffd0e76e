# SPDX-License-Identifier: Apache-2.0
"""Have vLLM render the chats of cases_renderers.py, and write golden_renderers.json: prompts by mode and case.

    PYTHONPATH=. VLLM_VENV/bin/python tests/prompt/make_golden_renderers.py [FILE]

A prompt is text or token ids; one that vLLM refuses is an object with the error's type and message. Made with vLLM
0.32.0.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

from tests.prompt import cases_renderers as cases

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from transformers import AutoTokenizer
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.renderers.deepseek_v4 import DeepseekV4Renderer
from vllm.renderers.deepseek_v32 import DeepseekV32Renderer
from vllm.renderers.inkling import InklingRenderer, _HfBackedTmlTokenizer
from vllm.renderers.params import merge_kwargs
from vllm.tokenizers.deepseek_v4 import get_deepseek_v4_tokenizer
from vllm.tokenizers.deepseek_v32 import get_deepseek_v32_tokenizer
from vllm.tokenizers.deepseek_v41 import get_deepseek_v41_tokenizer

GOLDEN = Path(__file__).parent / "golden_renderers.json"

_WRAPPED: dict[str, Any] = {
    "deepseek_v32": (DeepseekV32Renderer, get_deepseek_v32_tokenizer),
    "deepseek_v4": (DeepseekV4Renderer, get_deepseek_v4_tokenizer),
    "deepseek_v41": (DeepseekV4Renderer, get_deepseek_v41_tokenizer),
    "inkling": (InklingRenderer, lambda tokenizer: tokenizer),
}


def load(mode: str) -> Any:
    """Return vLLM's renderer of a mode, without the parts that need an engine's configuration."""
    kind, wrap = _WRAPPED[mode]
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = AutoTokenizer.from_pretrained(cases.make_model(Path(folder), mode))
    renderer = object.__new__(kind)
    renderer.tokenizer = wrap(tokenizer)
    renderer.model_config = types.SimpleNamespace(
        multimodal_config=None, is_multimodal_model=False, enable_prompt_embeds=False
    )
    if mode == "inkling":
        renderer._inkling_tokenizer = _HfBackedTmlTokenizer(tokenizer)
    return renderer


def render(renderer: Any, body: dict[str, Any], defaults: dict[str, Any] | None = None) -> Any:
    """Return a prompt as vLLM's `OnlineRenderer.preprocess_chat` asks for it: text, token ids, or {error, message}."""
    request = ChatCompletionRequest.model_validate(copy.deepcopy(body))
    tools = None if request.tools is None else [tool.model_dump() for tool in request.tools]
    params = request.build_chat_params(None, "auto").with_defaults(
        merge_kwargs(defaults, {"tools": tools, "tokenize": False})
    )
    try:
        _, prompt = renderer.render_messages(request.messages, params)
    except Exception as error:
        # The list of tasks is a set's: its order is another in each process.
        return {"error": type(error).__name__, "message": str(error).partition(" Valid tasks")[0]}
    return prompt["prompt"] if "prompt" in prompt else prompt["prompt_token_ids"]


def main(path: Path) -> None:
    """Write the prompts."""
    blocks = []
    for mode in cases.ARCHITECTURES:
        renderer = load(mode)
        rows = [
            f"{json.dumps(name)}: {json.dumps(render(renderer, body, cases.DEFAULTS.get(name)), ensure_ascii=False)}"
            for name, body in cases.CASES.items()
        ]
        blocks.append(f"{json.dumps(mode)}: {{\n" + ",\n".join(rows) + "\n}")
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
