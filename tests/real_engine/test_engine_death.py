# SPDX-License-Identifier: Apache-2.0
"""The engine process is killed under requests: everybody is told what vLLM tells, and the server does not linger.

The last test of the server with flags: conftest.py sees to that.
"""

from __future__ import annotations

import json

from tests.real_engine import servers
from tests.real_engine.conftest import Running
from tests.real_engine.dying import kill_engine


def test_engine_is_killed(flagged: Running) -> None:
    """A stream ends with vLLM's error event, a whole answer with its 500, `fastfront serve` with an error."""
    theirs = flagged.reference.last_words
    assert theirs is not None
    ours = kill_engine(flagged.server, flagged.client)
    assert [event if event == "[DONE]" else json.loads(event) for event in ours.stream] == [
        event if event == "[DONE]" else json.loads(event) for event in theirs.stream
    ]
    assert (ours.whole.status, ours.whole.body) == (theirs.whole.status, theirs.whole.body)
    assert ours.status == 1
    assert "engine" in flagged.server.tail().lower()
    assert servers.survivors(flagged.server.before) == {}
