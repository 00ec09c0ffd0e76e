# SPDX-License-Identifier: Apache-2.0
"""fastfront: the serving frontend of an LLM engine. This module holds the public names.

`import fastfront` loads nothing heavy: no native core, no HTTP server, no tokenizer. They come with their first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# Not lazy like the others: the function and its module have one name, and whoever is imported last keeps it.
from fastfront.mount import create_app, mount

if TYPE_CHECKING:
    from fastfront.config import Config
    from fastfront.frontend import Frontend
    from fastfront.output.python_parsers import register_parser

__version__ = "0.1.0"

__all__ = ["Config", "Frontend", "__version__", "create_app", "mount", "register_parser"]

_HOMES = {
    "Config": "fastfront.config",
    "Frontend": "fastfront.frontend",
    "register_parser": "fastfront.output.python_parsers",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
