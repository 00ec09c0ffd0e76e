// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "load_meter.hpp"

using fastfront::Answer;
using fastfront::LoadError;
using fastfront::LoadMeter;
using fastfront::RequestTimes;

namespace {

Answer streamed(std::uint32_t text_events, std::int64_t tokens) {
    Answer answer;
    answer.status = 200;
    answer.streamed = answer.complete = true;
    answer.events = text_events + 2;
    answer.text_events = text_events;
    answer.completion_tokens = tokens;
    answer.prompt_tokens = 10;
    return answer;
}

}  // namespace

TEST_CASE("times are those of the definitions") {
    LoadMeter meter;
    meter.begin(0);
    RequestTimes times{100};
    meter.on_sent(times, 130);
    meter.on_text(times, 1, 150);
    meter.on_text(times, 1, 160);
    meter.on_text(times, 2, 190);
    meter.on_answer(times, streamed(4, 5), 200);
    meter.on_end();
    meter.end(1000);
    const auto& record = meter.record();
    CHECK(record.late.max() == 30);
    CHECK(record.ttft.max() == 50);
    CHECK(record.itl.count() == 3);
    CHECK(record.itl.max() == 30);
    CHECK(record.itl.quantile(0.0) == 0);
    CHECK(record.tpot.max() == (190 - 150) / 4);
    CHECK(record.e2e.max() == 100);
    CHECK(record.requests == 1);
    CHECK(record.events == 6);
    CHECK(record.prompt_tokens == 10);
    CHECK(record.completion_tokens == 5);
    CHECK(record.ended - record.began == 1000);
}

TEST_CASE("several events in the first read are a first token and gaps of nothing") {
    LoadMeter meter;
    meter.begin(0);
    RequestTimes times{0};
    meter.on_text(times, 3, 50);
    CHECK(meter.record().ttft.count() == 1);
    CHECK(meter.record().itl.count() == 2);
    CHECK(meter.record().itl.max() == 0);
}

TEST_CASE("totals count from the start, in tokens as the server tells them") {
    LoadMeter meter;
    RequestTimes times{0};
    meter.on_sent(times, 0);
    CHECK(meter.counters().in_flight.load() == 1);
    meter.on_text(times, 2, 5);
    CHECK(meter.counters().tokens.load() == 2);
    meter.on_answer(times, streamed(2, 7), 9);
    meter.on_end();
    CHECK(meter.counters().tokens.load() == 7);
    CHECK(meter.counters().requests.load() == 1);
    CHECK(meter.counters().in_flight.load() == 0);
    CHECK(meter.record().requests == 0);
}

TEST_CASE("a server that does not tell is counted by its events") {
    LoadMeter meter;
    meter.begin(0);
    RequestTimes times{0};
    meter.on_text(times, 2, 5);
    meter.on_answer(times, streamed(2, -1), 9);
    CHECK(meter.record().completion_tokens == 2);
    CHECK(meter.record().counted_by_server == 0);
}

TEST_CASE("errors are counted by kind, and in the totals before the measurement, too") {
    LoadMeter meter;
    meter.on_error(LoadError::connect);
    meter.begin(0);
    meter.on_error(LoadError::status);
    CHECK(meter.counters().errors.load() == 2);
    CHECK(meter.record().errors[static_cast<std::size_t>(LoadError::connect)] == 0);
    CHECK(meter.record().errors[static_cast<std::size_t>(LoadError::status)] == 1);
}
