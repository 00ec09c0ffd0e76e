# SPDX-License-Identifier: Apache-2.0
"""Ask vLLM which parsers it registers, and write golden/names.json.

    PYTHONPATH=. VLLM_VENV/bin/python tests/parsers/make_vllm_names.py [FILE]

The tests read the file; tests/real_engine/test_tool_parsers.py makes it again and compares. Made with vLLM 0.32.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

NAMES = Path(__file__).parent / "golden" / "names.json"


def main() -> None:
    """Write the file."""
    from vllm.reasoning import ReasoningParserManager
    from vllm.tool_parsers import ToolParserManager

    names = {
        "reasoning": sorted(ReasoningParserManager.list_registered()),
        "tools": sorted(ToolParserManager.list_registered()),
    }
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else NAMES
    target.write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
