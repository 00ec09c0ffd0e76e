# SPDX-License-Identifier: Apache-2.0
"""Plugins: files or modules of the user's that register parsers (--tool-parser-plugin, --reasoning-parser-plugin).

Two kinds are taken: those that call `fastfront.register_parser`, and those made for vLLM, which register with its
managers. Must not know what parsers do.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from fastfront.errors import StartupError


def import_plugins(plugins: Sequence[str]) -> list[str]:
    """Import each once; return those that were made for vLLM. Raises StartupError with the plugin's own error."""
    for plugin in plugins:
        if plugin not in _imported:
            before = set(sys.modules)
            try:
                _import(plugin)
            except Exception as error:
                raise StartupError(
                    f"the plugin {plugin} cannot be imported: {type(error).__name__}: {error}"
                ) from error
            _imported[plugin] = any(name.startswith("vllm.") for name in set(sys.modules) - before) or _uses_vllm(
                plugin
            )
    return [plugin for plugin in plugins if _imported[plugin]]


_imported: dict[str, bool] = {}
"""Plugin to whether it is one of vLLM's kind."""


def _import(plugin: str) -> None:
    path = Path(plugin)
    if path.suffix != ".py":
        importlib.import_module(plugin)
        return
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no Python source is at {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)


def _uses_vllm(plugin: str) -> bool:
    """Whether the plugin's own names come from vLLM, which may have been imported before it."""
    module = sys.modules.get(Path(plugin).stem if plugin.endswith(".py") else plugin)
    values = vars(module).values() if module is not None else ()
    return any(str(getattr(value, "__module__", "")).startswith("vllm.") for value in values)
