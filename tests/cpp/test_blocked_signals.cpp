// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <csignal>
#include <thread>

#include "blocked_signals.hpp"

namespace {

bool is_blocked(int signal) {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    return sigismember(&now, signal) == 1;
}

}  // namespace

TEST_CASE("a thread that is made meanwhile gets no signals, whoever makes it gets them again") {
    REQUIRE_FALSE(is_blocked(SIGTERM));
    bool blocked_inside = false;
    std::thread thread;
    {
        const fastfront::BlockedSignals blocked;
        thread = std::thread([&] { blocked_inside = is_blocked(SIGTERM) && is_blocked(SIGINT); });
    }
    CHECK_FALSE(is_blocked(SIGTERM));
    thread.join();
    CHECK(blocked_inside);
}
