// SPDX-License-Identifier: Apache-2.0
#include "load_meter.hpp"

#include <algorithm>

namespace fastfront {

void LoadMeter::begin(std::uint64_t now) noexcept {
    if (!measuring_) {
        measuring_ = true;
        record_.began = now;
    }
}

void LoadMeter::on_sent(const RequestTimes& times, std::uint64_t now) noexcept {
    LoadCounters::add(counters_.in_flight, std::uint64_t{1});
    if (measuring_) {
        record_.late.record(now - times.due);
    }
}

void LoadMeter::on_bytes(std::size_t count) noexcept {
    if (measuring_) {
        record_.bytes += count;
    }
}

void LoadMeter::on_text(RequestTimes& times, std::uint32_t events, std::uint64_t now) noexcept {
    LoadCounters::add(counters_.tokens, static_cast<std::int64_t>(events));
    std::uint32_t gaps = events;
    if (times.first_text == 0) {
        times.first_text = times.last_text = now;
        --gaps;
        if (measuring_) {
            record_.ttft.record(now - times.due);
        }
    }
    if (measuring_ && gaps != 0) {
        if (now != times.last_text) {
            record_.itl.record(now - times.last_text);
            --gaps;
        }
        record_.itl.record(0, gaps);
    }
    times.last_text = now;
}

void LoadMeter::on_answer(const RequestTimes& times, const Answer& answer, std::uint64_t now) noexcept {
    const bool told = answer.completion_tokens >= 0;
    const std::int64_t tokens = told ? answer.completion_tokens : static_cast<std::int64_t>(answer.text_events);
    LoadCounters::add(counters_.tokens, tokens - static_cast<std::int64_t>(answer.text_events));
    LoadCounters::add(counters_.requests, std::uint64_t{1});
    if (!measuring_) {
        return;
    }
    ++record_.requests;
    record_.e2e.record(now - times.due);
    record_.events += answer.events;
    record_.completion_tokens += static_cast<std::uint64_t>(tokens);
    record_.counted_by_server += told ? 1 : 0;
    record_.prompt_tokens += static_cast<std::uint64_t>(std::max<std::int64_t>(answer.prompt_tokens, 0));
    if (times.first_text != 0 && tokens > 1) {
        record_.tpot.record((times.last_text - times.first_text) / static_cast<std::uint64_t>(tokens - 1));
    }
}

void LoadMeter::on_error(LoadError why) noexcept {
    LoadCounters::add(counters_.errors, std::uint64_t{1});
    if (measuring_) {
        ++record_.errors[static_cast<std::size_t>(why)];
    }
}

}  // namespace fastfront
