# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM's own parser what the answers of template_corpus.py are, and write golden/response_templates.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_golden_response_templates.py [FILE]

The tests read the file; tests/real_engine/test_tool_parsers.py makes it again and compares. Whole answers, with both
parsers and with none that reads calls, and whether the prompt has left the thinking. Made with vLLM 0.32.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.parsers.template_corpus import BROKEN, CASES, TEMPLATES, TOOLS, Case

GOLDEN = Path(__file__).parent / "golden" / "response_templates.json"


def asked(case: Case, *, tools: bool) -> dict[str, Any]:
    """What the whole answer of vLLM's server would hold."""
    from vllm.parser.response_template import _ResponseStream, _streaming_template

    stream = _ResponseStream(
        _streaming_template(TEMPLATES[case.template]),
        prefix=case.prefix,
        tools=TOOLS,
        parse_reasoning=True,
        include_reasoning=True,
        parse_tools=tools,
        new_tool_call_id=lambda name: "",
    )
    delta = stream.feed(case.text, finished=True)
    calls = [] if delta is None else delta.tool_calls
    return {
        "reasoning": (delta and delta.reasoning) or "",
        "content": (delta and delta.content) or "",
        "tool_calls": [{"name": call.function.name, "id": "", "arguments": call.function.arguments} for call in calls],
    }


def has_ended(case: Case, *, is_thinking_off: bool) -> bool:
    """Whether the engine hears that the prompt has left the thinking."""
    from vllm.parser.chat_parsing import ResponseParser
    from vllm.parser.response_template import _reasoning_has_ended, _streaming_template

    template = _streaming_template(TEMPLATES[case.template])
    parser = ResponseParser(template, prefix=case.prefix)
    return bool(_reasoning_has_ended(parser, template, thinking_disabled=is_thinking_off))


def answer(case: Case) -> dict[str, Any]:
    """All that is compared of one case."""
    return {
        "tools": asked(case, tools=True),
        "no tools": asked(case, tools=False),
        "ended": [has_ended(case, is_thinking_off=is_off) for is_off in (False, True)],
    }


def main() -> None:
    """Write the file."""
    lines = [
        f"{json.dumps(title)}: {json.dumps(answer(case), ensure_ascii=False)}"
        for title, case in (CASES | BROKEN).items()
    ]
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
