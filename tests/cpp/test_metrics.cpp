// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "metrics.hpp"

using namespace fastfront;

namespace {

/// Observations of a histogram, whatever their bucket.
std::uint64_t observed(Metrics& metrics, HistogramId id, std::size_t engine = 0) {
    Metrics* all[] = {&metrics};
    std::uint64_t sum = 0;
    for (const std::uint64_t count : total_of(all, id, engine).counts) {
        sum += count;
    }
    return sum;
}

double sum_of(Metrics& metrics, HistogramId id, std::size_t engine = 0) {
    Metrics* all[] = {&metrics};
    return total_of(all, id, engine).sum;
}

EngineCoreOutput first_output() {
    EngineCoreOutput output;
    output.queued_at = 10.0;
    output.scheduled_at = 10.5;
    output.has_prefill_stats = true;
    output.prefill_stats = {.num_prompt_tokens = 100,
                            .num_computed_tokens = 40,
                            .num_cached_tokens = 60,
                            .num_local_cached_tokens = 50,
                            .num_external_cached_tokens = 10};
    return output;
}

}  // namespace

TEST_CASE("a request's phases are measured on the engine's clock, its latency on the wall's") {
    Metrics metrics;
    RequestTimes times{.arrival = 1000.0};
    metrics.on_output(first_output(), 11.0, 1002.0, times);
    EngineCoreOutput preempted;
    preempted.preemptions = 1;
    metrics.on_output(preempted, 12.0, 1003.0, times);
    metrics.on_output({}, 14.0, 1005.0, times);
    metrics.on_finished(FinishReason::length, times, 1005.0, 100, 3, 3);
    CHECK(sum_of(metrics, HistogramId::time_to_first_token_seconds) == 2.0);
    CHECK(times.first_token_latency == 2.0);
    CHECK(sum_of(metrics, HistogramId::inter_token_latency_seconds) == 3.0);
    CHECK(observed(metrics, HistogramId::inter_token_latency_seconds) == 2);
    CHECK(sum_of(metrics, HistogramId::e2e_request_latency_seconds) == 5.0);
    CHECK(sum_of(metrics, HistogramId::request_queue_time_seconds) == 0.5);
    CHECK(sum_of(metrics, HistogramId::request_prefill_time_seconds) == 0.5);
    CHECK(sum_of(metrics, HistogramId::request_decode_time_seconds) == 3.0);
    CHECK(sum_of(metrics, HistogramId::request_inference_time_seconds) == 3.5);
    CHECK(sum_of(metrics, HistogramId::request_time_per_output_token_seconds) == 1.5);
    CHECK(sum_of(metrics, HistogramId::request_num_preemptions) == 1.0);
    CHECK(sum_of(metrics, HistogramId::request_prefill_kv_computed_tokens) == 40.0);
    CHECK(metrics.counter(CounterId::prompt_tokens).get() == 100);
    CHECK(metrics.counter(CounterId::prompt_tokens_cached).get() == 60);
    CHECK(metrics.counter(CounterId::prompt_tokens_local_compute).get() == 40);
    CHECK(metrics.counter(CounterId::prompt_tokens_local_cache_hit).get() == 50);
    CHECK(metrics.counter(CounterId::prompt_tokens_external_kv_transfer).get() == 10);
}

TEST_CASE("a request that ends without a token has no phases") {
    Metrics metrics;
    metrics.on_finished(FinishReason::abort, {.arrival = 1.0}, 2.0, 7, 0, 0);
    CHECK(metrics.counter(CounterId::success_abort).get() == 1);
    CHECK(observed(metrics, HistogramId::e2e_request_latency_seconds) == 1);
    CHECK(observed(metrics, HistogramId::request_decode_time_seconds) == 0);
    CHECK(observed(metrics, HistogramId::request_params_max_tokens) == 0);  // none was asked for
    CHECK(sum_of(metrics, HistogramId::request_prefill_kv_computed_tokens) == 7.0);
}

TEST_CASE("a request counts as corrupted once, when it ends") {
    Metrics metrics;
    RequestTimes times;
    EngineCoreOutput output;
    output.corrupted = true;
    metrics.on_output(output, 1.0, 1.0, times);
    metrics.on_output(output, 2.0, 2.0, times);
    CHECK(metrics.counter(CounterId::corrupted_requests).get() == 0);
    metrics.on_finished(FinishReason::stop, times, 3.0, 1, 2, 10);
    CHECK(metrics.counter(CounterId::corrupted_requests).get() == 1);
}

TEST_CASE("each engine has its own numbers; a request's end counts where its outputs came from") {
    Metrics metrics;
    metrics.set_engines(4, 2);
    metrics.set_bounds(HistogramId::request_params_n, {1.0, 2.0});
    RequestTimes times;
    metrics.select(5);
    metrics.on_output(first_output(), 1.0, 1.0, times);
    metrics.select(4);
    metrics.on_finished(FinishReason::stop, times, 2.0, 100, 1, 10);
    metrics.on_prompt_finished(times, 2, 1);
    Metrics* all[] = {&metrics};
    CHECK(total_of(all, CounterId::prompt_tokens, 0) == 0);
    CHECK(total_of(all, CounterId::prompt_tokens, 1) == 100);
    CHECK(total_of(all, CounterId::success_stop, 1) == 1);
    CHECK(total_of(all, CounterId::success_stop) == 1);
    CHECK(total_of(all, HistogramId::request_params_n, 1).counts == std::vector<std::uint64_t>{0, 1, 0});
    CHECK(total_of(all, HistogramId::request_params_n, 0).counts == std::vector<std::uint64_t>{0, 0, 0});
}

TEST_CASE("an engine that is not known counts as the first") {
    Metrics metrics;
    metrics.set_engines(4, 2);
    for (const std::int64_t engine : {-1, 0, 6}) {
        metrics.select(engine);
        metrics.counter(CounterId::messages).add(1);
    }
    Metrics* all[] = {&metrics};
    CHECK(total_of(all, CounterId::messages, 0) == 3);
}

TEST_CASE("invocations of tool parsers are counted by mode and outcome") {
    Metrics metrics;
    metrics.on_tools_parsed(true, true);
    metrics.on_tools_parsed(true, false);
    metrics.on_tools_parsed(true, false);
    metrics.on_tools_parsed(false, true);
    CHECK(metrics.counter(CounterId::tool_parser_streaming_called).get() == 1);
    CHECK(metrics.counter(CounterId::tool_parser_streaming_plain).get() == 2);
    CHECK(metrics.counter(CounterId::tool_parser_called).get() == 1);
    CHECK(metrics.counter(CounterId::tool_parser_plain).get() == 0);
}
