# SPDX-License-Identifier: Apache-2.0
"""What a pump says of its engines: each apart, and also what only some of them tell."""

from __future__ import annotations

import msgspec

from fastfront._native import pump as native


def test_what_only_some_engines_tell() -> None:
    """Speculative decoding, a KV connector, evicted blocks and estimated work, as vLLM's encoder lays them out."""
    pump = native.Pump()
    pump.set_buckets("kv_cache_residency", [1, 10])
    stats = {
        "num_kv_fetch_reqs_by_stage": {"in_progress": 2},
        "connector_prefix_cache_stats": {"requests": 1, "queries": 8, "hits": 6, "hits_by_source": {"host": 6}},
        "spec_decoding_stats": {"num_drafts": 1, "num_draft_tokens": 2, "num_accepted_tokens": 1}
        | {"num_accepted_tokens_per_pos": [1, 0]},
        "kv_cache_eviction_events": [{"lifetime_seconds": 5.0, "idle_seconds": 0.5, "reuse_gaps_seconds": [20.0]}],
        "perf_stats": {"num_flops_per_gpu": 3, "num_read_bytes_per_gpu": 4, "num_write_bytes_per_gpu": 5},
    }
    pump.process(msgspec.msgpack.encode([0, [], stats, 1.0]))
    scheduler = pump.snapshot()[0]["scheduler"]
    assert scheduler["kv_fetch"] == {"waiting_to_start": 0, "in_progress": 2, "completed_waiting": 0}
    assert (scheduler["connector_queries"], scheduler["connector_hits"]) == (8, 6)
    assert scheduler["connector_recent"] == (8, 6)
    assert scheduler["connector_hits_by_source"]["host"] == 6
    assert scheduler["spec_decode"]["accepted_per_position"] == [1, 0]
    assert scheduler["has_evictions"]
    assert scheduler["kv_blocks"]["kv_block_lifetime_seconds"] == ([1.0, 10.0], [0, 1, 0], 5.0)
    assert scheduler["kv_blocks"]["kv_block_reuse_gap_seconds"] == ([1.0, 10.0], [0, 0, 1], 20.0)
    assert (scheduler["flops"], scheduler["read_bytes"], scheduler["write_bytes"]) == (3, 4, 5)


def test_engines_are_counted_apart() -> None:
    """A request's numbers are those of the engine that its outputs come from."""
    pump = native.Pump()
    pump.set_engines(2, 2)
    pump.set_buckets("request_params_n", [1])
    response = native.Response(
        native.KIND_COMPLETION, id="cmpl-1", model="tiny", created=0, vocab=None, prompt_token_ids=[[1]]
    )
    pump.add(response)
    pump.process(msgspec.msgpack.encode([3, [[response.wire_ids[0], [72], None, None, None, 1]], None, 1.0]))
    response.feed(0, [72], ["H"], 1, None)
    snapshot = pump.snapshot()
    assert list(snapshot) == [2, 3]
    assert snapshot[3]["counters"]["generation_tokens"] == 1
    assert snapshot[3]["counters"]["success_length"] == 1
    assert snapshot[3]["histograms"]["request_params_n"] == ([1.0], [1, 0], 1.0)
    assert snapshot[2]["counters"]["generation_tokens"] == 0
