# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM what the requests of corpus_structural_tags.py say to the engine, and write golden/structural_tags.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_structural_tags.py [FILE]

The file has vLLM's table of parsers (its name for the structural tag, whether calls that have to come are JSON, with
strict tool calling and without, the level of its own) and, by parser and case, the constraint that DelegatingParser's
or HarmonyParser's adjust_request leaves in the request; the name of an earlier case where it is the same. Made with
vLLM 0.32.0.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser.abstract_parser import DelegatingParser
from vllm.tool_parsers import ToolParserManager
from vllm.tool_parsers.tool_strict_level import ToolStrictLevel

from tests.parsers import corpus_structural_tags as corpus

GOLDEN = Path(__file__).parent / "golden" / "structural_tags.json"
MEMBERS = ("json", "json_object", "regex", "choice", "grammar", "structural_tag")


class Vocabulary(dict[str, int]):
    """Has whatever token a parser asks for."""

    def __missing__(self, token: str) -> int:
        self[token] = len(self)
        return self[token]

    def __contains__(self, token: object) -> bool:
        return ":" not in str(token)

    def get(self, token: str, _: Any = None) -> int:  # type: ignore[override]
        """Any id that tells tokens apart."""
        return self[token]


class Tokenizer:
    """As much of a tokenizer as parsers ask for when they are made."""

    all_special_tokens: Sequence[str] = ()
    all_special_ids: Sequence[int] = ()
    init_kwargs: Mapping[str, Any] = MappingProxyType({})
    chat_template = None

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        for name in ("tool_calls", "tool_call", "arg_key", "arg_value", "tool_sep"):
            self.vocabulary.update({f"<{name}>": len(name), f"</{name}>": 100 + len(name)})

    def get_vocab(self) -> dict[str, int]:
        """Return the vocabulary."""
        return self.vocabulary

    def encode(self, text: str, **_: Any) -> list[int]:
        """Any ids that tell texts apart."""
        return list(text.encode())


def table() -> dict[str, Any]:
    """Return what vLLM's classes say of themselves."""
    found = {}
    for name in ToolParserManager.list_registered():
        made = ToolParserManager.get_tool_parser(name)
        level = getattr(made, "default_tool_strict_level", None)
        found[name] = [
            getattr(made, "structural_tag_model", None),
            made.supports_required_and_named,
            None if level is None else int(level),
        ]
    return found


def asked(parser: str, level: str, body: corpus.Body) -> dict[str, Any] | None:
    """What the request says to the engine in the end; None: nothing."""
    request = ChatCompletionRequest.model_validate({"messages": [{"role": "user", "content": "hi"}], **body})
    base = DelegatingParser
    if parser == "openai":
        base = importlib.import_module("vllm.parser.harmony").HarmonyParser
    members = {
        "tool_parser_cls": ToolParserManager.get_tool_parser(parser),
        "tool_strict_level": ToolStrictLevel.from_name(level),
    }
    made = type("Asked", (base,), members)(Tokenizer(), request.tools)
    # A parser is asked where the tools matter, or its class says always; the Harmony parser is.
    if parser == "openai" or body.get("tool_choice", "auto" if "tools" in body else "none") != "none":
        request = made.adjust_request(request)
    outputs = request.extract_structured_outputs()
    if outputs is None:
        return None
    found = {name: getattr(outputs, name) for name in MEMBERS if getattr(outputs, name) is not None}
    if "structural_tag" in found:
        found["structural_tag"] = json.loads(found["structural_tag"])
    return found


def main(path: Path) -> None:
    """Write the table and what becomes of every request."""
    environment = {**os.environ, "VLLM_ENFORCE_STRICT_TOOL_CALLING": "0"}
    loose = json.loads(
        subprocess.run([sys.executable, __file__, "--table"], env=environment, stdout=-1, check=True).stdout
    )
    parsers = {name: [tag, forced, loose[name][1], level] for name, (tag, forced, level) in table().items()}
    lines = [f'"parsers": {json.dumps(parsers)}']
    for parser in corpus.PARSERS:
        answers = {name: asked(parser, *case) for name, case in corpus.cases(parser).items()}
        rows, first = [], {}
        for name, answer in answers.items():
            text = json.dumps(answer, ensure_ascii=False)
            same = first.setdefault(text, name)
            rows.append(f" {json.dumps(name)}: {text if same == name else json.dumps(same)}")
        lines.append(f"{json.dumps(parser)}: {{\n" + ",\n".join(rows) + "\n}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        sys.stdout.write(json.dumps(table()))
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
