# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own reasoning parsers about the answers of corpus_reasoning.py, and write golden_reasoning.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_reasoning.py [FILE]

Not part of the tests: they read the file. Nothing is served or generated; the tokenizer is made here. Formats of Cohere
are left out where cohere-melody is not installed. Made with vLLM 0.32.0 and cohere-melody 0.15.3.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.parser import ParserManager

from tests.parsers import corpus_reasoning as corpus

if TYPE_CHECKING:
    from collections.abc import Iterator

MERGES = [("t", "h"), ("th", "i"), ("thi", "n"), ("thin", "k"), ("<", "/"), ("\u0120", "</")]
"""Olmo 3's parser wants these; everything else is bytes."""


def tokenizer_of(parser: str) -> Any:
    """Return a byte-level tokenizer with the format's special tokens, as a checkpoint of that format has them."""
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(merge) for merge in MERGES)]
    made = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, MERGES))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(text, normalized=False) for text in corpus.special_tokens(parser)])
    return PreTrainedTokenizerFast(tokenizer_object=made)


def main(target: Path) -> None:
    """Write what vLLM makes of every case."""
    result: dict[str, Any] = {}
    made: dict[str, Any] = {}
    request = ChatCompletionRequest.model_validate({"messages": [{"role": "user", "content": "hi"}]})
    for case in corpus.cases():
        if case.parser.startswith("cohere") and find_spec("cohere_melody") is None:
            continue
        if case.parser not in made:
            tokenizer = tokenizer_of(case.parser)
            made[case.parser] = tokenizer, ParserManager.get_parser(reasoning_parser_name=case.parser)
        tokenizer, parser_class = made[case.parser]
        ids = tokenizer.encode(case.text, add_special_tokens=False)
        parser = parser_class(tokenizer, None, chat_template_kwargs=dict(case.kwargs))
        request.chat_template_kwargs = case.kwargs
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
    for name, entry in result.items():
        tokenizer, parser_class = made[name]
        texts = corpus.markers(name)
        entry["markers"] = {text: tokenizer.encode(text, add_special_tokens=False) for text in texts}
        entry["prompt_ids"] = prompt_ids(name, tokenizer)
        entry["prompts"] = list(prompts(name, tokenizer, parser_class))
    write(result, target)


def prompt_ids(name: str, tokenizer: Any) -> dict[str, list[int]]:
    """Return the tokens of the prompts' ends."""
    form = corpus.FORMATS[name]
    marks = {"S": form.start, "E": form.end, "T": form.tool, "B": form.turn}
    return {
        prompt: tokenizer.encode(text.format(**marks), add_special_tokens=False)
        for prompt, text in corpus.PROMPTS.items()
    }


def prompts(name: str, tokenizer: Any, parser_class: Any) -> Iterator[dict[str, Any]]:
    """Yield what vLLM's parser says of the ends of prompts, for all chat template arguments."""
    ids = prompt_ids(name, tokenizer)
    for kwargs in corpus.PROMPT_KWARGS:
        try:
            parser = parser_class(tokenizer, None, chat_template_kwargs=dict(kwargs)).reasoning_parser
        except ValueError:  # the format has no such effort
            continue
        yield {"kwargs": kwargs, "ended": [prompt for prompt in ids if parser.is_reasoning_end(ids[prompt])]}


def write(result: dict[str, Any], target: Path) -> None:
    """Write the file, one case a line."""
    lines = []
    for parser, entry in sorted(result.items()):
        rows = [
            f"  {json.dumps(name)}: {json.dumps(case, ensure_ascii=False, sort_keys=True)}"
            for name, case in entry["cases"].items()
        ]
        said = ",\n".join(f"  {json.dumps(row)}" for row in entry["prompts"])
        tokens, markers = (json.dumps(entry[key], ensure_ascii=False) for key in ("tokens", "markers"))
        head = f'"{parser}": {{"tokens": {tokens},\n "markers": {markers},\n "prompt_ids": '
        ids = json.dumps(entry["prompt_ids"])
        lines.append(f'{head}{ids},\n "prompts": [\n{said}],\n "cases": {{\n' + ",\n".join(rows) + "\n}}")
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("golden_reasoning.json"))
