# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's HarmonyParser about the answers of corpus_harmony.py, and write golden/harmony.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_harmony.py [FILE]

The tests read the file; tests/real_engine/test_tool_parsers.py makes it again and compares. Whole answers, with both
parsers, with each alone, and how many of the tokens are reasoning. Made with vLLM 0.32.0 and oss-harmony 0.0.11.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.openai.parser.harmony_utils import get_encoding
from vllm.parser.harmony import HarmonyParser
from vllm.reasoning.gptoss_reasoning_parser import GptOssReasoningParser
from vllm.tool_parsers.gptoss_tool_parser import GptOssToolParser

from tests.parsers import corpus_harmony as corpus

GOLDEN = Path(__file__).parent / "golden" / "harmony.json"
PARSERS = {
    "both": (GptOssReasoningParser, GptOssToolParser),
    "reasoning": (GptOssReasoningParser, None),
    "tools": (None, GptOssToolParser),
}


class Tokenizer:
    """What the parsers ask a gpt-oss tokenizer for."""

    def get_vocab(self) -> dict[str, int]:
        """Nothing is looked up."""
        return {}

    def decode(self, token_ids: list[int]) -> str:
        """Return the text, special tokens spelled."""
        return str(get_encoding().decode(token_ids))


def asked(text: str, which: str) -> dict[str, Any]:
    """What the whole answer of vLLM's server would hold."""
    reasoning_parser, tool_parser = PARSERS[which]
    members = {"reasoning_parser_cls": reasoning_parser, "tool_parser_cls": tool_parser}
    parser = type("Asked", (HarmonyParser,), members)(Tokenizer())
    request = ChatCompletionRequest.model_validate({"messages": [{"role": "user", "content": "hi"}]})
    token_ids = get_encoding().encode(text, allowed_special="all")
    reasoning, content, calls = parser.parse(text, request, model_output_token_ids=token_ids)
    found = {
        "reasoning": reasoning,
        "content": content,
        "calls": [{"name": call.name, "arguments": call.arguments} for call in calls or []],
    }
    if which == "both":
        found["reasoning_tokens"] = parser.count_reasoning_tokens(token_ids)
        found["token_ids"] = token_ids
    return found


def main(path: Path) -> None:
    """Write what vLLM makes of every answer."""
    rows = [
        f"{json.dumps(name)}: {json.dumps({which: asked(text, which) for which in PARSERS}, ensure_ascii=False)}"
        for name, text in corpus.ANSWERS.items()
    ]
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
