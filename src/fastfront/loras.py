# SPDX-License-Identifier: Apache-2.0
"""The LoRA adapters that are served beside the model: by name, loaded into the engines, chosen by a request's `model`.

Knows the engine client and nothing of HTTP. One change at a time: an adapter is served once every engine has it.

Source: vllm/entrypoints/openai/models/serving.py (OpenAIServingModels), vllm/entrypoints/launchers/cli_args.py
(LoRAParserAction).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec

from fastfront.engine.types import LoRARequest
from fastfront.errors import FastFrontError, InvalidUserInputError, NotFoundError, StartupError

logger = logging.getLogger(__name__)

LOAD_TIMEOUT = 600.0
"""Seconds that engines may take to load an adapter, perhaps from Hugging Face."""


class Engine(Protocol):
    """The engine client, as far as it is needed here."""

    async def call_utility_all(self, method: str, *args: object, timeout: float = 60) -> list[Any]: ...


class LoraModule(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An adapter of --lora-modules."""

    name: str
    path: str
    base_model_name: str | None = None
    is_3d_lora_weight: bool = False


def parse_lora_modules(values: Sequence[str]) -> list[LoraModule]:
    """Return the adapters of --lora-modules: `name=path`, or JSON objects. Raises StartupError for anything else."""
    modules: list[LoraModule] = []
    for value in values:
        if not value:
            continue
        if "=" in value and "," not in value:
            name, _, path = value.partition("=")
            modules.append(LoraModule(name, path))
            continue
        try:
            modules.append(msgspec.convert(json.loads(value), LoraModule))
        except msgspec.ValidationError as error:
            raise StartupError(f"Invalid fields for --lora-modules: {value} - {error}") from None
        except ValueError:
            raise StartupError(f"Invalid JSON format for --lora-modules: {value}") from None
    return modules


class Loras:
    """The adapters of one frontend. Iterating gives them in the order in which they were loaded."""

    def __init__(self, base_models: Sequence[str], engine: Engine) -> None:
        """`base_models`: the names of the model itself, which no adapter may have."""
        self._base_models = tuple(base_models)
        self._engine = engine
        self._adapters: dict[str, LoRARequest] = {}
        self._last_id = 0
        self._lock = asyncio.Lock()

    def __iter__(self) -> Iterator[LoRARequest]:
        return iter(self._adapters.values())

    def find(self, name: str | None) -> LoRARequest | None:
        """Return the adapter that a request's `model` names, None for the model itself and what does not exist."""
        return self._adapters.get(name) if name else None

    async def load_modules(self, modules: Sequence[LoraModule]) -> None:
        """Load the adapters of --lora-modules, at start. Raises StartupError with the engine's reason."""
        for module in modules:
            try:
                await self.load(
                    module.name,
                    module.path,
                    base_model_name=module.base_model_name,
                    is_3d_lora_weight=module.is_3d_lora_weight,
                )
            except FastFrontError as error:
                raise StartupError(f"--lora-modules {module.name}: {error.message}") from error

    async def load(
        self,
        name: str,
        path: str,
        *,
        base_model_name: str | None = None,
        load_inplace: bool = False,
        is_3d_lora_weight: bool = False,
    ) -> str:
        """Load an adapter into every engine and serve it; return vLLM's sentence that it was done.

        `load_inplace`: an adapter of that name is replaced. Raises InvalidUserInputError for a name or path that
        cannot be, NotFoundError where the engine finds nothing at the path, FastFrontError with its reason otherwise.
        """
        async with self._lock:
            self._check_load(name, path, load_inplace=load_inplace)
            known = self._adapters.get(name)
            if known is None:
                self._last_id += 1
            adapter = LoRARequest(
                lora_name=name,
                lora_int_id=self._last_id if known is None else known.lora_int_id,
                lora_path=path,
                base_model_name=base_model_name if base_model_name in self._base_models else None,
                load_inplace=load_inplace,
                is_3d_lora_weight=is_3d_lora_weight,
            )
            try:
                await self._engine.call_utility_all("add_lora", adapter, timeout=LOAD_TIMEOUT)
            except FastFrontError as error:
                missing = f"Loading lora {name} failed: No adapter found for {path}"
                if missing in error.message:
                    raise NotFoundError(missing) from error
                raise
            self._adapters[name] = adapter
        logger.info("Loaded new LoRA adapter: name '%s', path '%s'", name, path)
        return f"Success: LoRA adapter '{name}' added successfully."

    async def unload(self, name: str) -> str:
        """Serve an adapter no more; return vLLM's sentence that it was done. Raises as `load` does.

        The engine is not told, as in vLLM: requests that run with the adapter go on, and another takes its slot later.
        """
        async with self._lock:
            if not name:
                raise InvalidUserInputError("'lora_name' needs to be provided to unload a LoRA adapter.")
            if self._adapters.pop(name, None) is None:
                raise NotFoundError(f"The lora adapter '{name}' cannot be found.")
        logger.info("Removed LoRA adapter: name '%s'", name)
        return f"Success: LoRA adapter '{name}' removed successfully."

    def _check_load(self, name: str, path: str, *, load_inplace: bool) -> None:
        if not name or not path:
            raise InvalidUserInputError("Both 'lora_name' and 'lora_path' must be provided.")
        if name in self._base_models:
            raise InvalidUserInputError(f"The lora adapter '{name}' conflicts with a served base model.")
        if not load_inplace and name in self._adapters:
            raise InvalidUserInputError(
                f"The lora adapter '{name}' has already been loaded. If you want to load the adapter in place, set "
                "'load_inplace' to True."
            )
