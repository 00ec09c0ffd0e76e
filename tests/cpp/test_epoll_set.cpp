// SPDX-License-Identifier: Apache-2.0
// Descriptors and the timer of one epoll set.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

#include "epoll_set.hpp"

using namespace fastfront;

namespace {

constexpr std::uint64_t kTimer = 7;
constexpr int kPatienceMs = 10'000;

struct Fixture {
    EpollSet set;
    std::array<epoll_event, 4> events{};
    int fd = ::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);

    Fixture() { REQUIRE(set.open(kTimer) == Errc::ok); }
    ~Fixture() { ::close(fd); }
    /// What the first event is about.
    [[nodiscard]] std::uint64_t about() const { return events[0].data.u64; }
};

using Milliseconds = std::chrono::milliseconds;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "events carry what was said with the descriptor, until it is removed") {
    REQUIRE(set.add(fd, EPOLLIN, 42) == Errc::ok);
    REQUIRE(set.wait(events, 0) == 1);
    CHECK(about() == 42);
    set.modify(fd, 0, 42);
    CHECK(set.wait(events, 0) == 0);
    set.modify(fd, EPOLLIN, 43);
    REQUIRE(set.wait(events, 0) == 1);
    CHECK(about() == 43);
    set.remove(fd);
    CHECK(set.wait(events, 0) == 0);
}

TEST_CASE_FIXTURE(Fixture, "the timer's event comes at its time, and stays until it is quieted") {
    CHECK(set.wait(events, 0) == 0);
    set.wake_at(EpollSet::Clock::now() + Milliseconds(1));
    REQUIRE(set.wait(events, kPatienceMs) == 1);
    CHECK(about() == kTimer);
    CHECK(set.wait(events, 0) == 1);
    set.quiet_timer();
    CHECK(set.wait(events, 0) == 0);
}

TEST_CASE_FIXTURE(Fixture, "the earliest of several times counts, and a time that has passed is now") {
    set.wake_at(EpollSet::Clock::now() + std::chrono::hours(1));
    set.wake_at(EpollSet::Clock::now() + Milliseconds(1));
    set.wake_at(EpollSet::Clock::now() + std::chrono::hours(2));
    CHECK(set.wait(events, kPatienceMs) == 1);
    set.quiet_timer();
    set.wake_at(EpollSet::Clock::now() - Milliseconds(1));
    CHECK(set.wait(events, kPatienceMs) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a descriptor that cannot be waited for is an error") {
    CHECK(set.add(-1, EPOLLIN, 1) == Errc::system);
}
