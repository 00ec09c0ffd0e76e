# SPDX-License-Identifier: Apache-2.0
"""The types of a handler and of a family's table of routes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastfront.frontend import Frontend
from fastfront.output.asgi import Receive, Scope, Send

Handler = Callable[[Frontend, Scope, Receive, Send], Awaitable[int]]
"""Answers one request; returns the HTTP status, for the metrics."""

Routes = dict[str, dict[str, Handler]]
"""Path -> method -> handler."""
