// SPDX-License-Identifier: Apache-2.0
// The ring over the kernel's io_uring where there is one, and over a kernel that misbehaves on request.
#include <doctest/doctest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "client.hpp"
#include "fake_uring.hpp"
#include "send_ring.hpp"

using namespace fastfront;

namespace {

std::vector<std::int32_t> copy(std::span<const std::int32_t> results) { return {results.begin(), results.end()}; }

/// Both kernels; the real one only where it has io_uring for us.
std::vector<UringCalls> kernels() {
    std::vector<UringCalls> all{fake_uring::fresh()};
    SendRing ring;
    if (ring.open(2)) {
        all.push_back(UringCalls::system());
    } else {
        MESSAGE("this machine has no io_uring for us: only the simulated one is tested");
    }
    return all;
}

}  // namespace

TEST_CASE("every push gets its own result, round after round through a small ring") {
    for (const UringCalls& calls : kernels()) {
        Client clients[3];
        SendRing ring;
        REQUIRE(ring.open(4, calls));
        std::string expected[3];
        for (int round = 0; round < 50; ++round) {
            const std::string texts[3] = {"a", std::string(100, 'b'), std::to_string(round)};
            for (int i = 0; i < 3; ++i) {
                ring.push(clients[i].fds[0], texts[i]);
                expected[i] += texts[i];
            }
            CHECK(ring.size() == 3);
            CHECK(copy(ring.submit()) == std::vector<std::int32_t>{1, 100, static_cast<std::int32_t>(texts[2].size())});
            CHECK(ring.size() == 0);
        }
        for (int i = 0; i < 3; ++i) {
            CHECK(clients[i].read() == expected[i]);
        }
    }
}

TEST_CASE("a full socket, a part that fits and a client that has gone are results of their own") {
    for (const UringCalls& calls : kernels()) {
        Client full(4096);
        Client part(4096);
        Client gone;
        gone.close_end();
        const std::string much(1 << 20, 'x');
        while (::send(full.fds[0], much.data(), 1000, MSG_DONTWAIT) > 0) {
        }
        SendRing ring;
        REQUIRE(ring.open(4, calls));
        ring.push(full.fds[0], much);
        ring.push(part.fds[0], much);
        ring.push(gone.fds[0], much);
        const auto results = copy(ring.submit());
        CHECK(results[0] == -EAGAIN);
        CHECK(results[1] > 0);
        CHECK(results[1] < static_cast<std::int32_t>(much.size()));
        CHECK(results[2] == -EPIPE);
    }
}

TEST_CASE("a ring is full at its size") {
    const UringCalls calls = fake_uring::fresh();
    Client client;
    SendRing ring;
    CHECK_FALSE(ring.usable());
    CHECK(ring.full());
    REQUIRE(ring.open(2, calls));
    ring.push(client.fds[0], "a");
    CHECK_FALSE(ring.full());
    ring.push(client.fds[0], "b");
    CHECK(ring.full());
    (void)ring.submit();
    CHECK_FALSE(ring.full());
    CHECK(client.read() == "ab");
}

TEST_CASE("a kernel that takes requests in parts, interrupted, and completes them late and backwards loses none") {
    const UringCalls calls = fake_uring::fresh();
    Client client;
    SendRing ring;
    REQUIRE(ring.open(8, calls));
    int entered = 0;
    fake_uring::kernel.on_enter = [&](unsigned left) { return ++entered % 2 == 1 ? -EINTR : std::min(3, int(left)); };
    fake_uring::kernel.backwards = true;
    fake_uring::kernel.late = 2;
    const std::string text = "abcdefgh";
    for (std::size_t i = 0; i < 8; ++i) {
        ring.push(client.fds[0], std::string_view(text).substr(0, i + 1));
    }
    CHECK(copy(ring.submit()) == std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(client.read().size() == 36);
    CHECK(ring.usable());
}

TEST_CASE("what a refusing kernel has not taken is to be sent in another way, and the ring is given up") {
    const UringCalls calls = fake_uring::fresh();
    Client client;
    SendRing ring;
    REQUIRE(ring.open(4, calls));
    int entered = 0;
    fake_uring::kernel.on_enter = [&](unsigned) { return ++entered == 1 ? 2 : -ENOMEM; };
    for (int i = 0; i < 4; ++i) {
        ring.push(client.fds[0], "x");
    }
    CHECK(copy(ring.submit()) == std::vector<std::int32_t>{1, 1, -EAGAIN, -EAGAIN});
    CHECK(client.read() == "xx");
    CHECK_FALSE(ring.usable());
}

TEST_CASE("a send that was taken and whose end nobody can tell is never sent again") {
    const UringCalls calls = fake_uring::fresh();
    Client client;
    SendRing ring;
    REQUIRE(ring.open(4, calls));
    int entered = 0;
    fake_uring::kernel.late = 1;
    fake_uring::kernel.on_enter = [&](unsigned) { return ++entered == 1 ? 1 : -EBADF; };
    ring.push(client.fds[0], "x");
    ring.push(client.fds[0], "y");
    CHECK(copy(ring.submit()) == std::vector<std::int32_t>{-EIO, -EAGAIN});
    CHECK_FALSE(ring.usable());
}

TEST_CASE("without the kernel's leave there is no ring") {
    for (const int error : {EPERM, ENOSYS, ENOMEM}) {
        const UringCalls calls = fake_uring::fresh();
        fake_uring::kernel.setup_error = error;
        SendRing ring;
        CHECK_FALSE(ring.open(4, calls));
        CHECK_FALSE(ring.usable());
    }
    // A filter that lets a ring be made but nothing be submitted, one where sends fail, and a kernel of before 5.4.
    UringCalls calls = fake_uring::fresh();
    fake_uring::kernel.on_enter = [](unsigned) { return -EPERM; };
    CHECK_FALSE(SendRing().open(4, calls));
    calls = fake_uring::fresh();
    fake_uring::kernel.on_send = [](int, std::string_view) { return -EACCES; };
    CHECK_FALSE(SendRing().open(4, calls));
    calls = fake_uring::fresh();
    fake_uring::kernel.features = 0;
    CHECK_FALSE(SendRing().open(4, calls));
}
