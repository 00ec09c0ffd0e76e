// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>

#include "writer_threads.hpp"

using namespace fastfront;

TEST_CASE("each part is done once per run, and run returns when all are done") {
    std::array<int, 4> done{};  // plain: run() orders the threads' writes before what follows it
    WriterThreads threads;
    REQUIRE(threads.start(3, [&](std::size_t part) { ++done[part]; }) == Errc::ok);
    CHECK(threads.count() == 3);
    for (int round = 1; round <= 500; ++round) {
        threads.run(4);
        REQUIRE(done == std::array<int, 4>{round, round, round, round});
    }
    threads.run(2);
    CHECK(done == std::array<int, 4>{501, 501, 500, 500});
}

TEST_CASE("parts are done on threads of their own, the first one on the caller's") {
    std::array<std::thread::id, 3> ids;
    WriterThreads threads;
    REQUIRE(threads.start(2, [&](std::size_t part) { ids[part] = std::this_thread::get_id(); }) == Errc::ok);
    threads.run(3);
    CHECK(ids[0] == std::this_thread::get_id());
    CHECK(std::set<std::thread::id>(ids.begin(), ids.end()).size() == 3);
}

TEST_CASE("a caller that is done first sleeps until the last part has ended") {
    std::atomic<bool> first_is_done{false};
    bool second_is_done = false;
    WriterThreads threads;
    const auto work = [&](std::size_t part) {
        if (part == 0) {
            first_is_done = true;
            return;
        }
        while (!first_is_done) {
            std::this_thread::yield();
        }
        second_is_done = true;
    };
    REQUIRE(threads.start(1, work) == Errc::ok);
    for (int round = 0; round < 200; ++round) {
        first_is_done = second_is_done = false;
        threads.run(2);
        REQUIRE(second_is_done);
    }
}

TEST_CASE("threads that were stopped can be started again; stopping twice or idle threads is nothing") {
    WriterThreads threads;
    threads.stop();
    for (int round = 0; round < 3; ++round) {
        std::atomic<int> calls{0};
        REQUIRE(threads.start(2, [&](std::size_t) { ++calls; }) == Errc::ok);
        threads.run(3);
        CHECK(calls == 3);
        threads.stop();
        threads.stop();
        CHECK(threads.count() == 0);
    }
}
