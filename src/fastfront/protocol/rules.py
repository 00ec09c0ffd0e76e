# SPDX-License-Identifier: Apache-2.0
"""Rules between fields, which vLLM applies to the raw JSON object before it looks at any field's type.

Each function takes the object and raises the error that vLLM raises, or returns. They must cope with any JSON value
in any member. Which run, and in which order, is the request's business (vLLM's order is its definitions', reversed).

Source: the "before" validators in vllm/entrypoints/openai/{chat_completion,completion}/protocol.py.
"""

from __future__ import annotations

from typing import Any

from fastfront.errors import validation_error
from fastfront.protocol.issues import Issues, Location
from fastfront.protocol.response_format import STRUCTURAL_TAG_FORMATS

JsonObject = dict[str, Any]

MAX_CACHE_SALT_CHARS = 128
_CACHE_SALT_FORBIDDEN = frozenset("@/\\\x00")


def check_cache_salt(data: JsonObject) -> None:
    cache_salt = data.get("cache_salt")
    if cache_salt is None:
        return
    if not isinstance(cache_salt, str) or not cache_salt:
        raise validation_error("Parameter 'cache_salt' must be a non-empty string if provided.", parameter="cache_salt")
    if len(cache_salt) > MAX_CACHE_SALT_CHARS or not _CACHE_SALT_FORBIDDEN.isdisjoint(cache_salt):
        raise validation_error(
            "Parameter 'cache_salt' must be at most 128 characters and must not contain '@', '/', '\\\\', or NUL.",
            parameter="cache_salt",
        )


def check_stream_options(data: JsonObject) -> None:
    if data.get("stream_options") and not data.get("stream"):
        raise validation_error("Stream options can only be defined when `stream=True`.", parameter="stream_options")


def check_generation_prompt(data: JsonObject) -> None:
    if data.get("continue_final_message") and data.get("add_generation_prompt"):
        raise validation_error("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")


def check_response_format(data: JsonObject) -> None:
    response_format = data.get("response_format")
    if not isinstance(response_format, dict):
        return
    if response_format.get("type") == "json_schema" and response_format.get("json_schema") is None:
        raise validation_error(
            "When response_format type is 'json_schema', the 'json_schema' field must be provided.",
            parameter="response_format",
        )
    if response_format.get("type") == "structural_tag":
        issues = Issues()
        STRUCTURAL_TAG_FORMATS(response_format, (), issues)
        if issues.count:
            raise validation_error("Invalid response_format structural_tag specification.", parameter="response_format")


def check_structured_outputs(data: JsonObject, *, chat: bool) -> None:
    constraints = data.get("structured_outputs")
    if not isinstance(constraints, dict):
        return
    count = sum(constraints.get(kind) is not None for kind in ("json", "regex", "choice"))
    if count > 1:
        raise validation_error(
            "You can only use one kind of constraints for structured outputs ('json', 'regex' or 'choice').",
            parameter=None if chat else "structured_outputs",
        )
    tool_choice = data.get("tool_choice", "none")
    if chat and count and not (isinstance(tool_choice, str) and tool_choice in {"none", "auto", "required"}):
        raise validation_error("You can only either use constraints for structured outputs or tools, not both.")
    if constraints.get("structural_tag") == "":
        raise validation_error(
            "Invalid structured_outputs structural_tag specification.", parameter="structured_outputs"
        )


def check_logprob_token_ids(data: JsonObject) -> None:
    if data.get("logprob_token_ids") and data.get("use_beam_search"):
        raise validation_error("`logprob_token_ids` is not supported with beam search.", parameter="logprob_token_ids")


def check_integers(data: JsonObject, *names: str) -> None:
    """Refuse what cannot be compared with a number."""
    for name in names:
        value = data.get(name)
        if value is not None and not isinstance(value, int | float):
            raise validation_error(f"`{name}` must be an integer.", parameter=name, value=value)


def check_count_of_logprobs(data: JsonObject, name: str) -> None:
    value = data.get(name)
    if value is not None and value < 0 and value != -1:
        raise validation_error(f"`{name}` must be a positive value or -1.", parameter=name, value=value)


def check_prompt_logprobs(data: JsonObject) -> None:
    value = data.get("prompt_logprobs")
    if value is not None and data.get("stream") and (value > 0 or value == -1):
        raise validation_error("`prompt_logprobs` are not available when `stream=True`.", parameter="prompt_logprobs")
    check_count_of_logprobs(data, "prompt_logprobs")


def apply_return_mm_kwargs(data: JsonObject) -> None:
    """Spell the deprecated `return_mm_kwargs=False` as `mm_payload="none"`."""
    if data.get("return_mm_kwargs") is False:
        data.setdefault("mm_payload", "none")


def thinking_token_budget(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> int | None:
    """Check the field (a lax.Check): an integer and nothing that could be made one; -1 means unset."""
    if value is None or (type(value) is int and value == -1):
        return None
    if type(value) is not int or value < 0:
        raise validation_error(
            "`thinking_token_budget` must be a non-negative integer or -1 for unlimited.",
            parameter="thinking_token_budget",
            value=value,
        )
    return value
