# SPDX-License-Identifier: Apache-2.0
"""Help texts: what the command line says about itself, from Config's table. Must not know what an option does."""

from __future__ import annotations

import shutil
import textwrap
import typing
from typing import Literal

from fastfront import config

if typing.TYPE_CHECKING:
    from collections.abc import Iterable

    from fastfront.option import Option

USAGE = """\
usage: fastfront COMMAND [arguments]

The serving frontend of an LLM engine: OpenAI-compatible HTTP in front of vLLM's engine core.

commands:
  serve MODEL      start vLLM's engine for a model and serve it
  serve --sim      serve the embedded engine: no GPU, no weights, readable answers
  sim              run the embedded engine alone
  bench            measure a server, or compare frontends on this machine
  frontend         be the frontend process of a `vllm serve` (vLLM starts it, see below)

  fastfront COMMAND --help tells more; fastfront --version tells the version.

In place of vLLM's own frontend:
  VLLM_USE_RUST_FRONTEND=1 VLLM_RUST_FRONTEND_PATH=$(command -v fastfront) vllm serve MODEL
"""

SERVE = """\
usage: fastfront serve MODEL [flags]
       fastfront serve --sim [flags]
       fastfront serve MODEL --engine tcp://HOST:PORT [flags]

Serve a model over OpenAI's HTTP API. The first form starts vLLM's engine (`vllm serve MODEL --headless`), shows what
it says while it loads, and stops it at the end; it takes every flag of `vllm serve`: those below are read here, all
others go to the engine as they are. The second form starts the embedded engine and takes the flags of `fastfront sim`.
The third starts no engine: it binds the address and waits there for headless engines, on this host or others:
  vllm serve MODEL --headless --data-parallel-address HOST --data-parallel-rpc-port PORT --data-parallel-size-local 1

The port is open from the start: /health answers 503 until the engine is ready. SIGTERM or SIGINT drains: /health
answers 503, running requests finish; a second signal ends at once. Exit status: 0 asked to stop, 1 the server could not
start or the engine died, 2 the command line is wrong, 143 or 130 ended at once by a second SIGTERM or SIGINT.

Every flag is also read from the environment as FASTFRONT_<NAME>, for example FASTFRONT_PORT=8001.
"""

WORKER = """\
usage: fastfront frontend --listen-fd N --input-listener-fd N --output-listener-fd N --engine-start-index N
                          --engine-count N --data-parallel-size N [--coordinator-address ADDRESS]
                          [--grpc-listen-fd N] --args-json JSON

The frontend process of a `vllm serve`, with vLLM's command line for it. vLLM starts it so:
  VLLM_USE_RUST_FRONTEND=1 VLLM_RUST_FRONTEND_PATH=$(command -v fastfront) vllm serve MODEL

  --listen-fd N            inherited socket for HTTP, bound or listening
  --input-listener-fd N    inherited listening socket on which engines take their requests
  --output-listener-fd N   inherited listening socket on which engines leave their outputs
  --engine-start-index N   rank of the first engine [default: 0]
  --engine-count N         engines that this frontend serves [default: 1]
  --data-parallel-size N   engines of the whole deployment [default: 1]
  --coordinator-address A  vLLM's data-parallel coordinator
  --grpc-listen-fd N       taken and left alone: fastfront speaks HTTP
  --args-json JSON         the arguments of `vllm serve`, as one JSON object
"""


def _default(option: Option) -> str:
    """Return how the help names an option's default, with its unit."""
    unit = f" {option.opt.unit}" if option.opt.unit else ""
    default = option.default
    if default in (None, ()):
        return f"in{unit}" if unit else ""
    if isinstance(default, bool):
        return f"default: {'on' if default else 'off'}"
    if isinstance(default, tuple):
        default = " ".join(default)
    elif isinstance(default, float):
        default = f"{default:g}"
    return f"default: {default}{unit}" if default != "" else ""


def _usage(option: Option) -> str:
    """Return `--flag VALUE` as the help shows it."""
    flag = "--" + option.name.replace("_", "-")
    if option.is_switch:
        return flag
    if typing.get_origin(option.type) is Literal:
        return f"{flag} {{{','.join(str(choice) for choice in typing.get_args(option.type))}}}"
    if option.is_object:
        return f"{flag} JSON"
    if option.is_list:
        return f"{flag} VALUE..."
    numeric = "int" in str(option.type) or "float" in str(option.type)
    return f"{flag} {'N' if numeric else option.name.rsplit('_', 1)[-1].upper()}"


def format_options(listed: Iterable[Option]) -> str:
    """Return the options by group, each with its default, unit and variables."""
    width = max(60, min(shutil.get_terminal_size((110, 24)).columns, 120))
    indent = " " * 32
    lines: list[str] = []
    group = ""
    for option in listed:
        if option.group != group:
            group = option.group
            lines += ["", f"{group}:"]
        notes = [note for note in (_default(option), option.env and f"env: {option.env}") if note]
        text = option.opt.help + (f" [{'; '.join(notes)}]" if notes else "")
        head = f"  {_usage(option)}"
        body = textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        if len(head) < len(indent) - 1:
            body[0] = head.ljust(len(indent)) + body[0].lstrip()
        else:
            lines.append(head)
        lines += body
    return "\n".join(lines).lstrip("\n")


def serve_help() -> str:
    """Return what `fastfront serve --help` prints."""
    listed = [option for option in config.options().values() if option.opt.flag and option.name != "model"]
    return (
        f"{SERVE}\n  --sim                         Serve the embedded engine (the same as --engine sim).\n"
        f"\n{format_options(listed)}\n\nFlags of the engine: vllm serve --help=all, or fastfront sim --help.\n"
    )
