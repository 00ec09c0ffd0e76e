# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own code about the constraints of cases.py, and write golden.json beside this file.

    PYTHONPATH=. VLLM_VENV/bin/python tests/structured/make_golden.py

Not part of the tests: they read the file. Nothing is served or generated. Made with vLLM 0.32.0 (xgrammar 0.2.8,
llguidance 1.7.6, outlines_core 0.2.14).
"""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ["VLLM_LOGGING_LEVEL"] = "CRITICAL"

import msgspec
from transformers import PreTrainedTokenizerFast
from vllm.config import StructuredOutputsConfig
from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.serve import create_error_response
from vllm.v1.serial_utils import MsgpackEncoder

from tests.structured import cases

HERE = Path(__file__).parent
TOKENIZER = HERE.parent / "prompt" / "models" / "chatml" / "tokenizer.json"


def answer(backend: str, members: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    """Return what the engine would be sent, or vLLM's error."""
    body = {"messages": [{"role": "user", "content": "x"}], **copy.deepcopy(members)}
    try:
        params = ChatCompletionRequest.model_validate(body).to_sampling_params(10, {})
        config = StructuredOutputsConfig(backend=backend)
        params._validate_structured_outputs(SimpleNamespace(is_diffusion=False), config, tokenizer)
    except Exception as error:
        found = create_error_response(error).error
        return {"error": {"message": found.message, "type": found.type, "param": found.param, "code": found.code}}
    wire = b"".join(MsgpackEncoder().encode(params))
    return {"wire": msgspec.msgpack.decode(wire).get("structured_outputs")}


def main() -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER))
    answered = []
    for backend, body in cases.cases():
        print(backend, json.dumps(body)[:200], flush=True)
        answered.append([backend, body, answer(backend, body, tokenizer)])
    lines = ",\n".join(json.dumps(case) for case in answered)
    (HERE / "golden.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
