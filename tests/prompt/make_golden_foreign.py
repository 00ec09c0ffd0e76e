# SPDX-License-Identifier: Apache-2.0
"""Make golden_foreign.json with vLLM's own LogprobsProcessor: what the tokens of foreign_cases.py are called.

Run by hand, with a Python that has vLLM 0.32 installed:

    PYTHONPATH=. VLLM_NO_USAGE_STATS=1 /path/to/vllm/env/bin/python tests/prompt/make_golden_foreign.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast
from vllm.v1.engine.logprobs import LogprobsProcessor
from vllm.v1.outputs import LogprobsLists

from tests.prompt import foreign_cases


def names(tokenizer: Tokenizer) -> list[str | None]:
    processor = LogprobsProcessor(
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=tokenizer),
        logprobs=[],
        prompt_logprobs=None,
        cumulative_logprob=0.0,
        num_logprobs=0,
        num_prompt_logprobs=None,
    )
    ids = np.array(foreign_cases.sequence(tokenizer), dtype=np.int32)[:, None]
    ranks = np.ones(len(ids), dtype=np.int64)
    processor._update_sample_logprobs(LogprobsLists(ids, np.zeros(ids.shape, dtype=np.float32), ranks, None))
    assert processor.logprobs is not None
    return [next(iter(position.values())).decoded_token for position in processor.logprobs]


def main() -> None:
    golden = {name: names(tokenizer) for name, tokenizer in foreign_cases.tokenizers().items()}
    path = Path(__file__).with_name("golden_foreign.json")
    path.write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
