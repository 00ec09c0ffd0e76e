# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own tool parsers about the answers of corpus_tags.py, and write golden/tags.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_tags.py [FILE]

The tests read the file; tests/real_engine/test_tool_parsers.py makes it again and compares. Whole answers, without
token ids, and the types that vLLM sees in schemas are checked. Made with vLLM 0.32.0.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser.abstract_parser import DelegatingParser
from vllm.tool_parsers import ToolParserManager
from vllm.tool_parsers.utils import _TYPE_ALIASES, extract_types_from_schema

from tests.output.schema_cases import CASES
from tests.parsers import corpus_tags as corpus

GOLDEN = Path(__file__).parent / "golden" / "tags.json"


class Tokenizer:
    """As much of a tokenizer as the parsers ask for when no token ids are given."""

    all_special_tokens: Sequence[str] = ()
    all_special_ids: Sequence[int] = ()
    init_kwargs: Mapping[str, Any] = MappingProxyType({})
    chat_template = None

    def get_vocab(self) -> dict[str, int]:
        """The tokens without which some parsers do not start."""
        names = ["tool_calls", "tool_call", "arg_key", "arg_value"]
        tokens = [f"<{slash}{name}>" for name in names for slash in ("", "/")]
        return {token: number for number, token in enumerate([*tokens, "<tool_sep>"])}

    def encode(self, text: str, **_: Any) -> list[int]:
        """Any ids that tell texts apart."""
        return list(text.encode())


def asked(parser: str, text: str, tools: list[dict[str, Any]] | None) -> dict[str, Any]:
    """What the whole answer of vLLM's server would hold."""
    body: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}]}
    if tools:
        body["tools"] = tools
    request = ChatCompletionRequest.model_validate(body)
    request.tool_choice = "auto"
    parser_class = type("Asked", (DelegatingParser,), {"tool_parser_cls": ToolParserManager.get_tool_parser(parser)})
    made = parser_class(Tokenizer(), request.tools)
    _, content, calls = made.parse(text, request, enable_auto_tools=True)
    return {
        "content": content,
        "calls": [{"name": call.name, "arguments": call.arguments} for call in calls or []],
    }


def check_schemas() -> None:
    """Compare the types that vLLM sees with those that the tests of tool_schemas.py expect."""
    known = {"string", "integer", "number", "boolean", "null", "object", "array"}
    for schema, expected in CASES:
        names = {name.strip().lower() for name in extract_types_from_schema(schema)}
        seen = {_TYPE_ALIASES.get(name, name) for name in names}
        assert {name if name in known else "other" for name in seen} == expected, schema


def main(path: Path) -> None:
    """Write what vLLM makes of every answer."""
    check_schemas()
    result = {
        parser: {
            name: asked(parser, text, corpus.TOOLS if tools else None)
            for name, (text, tools) in corpus.answers(parser).items()
        }
        for parser in corpus.RENDER
    }
    result["minicpm5 lines"] = {
        name: asked("minicpm5", corpus.minicpm([call]), corpus.LINE_TOOLS) for name, call in corpus.LINE_CALLS.items()
    }
    lines = [
        f"{json.dumps(parser)}: {{\n"
        + ",\n".join(f" {json.dumps(name)}: {json.dumps(case, ensure_ascii=False)}" for name, case in cases.items())
        + "\n}"
        for parser, cases in result.items()
    ]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
