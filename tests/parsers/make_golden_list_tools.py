# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own parsers what the answers of list_corpus.py are, and write golden/list_tools.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_list_tools.py [FILE]

The tests read the file; tests/real_engine/test_tool_parsers.py makes it again and compares. Made with vLLM 0.32.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.parsers.list_corpus import FORMATS, TOKENS, answers

GOLDEN = Path(__file__).parent / "golden" / "list_tools.json"


class Tokenizer:
    """As much of a tokenizer as parsers ask for: a vocabulary of special tokens."""

    all_special_tokens: tuple[str, ...] = ()
    all_special_ids: tuple[int, ...] = ()

    def get_vocab(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(TOKENS, 100)}

    def __bool__(self) -> bool:
        return True


def vllm_answer(name: str, text: str) -> dict[str, Any]:
    """The whole answer of vLLM's Python server for this text, with tool_choice "auto"."""
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.parser.abstract_parser import DelegatingParser
    from vllm.tool_parsers import ToolParserManager

    class Parser(DelegatingParser):
        tool_parser_cls = ToolParserManager.get_tool_parser(name)

    request = ChatCompletionRequest(
        model="m",
        messages=[{"role": "user", "content": "x"}],
        tools=[{"type": "function", "function": {"name": "get_weather"}}],
    )
    tokenizer: Any = Tokenizer()
    _, content, calls = Parser(tokenizer, request.tools).parse(text, request, enable_auto_tools=True)
    return {
        "content": content or "",
        "tool_calls": [{"name": call.name, "id": "", "arguments": call.arguments} for call in calls or []],
    }


def main() -> None:
    """Write the file."""
    lines = ",\n".join(
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(
            f" {json.dumps(title)}: {json.dumps(vllm_answer(form.parser, text), ensure_ascii=False)}"
            for title, text in answers(name)
        )
        + "\n}"
        for name, form in FORMATS.items()
    )
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
    target.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
