# SPDX-License-Identifier: Apache-2.0
"""Start one process of vLLM's Python API server before an engine that joins it: run by the Python that has vLLM.

    vllm_server.py INPUT-PATH OUTPUT-PATH PORT-FILE MODEL SERVED-NAME MAX-MODEL-LEN [FLAG...]

Imports nothing of fastfront, which that Python need not have. The names of vLLM's modules differ between releases.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

_HOMES = ("vllm.entrypoints.launchers.api_server.entry", "vllm.entrypoints.openai.api_server")
_PARSER_HOMES = ("vllm.entrypoints.launchers.cli_args", "vllm.entrypoints.openai.cli_args")
_ARGPARSE_HOMES = ("vllm.utils.argparse_utils", "vllm.utils")


def _find(names: tuple[str, ...], attribute: str) -> Any:
    """Return an attribute from the first of the modules that has it."""
    for name in names:
        try:
            return getattr(importlib.import_module(name), attribute)
        except (ImportError, AttributeError):
            continue
    sys.exit(f"this vLLM has {attribute} in none of {', '.join(names)}")


def main(arguments: list[str]) -> None:
    """Serve until killed."""
    input_path, output_path, port_file, model, served_name, max_model_len, *more = arguments
    setup_server = _find(_HOMES, "setup_server")
    run_server_worker = _find(_HOMES, "run_server_worker")
    parser = _find(_PARSER_HOMES, "make_arg_parser")(_find(_ARGPARSE_HOMES, "FlexibleArgumentParser")())
    flags = {
        "--model": model,
        "--served-model-name": served_name,
        "--max-model-len": max_model_len,
        "--host": "127.0.0.1",
        "--port": "0",
    }
    args = parser.parse_args(
        [*(part for flag in flags.items() for part in flag), "--enforce-eager", "--disable-uvicorn-access-log", *more]
    )
    try:
        address, listener = setup_server(args, reuse_port=False)
    except TypeError:
        address, listener = setup_server(args)
    temporary = Path(port_file + ".tmp")
    temporary.write_text(str(listener.getsockname()[1]), encoding="ascii")
    temporary.replace(port_file)
    client = {
        "input_address": f"ipc://{input_path}",
        "output_address": f"ipc://{output_path}",
        "client_count": 1,
        "client_index": 0,
    }
    importlib.import_module("uvloop").run(run_server_worker(address, listener, args, client))


if __name__ == "__main__":
    main(sys.argv[1:])
