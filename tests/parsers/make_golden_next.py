# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM 0.33's parsers what the answers of corpus_next.py are, and write golden/vllm_0_33.json.

    PYTHONPATH=VLLM_0_33:. VLLM_VENV/bin/python tests/parsers/make_golden_next.py [FILE]

VLLM_0_33 has the Python files of vLLM 0.33's wheel; nothing compiled is needed, and the environment may be 0.32's. The
tests read the file. Whole answers, reasoning and calls. Made with vLLM 0.33.0.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser.abstract_parser import DelegatingParser
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager

from tests.parsers.corpus_next import ANSWERS, TOKENS
from tests.parsers.corpus_tags import TOOLS

GOLDEN = Path(__file__).parent / "golden" / "vllm_0_33.json"


class Tokenizer:
    """As much of a tokenizer as the parsers ask for."""

    all_special_tokens: tuple[str, ...] = ()
    all_special_ids: tuple[int, ...] = ()
    chat_template = None

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self.tokens = tokens

    def get_vocab(self) -> dict[str, int]:
        """The special tokens."""
        return {token: number for number, token in enumerate(self.tokens, 100)}

    def encode(self, text: str, **_: Any) -> list[int]:
        """Any ids that tell texts apart."""
        return list(text.encode())


def asked(name: str, text: str) -> dict[str, Any]:
    """What the whole answer of vLLM's server would hold."""
    members = {
        "tool_parser_cls": ToolParserManager.get_tool_parser(name),
        "reasoning_parser_cls": ReasoningParserManager.get_reasoning_parser(name),
    }
    request = ChatCompletionRequest.model_validate({"messages": [{"role": "user", "content": "hi"}], "tools": TOOLS})
    parser = type("Asked", (DelegatingParser,), members)(Tokenizer(TOKENS[name]), request.tools)
    reasoning, content, calls = parser.parse(text, request, enable_auto_tools=True)
    return {
        "reasoning": reasoning or "",
        "content": content or "",
        "tool_calls": [{"name": call.name, "id": "", "arguments": call.arguments} for call in calls or []],
    }


def main(path: Path) -> None:
    """Write what vLLM makes of every answer."""
    lines = [
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(
            f" {json.dumps(title)}: {json.dumps(asked(name, text), ensure_ascii=False)}"
            for title, text in answers.items()
        )
        + "\n}"
        for name, answers in ANSWERS.items()
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
