# SPDX-License-Identifier: Apache-2.0
"""The engine process is killed under requests: those and all that follow are answered as by vLLM's server.

The last test of the server with flags (conftest.py sees to that), which is told to stay up and has to end in order.
"""

from __future__ import annotations

import json

from tests.parity.cases_front import DEAD
from tests.parity.cases_http import KEPT
from tests.parity.comparing import differences
from tests.real_engine.asking import send
from tests.real_engine.conftest import Running, connect
from tests.real_engine.dying import kill_engine


def test_engine_is_killed(flagged: Running) -> None:
    """A stream ends with vLLM's error event, a whole answer with its 500; new requests get its statuses and words."""
    theirs = flagged.reference.last_words
    assert theirs is not None
    ours = kill_engine(flagged.server, flagged.client)
    assert [json.loads(event) for event in ours.stream[:-1]] == [json.loads(event) for event in theirs.stream[:-1]]
    assert ours.stream[-1] == theirs.stream[-1] == "[DONE]"
    assert differences(theirs.whole, ours.whole) == []
    with connect(flagged.server, {}) as client:
        for case in DEAD:
            answer = send(client, case.method, case.path, case.content, case.headers, KEPT)
            found = differences(flagged.reference.answers[case.name], answer)
            assert not found, (case.name, [str(each) for each in found])
