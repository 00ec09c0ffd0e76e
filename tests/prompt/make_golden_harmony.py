# SPDX-License-Identifier: Apache-2.0
"""Have vLLM render the chats of cases_harmony.py with Harmony, and write golden_harmony.json: token ids by case.

    PYTHONPATH=. VLLM_VENV/bin/python tests/prompt/make_golden_harmony.py [FILE]

Made with vLLM 0.32.0 and oss-harmony 0.0.11.
"""

from __future__ import annotations

import json
import os
import sys
import types
from pathlib import Path

from tests.prompt import cases_harmony as cases

os.environ |= {"VLLM_LOGGING_LEVEL": "CRITICAL", "VLLM_SYSTEM_START_DATE": cases.DATE}

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.renderers.online_renderer import OnlineRenderer

GOLDEN = Path(__file__).parent / "golden_harmony.json"


def main(path: Path) -> None:
    """Write the prompts."""
    server = types.SimpleNamespace(renderer=None, supports_browsing=False, supports_code_interpreter=False)
    rows = []
    for name, body in cases.CASES.items():
        request = ChatCompletionRequest.model_validate(body)
        _, (prompt,) = OnlineRenderer._make_request_with_harmony(server, request, request.tools is not None)
        rows.append(f"{json.dumps(name)}: {json.dumps(prompt['prompt_token_ids'])}")
    path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN)
