// SPDX-License-Identifier: Apache-2.0
#include "writer_threads.hpp"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "blocked_signals.hpp"

namespace fastfront {

namespace {

constexpr std::uint32_t kCallerSleeps = 1u << 31;

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

// std::atomic::wait would do, but yields the processor several times before it sleeps: system calls for nothing where
// the other thread has work for hundreds of microseconds.
void sleep_while(std::atomic<std::uint32_t>& word, std::uint32_t value) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

void wake_one(std::atomic<std::uint32_t>& word) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace

Errc WriterThreads::start(std::size_t count, std::function<void(std::size_t)> work) noexcept {
    const BlockedSignals blocked;
    try {
        work_ = std::move(work);
        stopping_.store(false, std::memory_order_relaxed);
        for (std::size_t i = 0; i < count; ++i) {
            auto& added = *threads_.emplace_back(std::make_unique<Thread>());
            added.thread = std::thread([this, &added, i] { serve(added, i + 1); });
            pthread_setname_np(added.thread.native_handle(), "fastfront-write");
        }
    } catch (...) {
        if (!threads_.empty() && !threads_.back()->thread.joinable()) {
            threads_.pop_back();
        }
        return Errc::system;
    }
    return Errc::ok;
}

void WriterThreads::stop() noexcept {
    stopping_.store(true, std::memory_order_relaxed);
    for (const auto& each : threads_) {
        each->turn.fetch_add(1, std::memory_order_release);
        wake_one(each->turn);
    }
    for (const auto& each : threads_) {
        each->thread.join();
    }
    threads_.clear();
}

void WriterThreads::run(std::size_t parts) noexcept {
    const std::size_t others = parts - 1;
    busy_.store(static_cast<std::uint32_t>(others), std::memory_order_relaxed);
    for (std::size_t i = 0; i < others; ++i) {
        threads_[i]->turn.fetch_add(1, std::memory_order_release);
        wake_one(threads_[i]->turn);
    }
    work_(0);
    std::uint32_t busy = busy_.load(std::memory_order_acquire);
    while ((busy & ~kCallerSleeps) != 0) {
        if ((busy & kCallerSleeps) != 0 ||
            busy_.compare_exchange_weak(busy, busy | kCallerSleeps, std::memory_order_acquire)) {
            sleep_while(busy_, busy | kCallerSleeps);
            busy = busy_.load(std::memory_order_acquire);
        }
    }
}

void WriterThreads::serve(Thread& self, std::size_t index) noexcept {
    for (std::uint32_t done = 0;;) {
        const std::uint32_t turn = self.turn.load(std::memory_order_acquire);
        if (turn == done) {
            sleep_while(self.turn, done);
            continue;
        }
        if (stopping_.load(std::memory_order_relaxed)) {
            return;
        }
        done = turn;
        work_(index);
        if (busy_.fetch_sub(1, std::memory_order_acq_rel) == (kCallerSleeps | 1)) {
            wake_one(busy_);
        }
    }
}

}  // namespace fastfront
