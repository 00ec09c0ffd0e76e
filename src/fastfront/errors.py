# SPDX-License-Identifier: Apache-2.0
"""The one error tree: every failure that a client may see knows its HTTP status and its OpenAI-shaped body.

A leaf: imports nothing of fastfront. Types and statuses are those of vLLM's Python server
(vllm/entrypoints/serve/exception_handling/error_response.py). Two kinds of 400 exist there and here: "Bad Request"
for a body that does not fit the schema, "BadRequestError" for a value that vLLM's own checks refuse.
"""

from __future__ import annotations

import msgspec

MAX_MESSAGE_CHARS = 16_384
"""Longer messages are cut before they are encoded."""

MAX_PARAM_CHARS = 512
"""Longer paths are cut: a path holds the request's own keys."""

MAX_BODY_BYTES = 65_536
"""An error body is never larger, whatever the request held: JSON may write one character in six bytes."""


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


class FastFrontError(Exception):
    """A failure with an HTTP status and an OpenAI-shaped body.

    `param` names the request field at fault, where there is one.
    """

    status: int = 500
    type: str = "InternalServerError"

    def __init__(self, message: str, *, param: str | None = None) -> None:
        self.message = _cut(message, MAX_MESSAGE_CHARS)
        super().__init__(self.message)
        self.param = None if param is None else _cut(param, MAX_PARAM_CHARS)

    def to_dict(self) -> dict[str, dict[str, str | int | None]]:
        """Return `{"error": {message, type, param, code}}`, the members in vLLM's order."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.status}}

    def to_json(self) -> bytes:
        """Return the response body as JSON. Lone surrogates, which JSON escapes can smuggle in, become `?`."""
        try:
            body = msgspec.json.encode(self.to_dict())
        except UnicodeEncodeError:
            self.message = self.message.encode("utf-8", "replace").decode("utf-8")
            self.param = None
            body = msgspec.json.encode(self.to_dict())
        if len(body) > MAX_BODY_BYTES:
            self.message = _cut(self.message, MAX_BODY_BYTES // 8)
            body = msgspec.json.encode(self.to_dict())
        return body


class SchemaError(FastFrontError):
    """The body is not JSON, or not of the request's shape (pydantic's errors in vLLM)."""

    status = 400
    type = "Bad Request"


class BadRequestError(FastFrontError):
    """The request has the right shape and a value that cannot be served."""

    status = 400
    type = "BadRequestError"


def validation_error(message: str, *, parameter: str | None = None, value: object = None) -> BadRequestError:
    """Return the 400 for a value that cannot be served, in vLLM's words: the parameter and the value in parentheses.

    Source of the form: vllm/exceptions.py, VLLMValidationError.__str__.
    """
    extras = [] if parameter is None else [f"parameter={parameter}"]
    if value is not None:
        extras.append(f"value={value}")
    return BadRequestError(f"{message} ({', '.join(extras)})" if extras else message, param=parameter)


class UnsupportedFieldError(BadRequestError):
    """A field that vLLM accepts and fastfront does not serve: refused by name, never ignored."""

    def __init__(self, field: str, hint: str = "") -> None:
        super().__init__(
            f"`{field}` is not supported by fastfront yet.{' ' + hint if hint else ' Remove the field.'}", param=field
        )


class InvalidUserInputError(FastFrontError):
    """What was asked of the server's administration cannot be (vLLM's own type, for LoRA adapters)."""

    status = 400
    type = "InvalidUserInput"


class NotFoundError(FastFrontError):
    """The model (or another named thing) does not exist."""

    status = 404
    type = "NotFoundError"


class PermissionDeniedError(FastFrontError):
    """A route that vLLM has and that this server was not told to serve."""

    status = 403
    type = "PermissionDeniedError"


class ConflictError(FastFrontError):
    """What is asked for cannot be while something else is under way."""

    status = 409
    type = "Conflict"


class PayloadTooLargeError(FastFrontError):
    """The body is larger than this server accepts."""

    status = 413
    type = "BadRequestError"


class NotImplementedYetError(FastFrontError):
    """A route, or what a request asks for, that vLLM has and this deployment cannot serve."""

    status = 501
    type = "NotImplementedError"


class ServiceUnavailableError(FastFrontError):
    """The server is starting, draining or full: the same request may succeed later."""

    status = 503
    type = "ServiceUnavailableError"


class BusyError(ServiceUnavailableError):
    """Admission control refuses the request: another instance may take it."""

    type = "Service Unavailable"


class GenerationError(FastFrontError):
    """The engine reported an error for this request (finish_reason "error")."""

    def __init__(self, message: str = "Internal server error") -> None:
        super().__init__(message)


class EngineDeadError(FastFrontError):
    """The engine process has died or was lost; nothing can be generated any more."""

    def __init__(
        self, message: str = "EngineCore encountered an issue. See stack trace (above) for the root cause."
    ) -> None:
        super().__init__(message)


class StartupError(Exception):
    """The server cannot start. The message says why and what to do; it is printed without a traceback."""
