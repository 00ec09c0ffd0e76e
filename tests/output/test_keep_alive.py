# SPDX-License-Identifier: Apache-2.0
"""When a silent stream is looked at, and until when."""

from __future__ import annotations

import asyncio
import gc
import time

from fastfront.output import keep_alive


class FakePump:
    """Says when to look again: `dues` from now, then never."""

    def __init__(self, *dues):
        self.dues = list(dues)
        self.looked = 0
        self.done = asyncio.Event()

    def keep_alive(self, response, interval):
        self.looked += 1
        if self.dues:
            return time.time() + self.dues.pop(0)
        self.done.set()
        return -1.0


class FakeResponse:
    """Something to be watched."""


async def test_it_is_looked_at_until_it_has_ended():
    """Again and again, when the pump says."""
    pump, response = FakePump(0.001, -5.0, 0.001), FakeResponse()
    keep_alive(pump, response, 0.001)
    await asyncio.wait_for(pump.done.wait(), 10)
    assert pump.looked == 4


async def test_a_response_that_is_gone_is_not_kept():
    """The timer holds no response."""
    pump = FakePump()
    keep_alive(pump, FakeResponse(), 0.001)
    gc.collect()
    looked = asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, looked.set)
    await looked.wait()
    assert pump.looked == 0


async def test_no_interval_is_no_watch():
    """The default costs nothing."""
    pump = FakePump()
    keep_alive(pump, FakeResponse(), 0)
    assert pump.looked == 0
