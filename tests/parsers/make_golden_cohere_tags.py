# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM what the requests of corpus_cohere_tags.py say to the engine, and write golden/cohere_tags.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_cohere_tags.py [FILE]

Needs cohere-melody in that environment. The file has, by case, the constraint that vLLM's parser leaves in the request,
null for none, or the error's message, type, param and code; the name of an earlier case where it is the same. Made with
vLLM 0.32.0, xgrammar 0.2.8 and cohere-melody 0.15.3.
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
from vllm.entrypoints.serve import create_error_response
from vllm.parser.parser_manager import ParserManager

from tests.parsers import corpus_cohere_tags as corpus
from tests.parsers.make_golden_structural_tags import MEMBERS

GOLDEN = Path(__file__).parent / "golden" / "cohere_tags.json"
TOKENIZER: Any = SimpleNamespace(convert_tokens_to_ids=hash, get_vocab=dict)


def asked(case: corpus.Case) -> dict[str, Any] | None:
    """What the request says to the engine in the end, or the error."""
    reasoning, tools = corpus.PARSERS[case.parsers]
    parser = ParserManager.get_parser(
        reasoning_parser_name=reasoning, tool_parser_name=tools, enable_auto_tools=True, tokenizer=TOKENIZER
    )
    try:
        request = ChatCompletionRequest.model_validate({"messages": [{"role": "user", "content": "hi"}], **case.body})
        # As vllm/renderers/online_renderer.py (preprocess_chat).
        if parser.reasoning_parser_cls is not None or request.tool_choice != "none":
            config = SimpleNamespace(architecture=case.architecture)
            request = parser(TOKENIZER, request.tools, model_config=config).adjust_request(request)
        outputs = request.extract_structured_outputs()
    except Exception as error:
        found = create_error_response(error).error
        return {"error": [found.message, found.type, found.param, found.code]}
    if outputs is None:
        return None
    members = {name: getattr(outputs, name) for name in MEMBERS if getattr(outputs, name) is not None}
    return members | ({"structural_tag": json.loads(tag)} if (tag := members.get("structural_tag")) else {})


def main(path: Path) -> None:
    """Write what becomes of every request."""
    rows, first = [], {}
    for name, case in corpus.cases().items():
        text = json.dumps(asked(case), ensure_ascii=False)
        same = first.setdefault(text, name)
        rows.append(f"{json.dumps(name)}: {text if same == name else json.dumps(same)}")
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
