# SPDX-License-Identifier: Apache-2.0
"""The prefix cache that the embedded engine pretends to have: how many tokens of a prompt were seen before, by blocks.

Remembers hashes of blocks, each with all that went before it; forgets the oldest when full. Knows nothing of requests.
"""

from __future__ import annotations

from collections import OrderedDict

from fastfront.engine.types import PrefixCacheStats
from fastfront.sim.wire import BLOCK_SIZE, NUM_BLOCKS


class PrefixCache:
    """Hashes of prompt blocks, the least recently used first, and the statistics since they were last taken."""

    def __init__(self, num_blocks: int = NUM_BLOCKS, block_size: int = BLOCK_SIZE) -> None:
        self._num_blocks = num_blocks
        self._block_size = block_size
        self._blocks: OrderedDict[int, None] = OrderedDict()
        self._stats = PrefixCacheStats()

    def enter(self, prompt_token_ids: list[int], salt: str | None = None) -> int:
        """Take a prompt into the cache and return how many of its first tokens were there already.

        The last token of a prompt is always computed: an engine needs its logits.
        """
        size = self._block_size
        hits, chain, hitting = 0, hash(salt) if salt else 0, True
        reusable = max(len(prompt_token_ids) - 1, 0) // size
        for index in range(len(prompt_token_ids) // size):
            chain = hash((chain, *prompt_token_ids[index * size : (index + 1) * size]))
            known = chain in self._blocks
            hitting = hitting and known and index < reusable
            hits += hitting
            if known:
                self._blocks.move_to_end(chain)
            else:
                self._blocks[chain] = None
        while len(self._blocks) > self._num_blocks:
            self._blocks.popitem(last=False)
        self._stats.requests += 1
        self._stats.queries += len(prompt_token_ids)
        self._stats.hits += hits * size
        return hits * size

    def reset(self) -> None:
        """Forget every block."""
        self._blocks.clear()
        self._stats.reset = True

    def take_stats(self) -> PrefixCacheStats:
        """Return the statistics since the last call."""
        stats, self._stats = self._stats, PrefixCacheStats()
        return stats
