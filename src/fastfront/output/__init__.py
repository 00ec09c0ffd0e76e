# SPDX-License-Identifier: Apache-2.0
"""From a native Response to the client: what the ASGI task sends, when, and what happens when the client leaves.

Knows ASGI and the native Response; must not know requests, prompts or the engine's wire.
"""

from fastfront.output.asgi import ClientDisconnectedError, Message, Receive, Scope, Send, direct_of
from fastfront.output.foreign import ForeignDecoder
from fastfront.output.keep_alive import keep_alive
from fastfront.output.stream import RequestStream

__all__ = [
    "ClientDisconnectedError",
    "ForeignDecoder",
    "Message",
    "Receive",
    "RequestStream",
    "Scope",
    "Send",
    "direct_of",
    "keep_alive",
]
