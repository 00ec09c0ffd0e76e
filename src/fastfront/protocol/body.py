# SPDX-License-Identifier: Apache-2.0
"""The request body as vLLM's server reads it: Python's JSON, which takes NaN, UTF-16 and a byte order mark too.

The slow path only. Every body that is no JSON object, or nests too deeply, or is no valid text, ends here as a 400.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import msgspec

from fastfront.errors import SchemaError
from fastfront.protocol.issues import Issues

_logger = logging.getLogger(__name__)

_SURROGATE_BYTES = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")
"""A surrogate, escaped or raw. Python's JSON keeps unpaired ones; no tokenizer takes them."""

_REMOVED_GUIDED_FIELDS = frozenset(
    {
        "guided_json",
        "guided_regex",
        "guided_choice",
        "guided_grammar",
        "guided_decoding_backend",
        "guided_whitespace_pattern",
    }
)


def _explain(error: json.JSONDecodeError) -> SchemaError:
    issues = Issues()
    issues.add("json_invalid", (error.pos,), "JSON decode error", {}, {"error": error.msg})
    return issues.to_error()


def load_object(body: bytes, branches: int = 1) -> dict[str, Any]:
    """Return the JSON object that the body holds, or raise SchemaError.

    `branches` is how often pydantic says that a body is no object: once for each type that the endpoint takes.
    """
    data = load_json(body) if body else None
    if isinstance(data, dict):
        return data
    issues = Issues()
    if data is None:
        issues.add("missing", (), "Field required", None)
    else:
        for _ in range(branches):
            message = "Input should be a valid dictionary or object to extract fields from"
            issues.add("model_attributes_type", (), message, data)
    raise issues.to_error()


def load_json(body: bytes, explain: Callable[[json.JSONDecodeError], SchemaError] = _explain) -> Any:
    """Return the JSON value that the body holds, or raise SchemaError; `explain` words that it is no JSON."""
    try:
        data = json.loads(body)
    except json.JSONDecodeError as error:
        raise explain(error) from None
    except UnicodeDecodeError:
        raise SchemaError("There was an error parsing the body: it is not valid UTF-8.") from None
    except RecursionError:
        raise SchemaError("There was an error parsing the body: it is nested too deeply.") from None
    except ValueError:
        raise SchemaError("There was an error parsing the body: a number has too many digits.") from None
    if _SURROGATE_BYTES.search(body) and _has_lone_surrogate(data):
        raise SchemaError("There was an error parsing the body: it holds an unpaired surrogate, which is no text.")
    return data


def _has_lone_surrogate(data: Any) -> bool:
    pending = [data]
    while pending:
        value = pending.pop()
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                return True
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            pending.extend(value)
            pending.extend(value.values())
    return False


def note_ignored_fields(body: bytes, struct: type[msgspec.Struct]) -> None:
    """Log the members that no field takes: at debug level, and louder where a client counts on one that is gone."""
    guided = b'"guided_' in body
    if not guided and not _logger.isEnabledFor(logging.DEBUG):
        return
    try:
        ignored = set(load_object(body)) - set(struct.__struct_fields__)
    except SchemaError:  # only in a member that no field takes: that is where the decoder does not look closely
        return
    if removed := ignored & _REMOVED_GUIDED_FIELDS:
        _warn_of_removed_fields(tuple(sorted(removed)))
    if ignored:
        _logger.debug("Ignored unknown fields of a request: %s", sorted(ignored))


@functools.cache
def _warn_of_removed_fields(names: tuple[str, ...]) -> None:
    _logger.warning(
        "Ignored the removed guided-decoding field(s) %s: output is NOT constrained. "
        "Use `structured_outputs` or `response_format`. This is said once.",
        ", ".join(names),
    )
