# SPDX-License-Identifier: Apache-2.0
"""Have vLLM's own beam search play against a table of made-up logprobs, and write golden_beams.json beside this file.

    PYTHONPATH=. VLLM_VENV/bin/python tests/prompt/make_beams_golden.py

Not part of the tests: they read the file. Made with vLLM 0.32.0.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

from vllm.entrypoints.generate.beam_search.online import BeamSearchOnlineMixin
from vllm.logprobs import Logprob
from vllm.sampling_params import BeamSearchParams

from tests.prompt.beam_cases import END, cases, scores_after


class Searcher(BeamSearchOnlineMixin):
    """vLLM's search, with a table instead of an engine."""

    def __init__(self) -> None:
        tokenizer = SimpleNamespace(eos_token_id=END, decode=lambda ids, skip_special_tokens: " ".join(map(str, ids)))
        self.renderer = SimpleNamespace(get_tokenizer=lambda: tokenizer)
        self.engine_client = SimpleNamespace(
            input_processor=SimpleNamespace(resolve_watermarking=lambda params: False), generate=self.generate
        )

    async def generate(self, prompt: Any, params: Any, request_id: str, **_: Any) -> Any:
        found = scores_after(prompt["prompt_token_ids"], params.logprobs)
        logprobs = {token: Logprob(logprob) for token, logprob in found}
        yield SimpleNamespace(outputs=[SimpleNamespace(finish_reason="length", logprobs=[logprobs])])


async def search(prompt: list[int], options: dict[str, Any]) -> list[dict[str, Any]]:
    params = BeamSearchParams(**options)
    prompt_input = {"type": "token", "prompt_token_ids": prompt}
    (result,) = [found async for found in Searcher().beam_search(prompt_input, "id", params)]
    return [
        {
            "token_ids": output.token_ids,
            "text": output.text,
            "logprob": output.cumulative_logprob,
            "stopped": output.finish_reason == "stop",
        }
        for output in result.outputs
    ]


def main() -> None:
    answered = [[prompt, options, asyncio.run(search(prompt, options))] for prompt, options in cases()]
    lines = ",\n".join(json.dumps(case) for case in answered)
    (Path(__file__).parent / "golden_beams.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
