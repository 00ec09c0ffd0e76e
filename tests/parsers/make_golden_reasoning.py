# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own reasoning parsers about the answers of corpus_reasoning.py, and write golden_reasoning.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_reasoning.py MODEL

Not part of the tests: they read the file. `MODEL`: a directory with a byte-level tokenizer (any); the formats' special
tokens are added to it. Nothing is served or generated. Made with vLLM 0.32.0 and, for cohere_*, cohere-melody 0.15.3.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from transformers import AddedToken, AutoTokenizer
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser import ParserManager

from tests.parsers import corpus_reasoning as corpus

HERE = Path(__file__).parent


def tokenizer_of(model: str, parser: str) -> Any:
    """Return the model's tokenizer with the format's special tokens, as a checkpoint of that format has them."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokens = corpus.special_tokens(parser)
    fresh = [AddedToken(text, special=True, normalized=False) for text in tokens]
    tokenizer.add_tokens(fresh, special_tokens=True)
    vocab = tokenizer.get_vocab()
    tokenizer.get_vocab = lambda: vocab  # parsers ask for it again and again, and it is made anew each time
    return tokenizer


def main(model: str) -> None:
    """Write what vLLM makes of every case."""
    result: dict[str, Any] = {}
    made: dict[str, Any] = {}
    for case in corpus.cases():
        if case.parser not in made:
            tokenizer = tokenizer_of(model, case.parser)
            made[case.parser] = tokenizer, ParserManager.get_parser(reasoning_parser_name=case.parser)
        tokenizer, parser_class = made[case.parser]
        request = ChatCompletionRequest.model_validate(
            {"messages": [{"role": "user", "content": "hi"}], "chat_template_kwargs": case.kwargs}
        )
        ids = tokenizer.encode(case.text, add_special_tokens=False)
        parser = parser_class(tokenizer, None, chat_template_kwargs=dict(case.kwargs))
        reasoning, content, _ = parser.parse(case.text, request, False, ids)
        entry = result.setdefault(case.parser, {"tokens": {}, "cases": {}})
        entry["tokens"] = {text: tokenizer.convert_tokens_to_ids(text) for text in corpus.special_tokens(case.parser)}
        entry["cases"][case.name] = {
            "text": case.text,
            "kwargs": case.kwargs,
            "reasoning": reasoning,
            "content": content,
            "token_ids": ids,
            "reasoning_tokens": parser.count_reasoning_tokens(ids),
        }
    target = HERE / "golden_reasoning.json"
    lines = []
    for parser, entry in sorted(result.items()):
        rows = [
            f"  {json.dumps(name)}: {json.dumps(case, ensure_ascii=False, sort_keys=True)}"
            for name, case in entry["cases"].items()
        ]
        tokens = json.dumps(entry["tokens"], ensure_ascii=False)
        lines.append(f'"{parser}": {{"tokens": {tokens}, "cases": {{\n' + ",\n".join(rows) + "\n}}")
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1])
