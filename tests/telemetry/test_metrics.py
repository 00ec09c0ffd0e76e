# SPDX-License-Identifier: Apache-2.0
"""/metrics: vLLM's names and shapes, made of plain numbers, in a registry of its own."""

from __future__ import annotations

import types

import prometheus_client
from prometheus_client.parser import text_string_to_metric_families

from fastfront.telemetry import Metrics
from tests.telemetry.snapshots import SNAPSHOT, empty


def samples(metrics):
    """Return every sample that Prometheus would read, by name and labels."""
    _, text = metrics.render()
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found, "a sample appears twice"
            found[key] = sample.value
    return found


def watched():
    """Return metrics of an engine whose numbers are SNAPSHOT."""
    metrics = Metrics()
    metrics.watch_engine(lambda: SNAPSHOT, "tiny")
    return metrics


ENGINE_0 = (("engine", "0"), ("model_name", "tiny"))


def test_counters_have_vllms_names():
    """Each engine has its own."""
    found = samples(watched())
    assert found[("vllm:prompt_tokens_total", *ENGINE_0)] == 7
    assert found[("vllm:prompt_tokens_cached_total", *ENGINE_0)] == 2
    assert found[("vllm:generation_tokens_total", *ENGINE_0)] == 11
    assert found[("vllm:generation_tokens_total", ("engine", "1"), ("model_name", "tiny"))] == 0
    assert found[("vllm:prompt_tokens_by_source_total", *ENGINE_0, ("source", "local_compute"))] == 5


def test_finished_requests_are_split_by_reason():
    """All five reasons are there from the start, so that rates work."""
    found = samples(watched())
    reasons = {
        key[2][1]: value
        for key, value in found.items()
        if key[0] == "vllm:request_success_total" and key[1] == ENGINE_0[0]
    }
    assert reasons == {"stop": 3, "length": 0, "abort": 1, "error": 0, "repetition": 0}


def test_gauges_are_per_engine():
    """Each engine reports its own state; waiting requests include the deferred ones, as in vLLM."""
    found = samples(watched())
    assert found[("vllm:num_requests_running", *ENGINE_0)] == 2
    assert found[("vllm:num_requests_running", ("engine", "1"), ("model_name", "tiny"))] == 1
    assert found[("vllm:num_requests_waiting", *ENGINE_0)] == 5
    assert found[("vllm:num_requests_waiting_by_reason", *ENGINE_0, ("reason", "capacity"))] == 1
    assert found[("vllm:num_requests_waiting_by_reason", *ENGINE_0, ("reason", "deferred"))] == 4
    assert found[("vllm:kv_cache_usage_perc", *ENGINE_0)] == 0.5
    assert found[("vllm:prefix_cache_queries_total", *ENGINE_0)] == 8
    assert found[("vllm:prefix_cache_hits_total", *ENGINE_0)] == 6


def test_histograms_are_cumulated():
    """The pump counts per bucket, Prometheus wants sums."""
    found = samples(watched())
    buckets = [
        found[("vllm:request_params_n_bucket", ENGINE_0[0], ("le", le), ENGINE_0[1])] for le in ("1.0", "2.0", "+Inf")
    ]
    assert buckets == [4, 4, 5]
    assert found[("vllm:request_params_n_count", *ENGINE_0)] == 5
    assert found[("vllm:request_params_n_sum", *ENGINE_0)] == 14


def test_metrics_answer_without_an_engine():
    """While the engine loads there are still the process's and the HTTP side's numbers."""
    found = samples(Metrics())
    assert any(name == "process_cpu_seconds_total" for name, *_ in found)
    assert not any(name.startswith("vllm:") for name, *_ in found)


def test_default_registry_is_left_alone():
    """A host that exposes prometheus_client's own registry sees nothing of ours, and can make two of us."""
    before = {metric.name for metric in prometheus_client.REGISTRY.collect()}
    watched()
    watched()
    assert {metric.name for metric in prometheus_client.REGISTRY.collect()} == before


def test_gauges_of_the_frontend_are_read_when_asked():
    """A gauge shows the value at the time of the scrape."""
    metrics, value = Metrics(), [1]
    metrics.add_gauge("requests_open", "Open.", lambda: value[0])
    value[0] = 5
    assert samples(metrics)[("fastfront:requests_open",)] == 5


def test_cached_tokens_are_split_by_where_they_were():
    """What the engine's own cache had is the device's."""
    found = samples(watched())
    name = "vllm:prompt_tokens_cached_by_source_total"
    assert found[(name, *ENGINE_0, ("source", "device"))] == 7
    assert found[(name, *ENGINE_0, ("source", "host"))] == 4


def test_what_an_engine_does_not_do_is_not_shown():
    """As in vLLM: no speculative decoding, no KV connector, no block metrics, unless there is something to tell."""
    names = {name for name, *_ in samples(watched())}
    assert not {name for name in names if name.startswith(("vllm:spec_decode", "vllm:kv_block"))}
    assert "vllm:num_requests_kv_fetch_by_stage" not in names
    assert "vllm:corrupted_requests_total" not in names


def test_what_only_some_engines_do_is_shown_when_they_do():
    """Speculative decoding by position, stages of KV loading, blocks of the KV cache, corrupted requests."""
    snapshot = empty()
    snapshot[0]["scheduler"]["spec_decode"] = {
        "num_drafts": 4,
        "num_draft_tokens": 8,
        "num_accepted_tokens": 5,
        "accepted_per_position": [4, 1],
    }
    snapshot[0]["scheduler"]["kv_fetch"]["in_progress"] = 2
    metrics = Metrics(kv_cache_metrics=True, corrupted=True)
    metrics.watch_engine(lambda: snapshot, "tiny")
    found = samples(metrics)
    assert found[("vllm:spec_decode_num_drafts_total", *ENGINE_0)] == 4
    assert found[("vllm:spec_decode_num_accepted_tokens_per_pos_total", *ENGINE_0, ("position", "1"))] == 1
    assert found[("vllm:num_requests_kv_fetch_by_stage", *ENGINE_0, ("stage", "in_progress"))] == 2
    assert found[("vllm:kv_block_lifetime_seconds_count", *ENGINE_0)] == 0
    assert found[("vllm:corrupted_requests_total", *ENGINE_0)] == 0


def test_a_diffusion_model_counts_steps():
    """What engines tell as drafts has names of its own, from the start, and no positions."""
    snapshot = empty()
    metrics = Metrics()
    metrics.watch_engine(lambda: snapshot, "tiny", diffusion=True)
    assert samples(metrics)[("vllm:diffusion_num_denoising_steps_total", *ENGINE_0)] == 0
    drafts = {"num_drafts": 4, "num_draft_tokens": 8, "num_accepted_tokens": 5, "accepted_per_position": [4, 1]}
    snapshot[0]["scheduler"]["spec_decode"] = drafts
    found = samples(metrics)
    assert found[("vllm:diffusion_num_denoising_steps_total", *ENGINE_0)] == 4
    assert found[("vllm:diffusion_num_canvas_positions_total", *ENGINE_0)] == 8
    assert found[("vllm:diffusion_num_committed_tokens_total", *ENGINE_0)] == 5
    assert not {name for name, *_ in found if name.startswith("vllm:spec_decode")}


def test_load_is_told_by_engine():
    """What a load balancer hears: a value for each engine, and nothing where there are no statistics."""
    waiting, usage = [("num_requests_waiting", 5.0), ("num_requests_waiting", 0.0)], "kv_cache_usage_perc"
    assert watched().load() == [*waiting, (usage, 0.5), (usage, 0.0)]
    assert Metrics(log_stats=False).load() == []
    assert Metrics().load() == []


def test_without_log_stats_vllms_metrics_are_not_there():
    """--disable-log-stats: the engine does not tell, so nothing is shown rather than zeros."""
    metrics = Metrics(log_stats=False)
    metrics.watch_engine(lambda: SNAPSHOT, "tiny")
    names = {name for name, *_ in samples(metrics)}
    assert not {name for name in names if name.startswith("vllm:")}
    assert "fastfront:engine_messages_total" in names


def test_counters_tell_since_when_they_count():
    """The _created series, as in vLLM's text."""
    found = samples(watched())
    created = found[("vllm:prompt_tokens_created", *ENGINE_0)]
    assert created > 1e9
    assert found[("vllm:request_params_n_created", *ENGINE_0)] == created
    assert found[("vllm:request_success_created", ENGINE_0[0], ("finished_reason", "stop"), ENGINE_0[1])] == created


def test_invocations_of_tool_parsers():
    """With --tool-call-parser, as in vLLM: every combination of labels from the start."""
    snapshot = empty(2)
    snapshot[0]["counters"].update(tool_parser_plain=1, tool_parser_called=2, tool_parser_streaming_called=4)
    snapshot[1]["counters"].update(tool_parser_called=8)
    metrics = Metrics(tool_parser=True)
    metrics.watch_engine(lambda: snapshot, "tiny")
    found = {key[1:]: value for key, value in samples(metrics).items() if "invocations_total" in key[0]}
    assert len(found) == 12
    counts = {key[0][1] + " " + key[2][1]: value for key, value in found.items() if "chat" in key[3][1]}
    assert counts == {
        "streaming tool_call": 4,
        "streaming no_tool_call": 0,
        "non_streaming tool_call": 10,
        "non_streaming no_tool_call": 1,
    }


def test_adapters_are_shown_where_the_engine_has_any():
    """vllm:lora_requests_info, with --enable-lora."""
    metrics = Metrics()
    ready = types.SimpleNamespace(supports_lora=True, max_loras=4)
    metrics.watch_engine(empty, "tiny", ready)
    metrics.lora.begin("mine")
    names = [key for key in samples(metrics) if key[0] == "vllm:lora_requests_info"]
    assert any(("running_lora_adapters", "mine") in key for key in names)
