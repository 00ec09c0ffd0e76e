# SPDX-License-Identifier: Apache-2.0
"""Make golden_logprobs.json with vLLM's own code: LogprobsProcessor and what its two servers make of the outcome.

Run by hand, with a Python that has vLLM 0.32 installed:

    PYTHONPATH=. VLLM_NO_USAGE_STATS=1 /path/to/vllm/env/bin/python tests/native/make_golden_logprobs.py

Rows are random, with many tokens that are parts of characters. The expected members are bytes, as they go to clients:
json.dumps of a whole answer, model_dump_json of a chunk.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer
from vllm.entrypoints.generate.base.serving import clamp_prompt_logprobs
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionResponseStreamChoice, DeltaMessage
from vllm.entrypoints.openai.chat_completion.serving import OpenAIServingChat
from vllm.entrypoints.openai.completion.protocol import CompletionResponseChoice
from vllm.entrypoints.openai.completion.serving import OpenAIServingCompletion
from vllm.v1.engine.logprobs import LogprobsProcessor
from vllm.v1.outputs import LogprobsLists, LogprobsTensors

HERE = Path(__file__).parent
MODELS = HERE.parent / "prompt" / "models"
ROWS, COLUMNS = 20, 4
SHOWN = 3


def make_rows(dice: random.Random, tokenizer: Any) -> list[Any]:
    """Return ids, logprobs and rank of each position; the sampled tokens are those of a text, then random ones."""
    text = tokenizer.encode("héé 🎉👩‍👩‍👧 日本 ok  two", add_special_tokens=False)
    special = dice.choice(tokenizer.all_special_ids)
    rows = []
    for position in range(ROWS):
        sampled = text[position] if position < len(text) else dice.randrange(len(tokenizer))
        top = [dice.randrange(len(tokenizer)) for _ in range(COLUMNS - 1)]
        if position % 3 == 0:
            top[position % len(top)] = sampled
        if position == 5:
            top[0] = special
        values = [-dice.random() * 10 ** dice.randint(-9, 1) for _ in range(COLUMNS)]
        if position % 7 == 1:
            values[dice.randrange(COLUMNS)] = float("-inf")
        rows.append([[sampled, *top], np.array(values, dtype=np.float32).tolist(), dice.randint(1, 9)])
    return rows


def processor(tokenizer: Any) -> LogprobsProcessor:
    return LogprobsProcessor(
        tokenizer=tokenizer,
        logprobs=[],
        prompt_logprobs=[None],
        cumulative_logprob=0.0,
        num_logprobs=SHOWN,
        num_prompt_logprobs=SHOWN,
    )


def dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def make_case(tokenizer: Any, dice: random.Random) -> dict[str, Any]:
    rows = make_rows(dice, tokenizer)
    ids = np.array([row[0] for row in rows], dtype=np.int32)
    values = np.array([row[1] for row in rows], dtype=np.float32)
    ranks = np.array([row[2] for row in rows], dtype=np.int64)
    made = processor(tokenizer)
    made._update_sample_logprobs(LogprobsLists(ids, values, ranks))
    made._update_prompt_logprobs(LogprobsTensors(torch.tensor(ids), torch.tensor(values), torch.tensor(ranks)))
    sampled = [row[0][0] for row in rows]
    case: dict[str, Any] = {"rows": rows}
    for as_ids in (False, True):
        name = "ids" if as_ids else "texts"
        server = SimpleNamespace(return_tokens_as_token_ids=as_ids)
        for cls in (OpenAIServingChat, OpenAIServingCompletion):
            for function in ("_get_top_logprobs", "_get_decoded_token"):
                if hasattr(cls, function):
                    setattr(server, function, getattr(cls, function).__get__(server))
        server._get_decoded_token = OpenAIServingChat._get_decoded_token
        chat = OpenAIServingChat._create_chat_logprobs(server, sampled, made.logprobs, tokenizer, SHOWN)
        lists = OpenAIServingCompletion._create_completion_logprobs(server, sampled, made.logprobs, SHOWN, tokenizer)
        chunk = ChatCompletionResponseStreamChoice(index=0, delta=DeltaMessage(), logprobs=chat)
        case[f"chat_{name}"] = dumps(chat.model_dump())
        case[f"chat_stream_{name}"] = json_member(chunk.model_dump_json(exclude_unset=True))
        case[f"completion_{name}"] = dumps(lists.model_dump())
        case[f"completion_stream_{name}"] = lists.model_dump_json(exclude_unset=True)
    choice = CompletionResponseChoice(index=0, text="", prompt_logprobs=clamp_prompt_logprobs(made.prompt_logprobs))
    case["prompt_logprobs"] = dumps(choice.model_dump(mode="json")["prompt_logprobs"])
    return case


def json_member(chunk: str) -> str:
    """Cut the logprobs out of a choice, as they are."""
    begin = chunk.index('"logprobs":') + len('"logprobs":')
    return chunk[begin:-1]


def main() -> None:
    golden = {}
    for name in ("chatml", "sentencepiece"):
        tokenizer = AutoTokenizer.from_pretrained(MODELS / name)
        golden[name] = [make_case(tokenizer, random.Random(seed)) for seed in (1,)]
    path = HERE / "golden_logprobs.json"
    path.write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
