# SPDX-License-Identifier: Apache-2.0
"""From body to request, for any request type: a fast path that takes what is ordinary, a slow one that is complete.

The fast path is one `msgspec` decode that takes exactly typed values. Whatever it does not take, and every request
that is not plain, goes the slow way: Python's JSON, the rules between fields, coercion as pydantic does, the wording
of errors. Both make equal requests of one body, and a test says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from fastfront.errors import BadRequestError
from fastfront.protocol.body import load_object, note_ignored_fields
from fastfront.protocol.issues import Issues
from fastfront.protocol.lax import Check

R = TypeVar("R", bound=msgspec.Struct)


class OutOfRangeError(BadRequestError):
    """The request fits the schema, and a value of it cannot be served.

    vLLM looks at such values behind the model's name and the engine's state: who decodes has to, too, with `request`.
    """

    def __init__(self, error: BadRequestError, request: Any) -> None:
        super().__init__(error.message, param=error.param)
        self.request = request


class RequestDecoder(Generic[R]):
    """Decodes one type of request.

    `is_plain` says whether the slow path is sure to come to the same request. `apply_rules` raises for members that
    contradict each other. `check` makes the request from the JSON object. `verify` raises BadRequestError for values
    out of range; the decoder raises that as an OutOfRangeError.
    """

    def __init__(
        self,
        struct: type[R],
        check: Check,
        *,
        is_plain: Callable[[R], bool],
        apply_rules: Callable[[dict[str, Any]], None] | None = None,
        verify: Callable[[R], None] | None = None,
    ) -> None:
        self.struct = struct
        self._decode = msgspec.json.Decoder(struct).decode
        self._check = check
        self._is_plain = is_plain
        self._apply_rules = apply_rules
        self._verify = verify

    def __call__(self, body: bytes) -> R:
        """Return the request, or raise the error to answer."""
        try:
            request = self._decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self.decode_slowly(body)
        if not self._is_plain(request):
            return self.decode_slowly(body)
        self._check_values(request)
        note_ignored_fields(body, self.struct)
        return request

    def decode_slowly(self, body: bytes) -> R:
        """Return the request by the complete path."""
        request = self.from_object(load_object(body))
        note_ignored_fields(body, self.struct)
        return request

    def from_object(self, data: dict[str, Any]) -> R:
        """Return the request that a JSON object holds. The object may be changed."""
        if self._apply_rules is not None:
            self._apply_rules(data)
        issues = Issues()
        request: R = self._check(data, (), issues)
        if issues.count:
            raise issues.to_error()
        self._check_values(request)
        return request

    def _check_values(self, request: R) -> None:
        if self._verify is None:
            return
        try:
            self._verify(request)
        except BadRequestError as error:
            raise OutOfRangeError(error, request) from None
