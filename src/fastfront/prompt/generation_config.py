# SPDX-License-Identifier: Apache-2.0
"""Sampling defaults and end tokens that come with a model.

Source: vllm/config/model.py `try_get_generation_config`, `get_diff_sampling_param`. Must not know requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fastfront.errors import StartupError
from fastfront.prompt.files import ModelFiles

_FILE = "generation_config.json"
_PARAMETERS = (
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "max_new_tokens",
)


class GenerationDefaults(msgspec.Struct, frozen=True):
    """What a request that says nothing gets."""

    sampling: dict[str, Any]
    """Values by SamplingParams' names; only those that the model or the operator sets."""
    eos_token_ids: frozenset[int]
    """Tokens that end an answer, beside the tokenizer's own."""
    override_max_tokens: int | None
    """Bound on max_tokens that no request may exceed."""


def load_generation_defaults(
    files: ModelFiles, *, generation_config: str = "auto", override: Mapping[str, Any] | None = None
) -> GenerationDefaults:
    """Read the defaults: `auto` from the model, `vllm` none but its end tokens, else from that directory or id."""
    override = override or {}
    if generation_config in ("auto", "vllm"):
        found = files.read_object(_FILE) if files.path(_FILE) else _from_model_config(files)
    else:
        other = ModelFiles.open(generation_config)
        if other.path(_FILE) is None:
            raise StartupError(f"--generation-config: {generation_config} has no {_FILE}.")
        found = other.read_object(_FILE)
    values = {**({} if generation_config == "vllm" else found), **override}
    sampling = {name: values[name] for name in _PARAMETERS if values.get(name) is not None}
    if "max_new_tokens" in sampling:
        sampling["max_tokens"] = sampling.pop("max_new_tokens")
    # A directory of defaults is the operator's word, and binds; the model's own file only proposes.
    bound = override.get("max_new_tokens") if generation_config in ("auto", "vllm") else sampling.get("max_tokens")
    return GenerationDefaults(sampling, _token_ids(found.get("eos_token_id")), bound)


def _from_model_config(files: ModelFiles) -> dict[str, Any]:
    config = files.read_object("config.json")
    eos = config.get("eos_token_id")
    if eos is None:
        inner: dict[str, Any] = next(
            (config[key] for key in ("text_config", "decoder", "generator") if config.get(key)), {}
        )
        eos = inner.get("eos_token_id")
    return {"eos_token_id": eos}


def _token_ids(value: object) -> frozenset[int]:
    if isinstance(value, int):
        return frozenset((value,))
    return frozenset(value) if isinstance(value, list) else frozenset()
