// SPDX-License-Identifier: Apache-2.0
// What a load test measures: totals that another thread may read while it runs, and what was seen between the start of
// the measurement and its end. Fixed size, whatever the length of the run. Times are nanoseconds of one clock, the
// caller's.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "answer_reader.hpp"
#include "latency_histogram.hpp"

namespace fastfront {

/// Why a request failed.
enum class LoadError : std::uint8_t {
    connect,   ///< no connection
    closed,    ///< the connection ended before the answer did
    timeout,   ///< the answer took too long
    status,    ///< a status other than 200
    protocol,  ///< not HTTP, or no events and no JSON where they should be
    stream,    ///< an error event, or a stream without [DONE]
};
inline constexpr std::size_t kLoadErrors = 6;

/// Totals since the start. Only the load's thread writes.
struct LoadCounters {
    std::atomic<std::uint64_t> requests{0};  ///< answered in good order
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::int64_t> tokens{0};  ///< of open answers by their events, of complete ones as the server counts
    std::atomic<std::uint64_t> in_flight{0};

    template <typename Number>
    static void add(std::atomic<Number>& counter, Number amount) noexcept {
        counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
    }
};

/// What was seen while measuring.
struct LoadRecord {
    LatencyHistogram ttft;  ///< request due → first event with text; streams only
    LatencyHistogram itl;   ///< event with text → the next one; 0 for events that came in one read
    LatencyHistogram tpot;  ///< (last event with text − first) / (tokens − 1), one sample a stream
    LatencyHistogram e2e;   ///< request due → answer complete
    LatencyHistogram late;  ///< request due → sent; more than nothing only in an open loop that cannot keep up
    std::uint64_t requests = 0;
    std::uint64_t prompt_tokens = 0;
    std::uint64_t completion_tokens = 0;  ///< of the requests counted here
    std::uint64_t counted_by_server = 0;  ///< requests whose tokens the server told
    std::uint64_t events = 0;             ///< of the requests counted here
    std::uint64_t bytes = 0;
    std::array<std::uint64_t, kLoadErrors> errors{};
    std::uint64_t began = 0;
    std::uint64_t ended = 0;
};

/// The times of one request.
struct RequestTimes {
    std::uint64_t due = 0;  ///< when it was to be sent
    std::uint64_t first_text = 0;
    std::uint64_t last_text = 0;
};

class LoadMeter {
  public:
    [[nodiscard]] const LoadCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] const LoadRecord& record() const noexcept { return record_; }
    [[nodiscard]] bool measuring() const noexcept { return measuring_; }

    /// Count from `now` on; once.
    void begin(std::uint64_t now) noexcept;
    void end(std::uint64_t now) noexcept { record_.ended = now; }

    void on_sent(const RequestTimes& times, std::uint64_t now) noexcept;
    void on_bytes(std::size_t count) noexcept;
    /// `events` with text have come in one read.
    void on_text(RequestTimes& times, std::uint32_t events, std::uint64_t now) noexcept;
    void on_answer(const RequestTimes& times, const Answer& answer, std::uint64_t now) noexcept;
    void on_error(LoadError why) noexcept;
    /// A request is over, one way or the other.
    void on_end() noexcept { LoadCounters::add(counters_.in_flight, ~std::uint64_t{0}); }

  private:
    LoadCounters counters_;
    LoadRecord record_;
    bool measuring_ = false;
};

}  // namespace fastfront
