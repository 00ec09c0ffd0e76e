# SPDX-License-Identifier: Apache-2.0
"""Write docs/configuration.md from the table of options in fastfront/config.py; --print shows it instead.

Knows Config's table and Markdown, and nothing of what an option does.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

from fastfront import config  # noqa: E402  # the tree beside this script, installed or not
from fastfront.config import Option  # noqa: E402

PAGE = ROOT / "docs" / "configuration.md"
HEAD = """\
# Configuration

<!-- Written by tools/configuration_docs.py from src/fastfront/config.py: edit there, then run it. -->

Every option has one name, and four ways to be set:

| way | example |
|---|---|
| keyword argument of `fastfront.mount`, `create_app`, `Config` | `max_model_len=4096` |
| flag of `fastfront serve` | `--max-model-len 4096` |
| environment variable | `FASTFRONT_MAX_MODEL_LEN=4096`, or vLLM's own variable where the table names one |
| the file of `--config` | `max-model-len: 4096` in YAML |

A flag outranks `--config`, and both outrank the environment. Under `vllm serve`, where fastfront is vLLM's frontend
process, the options are those that `vllm serve` was given. Names and meanings are vLLM's wherever vLLM has the option.

`fastfront serve MODEL` hands the options marked *engine* on to the engine that it starts, together with every flag that
is not in these tables: `--tensor-parallel-size`, `--gpu-memory-utilization` and all the others of `vllm serve`.
`fastfront serve --sim` takes those of the embedded engine instead ([sim.md](sim.md)). A flag that neither knows is
refused, with the nearest name that exists.
"""


def render() -> str:
    listed = [option for option in config.options().values() if option.opt.flag]
    sections = [HEAD]
    for group, options in groupby(listed, key=lambda option: option.group):
        rows = "\n".join(map(row, options))
        sections.append(f"## {group}\n\n| option | default | meaning |\n|---|---|---|\n{rows}\n")
    return "\n".join(sections)


def row(option: Option) -> str:
    notes = [option.opt.help]
    if option.opt.env:
        notes.append(f"vLLM's variable: `{option.opt.env}`.")
    if option.opt.alias:
        notes.append(f"Also called `{option.opt.alias.replace('_', '-')}`.")
    if option.opt.engine:
        notes.append("*engine*")
    meaning = " ".join(notes).replace("|", "\\|")
    return f"| `{option.name.replace('_', '-')}` | {default(option)} | {meaning} |"


def default(option: Option) -> str:
    value = option.default
    if value is None or value == ():
        text = ""
    elif isinstance(value, bool):
        text = "on" if value else "off"
    elif isinstance(value, tuple):
        text = " ".join(f"`{item}`" for item in value)
    elif isinstance(value, float):
        text = f"{value:g}"
    else:
        text = f"`{value}`" if isinstance(value, str) and value else str(value)
    if not option.opt.unit:
        return text
    return f"{text} {option.opt.unit}" if text else f"(in {option.opt.unit})"


if __name__ == "__main__":
    if "--print" in sys.argv[1:]:
        sys.stdout.write(render())
    else:
        PAGE.write_text(render(), encoding="utf-8")
