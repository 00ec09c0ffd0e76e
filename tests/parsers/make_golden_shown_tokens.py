# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's parsers what they make of a request's skip_special_tokens, and write golden/shown_tokens.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_shown_tokens.py [FILE]

By reasoning parser and tool parser ("" for none) and case: [skip_special_tokens, spaces_between_special_tokens] of the
request that /render goes by. Parsers that need packages which are not there are left out. Made with vLLM 0.32.0.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser import ParserManager
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager

from tests.parsers.make_golden_structural_tags import Tokenizer

GOLDEN = Path(__file__).parent / "golden" / "shown_tokens.json"
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
CASES: dict[str, dict[str, Any]] = {
    "no tools": {},
    "none": {"tools": TOOLS, "tool_choice": "none"},
    "auto": {"tools": TOOLS},
    "required": {"tools": TOOLS, "tool_choice": "required"},
    "named": {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "f"}}},
}
MODEL = SimpleNamespace(hf_config=SimpleNamespace(model_type="any"))


def asked(reasoning: str | None, tools: str | None, body: dict[str, Any]) -> list[bool]:
    """What the request says in the end."""
    request = ChatCompletionRequest.model_validate({"messages": [{"role": "user", "content": "hi"}], **body})
    parser = ParserManager._compose_parser(
        tool_parser_name=tools,
        reasoning_parser_name=reasoning,
        enable_auto_tools=True,
        model_name="any",
        is_harmony=tools == "openai" or reasoning == "openai_gptoss",
        tool_strict_level="auto",
        tokenizer=None,
    )
    # As vllm/renderers/online_renderer.py (preprocess_chat) does.
    if parser.always_adjust_request or parser.reasoning_parser_cls is not None or request.tool_choice != "none":
        made = parser(Tokenizer(), request.tools, model_config=MODEL, chat_template_kwargs={})
        request = made.adjust_request(request=request)
    return [request.skip_special_tokens, request.spaces_between_special_tokens]


def main(path: Path) -> None:
    """Write what vLLM makes of every case."""
    names = [(name, None) for name in ReasoningParserManager.list_registered()]
    names += [(other, name) for name in ToolParserManager.list_registered() for other in (None, "granite", "qwen3")]
    lines = []
    for reasoning, tools in names:
        try:
            found = {case: asked(reasoning, tools, body) for case, body in CASES.items()}
        except (ImportError, ValueError, TypeError):
            continue  # a package that is not there, or parsers that do not go together
        lines.append(f" {json.dumps(f'{reasoning or str()}+{tools or str()}')}: {json.dumps(found)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
