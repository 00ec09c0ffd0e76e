# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's render server about cases_render.py, and write golden_render.json. Run by hand; no engine is needed:

    vllm launch render src/fastfront/sim/model --served-model-name tester --port 8191 --max-model-len 2048 \
        --reasoning-parser qwen3 --tool-call-parser hermes --enable-auto-tool-choice
    PYTHONPATH=src:. .venv/bin/python tests/routes/make_render_golden.py http://127.0.0.1:8191

By kind and case: status and answer; of a stream, the deltas of all chunks put together, the last state and the end.
Made with vLLM 0.32.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx
from tokenizers import Tokenizer

from fastfront.sim import MODEL_PATH
from tests.routes.cases_render import DERENDER, RENDER, refused_cases, render_cases, stream_cases, whole_cases

GOLDEN = Path(__file__).with_name("golden_render.json")


def encode(text: str) -> list[int]:
    """Return the text's tokens."""
    tokenizer = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
    token_ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return token_ids


def ask(client: httpx.Client, path: str, body: dict[str, Any]) -> list[Any]:
    """Return status and answer."""
    response = client.post(path, json=body)
    return [response.status_code, response.json()]


def ask_stream(client: httpx.Client, bodies: list[dict[str, Any]]) -> list[Any]:
    """Return every chunk's choice, and the state that the last one left."""
    state, choices = None, []
    for body in bodies:
        status, answer = ask(client, DERENDER, body | {"stream_state": state})
        assert status == 200, answer
        state = answer["stream_state"]
        choices += answer["chunk"]["choices"]
    return [choices, state]


def answers_of(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """Return a server's answers to all cases."""
    return {
        "rendered": {name: ask(client, RENDER, body) for name, body in render_cases()},
        "whole": {name: ask(client, DERENDER, body) for name, body in whole_cases(encode)},
        "streams": {name: ask_stream(client, bodies) for name, bodies in stream_cases(encode)},
        "refused": {name: ask(client, DERENDER, body) for name, body in refused_cases()},
    }


def together(stream: list[Any]) -> dict[str, Any]:
    """Return what a stream has said in the end."""
    choices, state = stream
    said: dict[str, Any] = {"role": [], "reasoning": "", "content": "", "calls": [], "token_ids": []}
    for choice in choices:
        delta = choice["delta"]
        said["role"].append(delta["role"])
        said["reasoning"] += delta["reasoning"] or ""
        said["content"] += delta["content"] or ""
        said["token_ids"] += choice["token_ids"] or []
        for call in delta.get("tool_calls", ()):
            if call["id"] is not None:
                assert call["type"] == "function"
                assert call["index"] == len(said["calls"])
                assert call["id"] == state["last_tool_call_ids"][call["index"]]
                said["calls"].append({"name": call["function"]["name"], "arguments": ""})
            said["calls"][call["index"]]["arguments"] += call["function"]["arguments"] or ""
    ends = [choice["finish_reason"] for choice in choices]
    assert not any(ends[:-1])
    state = {name: value for name, value in state.items() if name != "last_tool_call_ids"}
    return said | {"finish_reason": ends[-1], "state": state}


def main(url: str) -> None:
    """Write the file."""
    with httpx.Client(base_url=url, timeout=60) as client:
        answers = answers_of(client)
    answers["streams"] = {name: together(stream) for name, stream in answers["streams"].items()}
    lines = [
        f"{json.dumps(kind)}: {{\n"
        + ",\n".join(f" {json.dumps(name)}: {json.dumps(case, ensure_ascii=False)}" for name, case in cases.items())
        + "\n}"
        for kind, cases in answers.items()
    ]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
