# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own parsers what the answers of json_corpus.py are, and write golden/json_tools.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_json_tools.py [FILE]

The tests read the file; tests/real_engine/test_tool_parsers.py makes it again and compares. Needs cohere-melody too, or
leaves its two formats out of FILE. Made with vLLM 0.32.0 and cohere-melody 0.15.3.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.parsers.json_corpus import FORMATS, SHARED_TOKENS, Format, answers

GOLDEN = Path(__file__).parent / "golden" / "json_tools.json"
IDS_FROM_TEXT = ("kimi_k2", "cohere_command3", "cohere_command4")

FORCED = {"json:required": "jamba", "json:mistral": "mistral"}
"""vLLM's parsers that read the answers to tool_choice "required" like that."""


class Tokenizer:
    """As much of a tokenizer as parsers ask for: a vocabulary of special tokens."""

    all_special_tokens: tuple[str, ...] = ()
    all_special_ids: tuple[int, ...] = ()

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._vocab = {token: number for number, token in enumerate(tokens, 100)}

    def get_vocab(self) -> dict[str, int]:
        return self._vocab

    def __bool__(self) -> bool:
        return True


def vllm_answer(form: Format, text: str) -> dict[str, Any]:
    """The whole answer of vLLM's Python server for this text, with tool_choice "auto", or "required" for FORCED."""
    if form.parser.startswith("cohere"):
        return cohere_answer(form, text)
    from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    from vllm.parser.abstract_parser import DelegatingParser
    from vllm.tool_parsers import ToolParserManager

    class Parser(DelegatingParser):
        tool_parser_cls = ToolParserManager.get_tool_parser(FORCED.get(form.parser, form.parser))

    request = ChatCompletionRequest(
        model="m",
        messages=[{"role": "user", "content": "x"}],
        tools=[{"type": "function", "function": {"name": "get_weather"}}],
        tool_choice="required" if form.parser in FORCED else "auto",
    )
    tokenizer: Any = Tokenizer((*SHARED_TOKENS, *form.tokens))
    _, content, calls = Parser(tokenizer, request.tools).parse(text, request, enable_auto_tools=True)
    return {
        "content": content or "",
        "tool_calls": [
            {
                "name": call.name,
                "id": call.id if form.parser in IDS_FROM_TEXT else "",
                "arguments": call.arguments,
            }
            for call in calls or []
        ],
    }


def cohere_answer(form: Format, text: str) -> dict[str, Any]:
    """The same of cohere_melody, which vLLM hands such answers to (vllm/parser/cohere_command.py)."""
    from cohere_melody import PyFilter, PyFilterOptions

    preset = {"cohere_command3": "cmd3", "cohere_command4": "cmd4"}[form.parser]
    result = PyFilter(getattr(PyFilterOptions(), preset)()).process_full_text(text)
    return {
        "content": result.content or "",
        "tool_calls": [{"name": call.name, "id": call.id, "arguments": call.arguments} for call in result.tool_calls],
    }


def main() -> None:
    """Write the file."""
    golden = {
        name: {title: vllm_answer(form, text) for title, text in answers(name)}
        for name, form in FORMATS.items()
        if find_spec("cohere_melody") or not form.parser.startswith("cohere")
    }
    lines = ",\n".join(
        f"{json.dumps(name)}: {{\n"
        + ",\n".join(f" {json.dumps(title)}: {json.dumps(case, ensure_ascii=False)}" for title, case in cases.items())
        + "\n}"
        for name, cases in golden.items()
    )
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
    target.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
