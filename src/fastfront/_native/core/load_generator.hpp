// SPDX-License-Identifier: Apache-2.0
// The load of a benchmark: keep-alive connections to one server, driven by one epoll loop on the caller's thread.
//
// Closed loop: every connection sends its next request when it has the answer to the last. Open loop: requests are due
// at random times of a given rate, and an answer's times count from when its request was due, so that a server that
// falls behind cannot hide it. Memory is bounded by the number of connections. Knows nothing of what the bodies say.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "answer_reader.hpp"
#include "error.hpp"
#include "load_meter.hpp"
#include "load_request.hpp"

namespace fastfront {

struct LoadOptions {
    std::string host;  ///< a numeric address, IPv4 or IPv6
    std::uint16_t port = 0;
    std::string head;                ///< request line and headers, up to where the number of content-length goes
    std::vector<LoadBody> bodies;    ///< sent in turn, round and round
    std::size_t connections = 1;     ///< closed loop: the concurrency; open loop: most requests at once
    double rate = 0.0;               ///< requests a second; 0: closed loop
    std::uint64_t seed = 0;          ///< of the letters at the marks and of the open loop's times
    std::uint64_t timeout = 0;       ///< most nanoseconds of one request; 0: no limit
    std::uint64_t max_requests = 0;  ///< stop after so many answers, failed ones included; 0: run until stop()
};

class LoadGenerator {
  public:
    explicit LoadGenerator(LoadOptions options);
    LoadGenerator(const LoadGenerator&) = delete;
    LoadGenerator& operator=(const LoadGenerator&) = delete;
    ~LoadGenerator();

    /// Errc::out_of_range: the options make no sense (no bodies, a mark outside its body, an address that is none).
    [[nodiscard]] Errc open();
    /// Send and receive until stop() or max_requests. Call once, behind open().
    void run();

    /// Count from now on. From any thread.
    void measure() noexcept;
    /// Count no more, and end run(). From any thread.
    void stop() noexcept;
    [[nodiscard]] const LoadCounters& counters() const noexcept { return meter_.counters(); }
    /// What the first failed request said; empty if none has failed.
    [[nodiscard]] std::string first_error();
    /// Complete when run() has returned.
    [[nodiscard]] const LoadRecord& record() const noexcept { return meter_.record(); }

  private:
    struct Connection {
        std::uint32_t index = 0;
        int fd = -1;
        bool busy = false;  // a request is under way
        bool connecting = false;
        bool wants_write = false;
        bool fresh = true;       // no answer has come on this connection yet
        bool any_bytes = false;  // of this request's answer
        std::string out;
        std::size_t sent = 0;
        AnswerReader reader;
        RequestTimes times;
        std::uint64_t resume_at = 0;  // when it may be used again; 0: now
    };

    void take_commands() noexcept;
    void send_due(std::uint64_t now);
    void arm_timer(std::uint64_t at) noexcept;
    void begin(Connection& connection, std::uint64_t due);
    void connect(Connection& connection);
    void write(Connection& connection);
    void watch(Connection& connection, bool writable) noexcept;
    void read(Connection& connection, std::uint64_t now);
    void finish(Connection& connection, std::uint64_t now);
    void fail(Connection& connection, LoadError why, std::string_view what);
    void lost(Connection& connection, std::string_view what);
    void release(Connection& connection);
    void disconnect(Connection& connection) noexcept;
    void tick(std::uint64_t now);
    [[nodiscard]] bool open_loop() const noexcept { return options_.rate > 0.0; }
    [[nodiscard]] bool may_begin() const noexcept;

    LoadOptions options_;  // without head and bodies, which requests_ has
    LoadRequests requests_;
    sockaddr_storage address_{};
    socklen_t address_size_ = 0;
    int epoll_fd_ = -1;
    int command_fd_ = -1;  // an eventfd
    int timer_fd_ = -1;    // the open loop's
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<Connection*> idle_;  // open loop
    std::vector<char> buffer_;
    std::mt19937_64 random_;
    std::uint64_t next_due_ = 0;
    std::uint64_t answered_ = 0;
    bool stopping_ = false;
    std::atomic<bool> measure_asked_{false};
    std::atomic<bool> stop_asked_{false};
    LoadMeter meter_;
    std::mutex error_mutex_;
    std::string first_error_;
};

}  // namespace fastfront
