# SPDX-License-Identifier: Apache-2.0
"""Calls of engine methods on behalf of a client: to all engines, without a limit of time, as vLLM's server makes them.

A client's argument that cannot be put on the wire is its mistake. Must not know what a method does.
"""

from __future__ import annotations

from typing import Any

from fastfront.errors import BadRequestError, FastFrontError
from fastfront.frontend import Frontend


async def call_all(frontend: Frontend, method: str, *args: object) -> list[Any]:
    """Call a method on every engine; return the results in order of rank. Raises FastFrontError with the reason."""
    frontend.check_started()
    try:
        return await frontend.engine.call_utility_all(method, *args, timeout=None)
    except (OverflowError, TypeError, UnicodeEncodeError) as error:
        raise BadRequestError(str(error)) from None


async def call(frontend: Frontend, method: str, *args: object) -> Any:
    """Call a method on every engine; return the first one's result."""
    return (await call_all(frontend, method, *args))[0]


async def ask(frontend: Frontend, method: str) -> Any:
    """Ask every engine something that all have to say the same of."""
    results = await call_all(frontend, method)
    if any(result != results[0] for result in results):
        raise FastFrontError(f"Engines returned different {method} results: {results}")
    return results[0]
