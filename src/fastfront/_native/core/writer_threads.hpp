// SPDX-License-Identifier: Apache-2.0
// A few threads that work on one thing together with the thread that asks, which waits for the last of them (fork and
// join). Knows nothing of the work. Asleep they cost nothing; waking one is one system call, waiting for them at most
// one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "error.hpp"

namespace fastfront {

class WriterThreads {
  public:
    WriterThreads() = default;
    WriterThreads(const WriterThreads&) = delete;
    WriterThreads& operator=(const WriterThreads&) = delete;
    ~WriterThreads() { stop(); }

    /// Start `count` threads, asleep. `work(i)`, which must not throw, is what each run() calls.
    [[nodiscard]] Errc start(std::size_t count, std::function<void(std::size_t)> work) noexcept;
    void stop() noexcept;
    [[nodiscard]] std::size_t count() const noexcept { return threads_.size(); }

    /// Call work(0) here and work(1) … work(parts - 1) on the threads; returns when all have ended. One caller at a
    /// time; parts <= count() + 1.
    void run(std::size_t parts) noexcept;

  private:
    struct alignas(64) Thread {
        std::atomic<std::uint32_t> turn{0};  // counts up: something to do, or stopping_
        std::thread thread;
    };
    void serve(Thread& self, std::size_t index) noexcept;

    std::function<void(std::size_t)> work_;
    std::vector<std::unique_ptr<Thread>> threads_;
    std::atomic<bool> stopping_{false};
    alignas(64) std::atomic<std::uint32_t> busy_{0};  // threads at work; kCallerSleeps is added while run() sleeps
};

}  // namespace fastfront
