// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>

#include "load_generator.hpp"

using fastfront::Errc;
using fastfront::LoadGenerator;
using fastfront::LoadOptions;

namespace {

const std::string kAnswer = R"({"choices":[{"text":"a"}],"usage":{"prompt_tokens":3,"completion_tokens":2}})";

/// Answers every request on every connection at once, on a thread of its own.
class Server {
  public:
    Server() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(listener_, 64) == 0);
        REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() {
        stopping_ = true;
        thread_.join();
        ::close(listener_);
    }

    std::uint16_t port = 0;

  private:
    void serve() {
        std::map<int, std::string> connections;
        while (!stopping_) {
            std::vector<pollfd> fds{{listener_, POLLIN, 0}};
            for (const auto& [fd, _] : connections) {
                fds.push_back({fd, POLLIN, 0});
            }
            ::poll(fds.data(), fds.size(), 20);
            if (fds[0].revents != 0) {
                connections.emplace(::accept(listener_, nullptr, nullptr), "");
            }
            for (std::size_t i = 1; i < fds.size(); ++i) {
                if (fds[i].revents != 0 && !answer(fds[i].fd, connections[fds[i].fd])) {
                    ::close(fds[i].fd);
                    connections.erase(fds[i].fd);
                }
            }
        }
        for (const auto& [fd, _] : connections) {
            ::close(fd);
        }
    }

    /// Every request here ends with its body, `{}`.
    static bool answer(int fd, std::string& input) {
        char bytes[4096];
        const ssize_t received = ::recv(fd, bytes, sizeof bytes, 0);
        if (received <= 0) {
            return false;
        }
        input.append(bytes, static_cast<std::size_t>(received));
        if (!input.ends_with("{}")) {
            return true;
        }
        input.clear();
        const std::string out =
            "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(kAnswer.size()) + "\r\n\r\n" + kAnswer;
        return ::send(fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
    }

    int listener_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

LoadOptions options(std::uint16_t port) {
    LoadOptions made;
    made.host = "127.0.0.1";
    made.port = port;
    made.head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ";
    made.bodies = {{"{}", {}}};
    made.connections = 4;
    return made;
}

}  // namespace

TEST_CASE("load is measured between measure() and stop(), which come from another thread") {
    Server server;
    LoadGenerator load(options(server.port));
    REQUIRE(load.open() == Errc::ok);
    std::thread thread([&] { load.run(); });
    const auto wait_for = [&](std::uint64_t requests) {
        while (load.counters().requests.load() < requests) {
            std::this_thread::yield();
        }
    };
    wait_for(50);
    load.measure();
    wait_for(load.counters().requests.load() + 200);
    load.stop();
    thread.join();
    const auto& record = load.record();
    CHECK(record.requests > 0);
    CHECK(record.requests < load.counters().requests.load());
    CHECK(record.e2e.count() == record.requests);
    CHECK(record.completion_tokens == 2 * record.requests);
    CHECK(record.prompt_tokens == 3 * record.requests);
    CHECK(record.ended > record.began);
    CHECK(load.counters().errors.load() == 0);
    CHECK(load.first_error().empty());
}

TEST_CASE("max_requests ends the run by itself, in a closed loop and in an open one") {
    Server server;
    for (const double rate : {0.0, 20000.0}) {
        LoadOptions some = options(server.port);
        some.max_requests = 100;
        some.rate = rate;
        LoadGenerator load(std::move(some));
        REQUIRE(load.open() == Errc::ok);
        load.measure();
        load.run();
        CHECK(load.counters().requests.load() == 100);
        CHECK(load.counters().tokens.load() == 200);
    }
}

TEST_CASE("options that make no sense are refused") {
    LoadOptions some = options(1);
    some.host = "localhost";
    CHECK(LoadGenerator(some).open() == Errc::out_of_range);
    some = options(1);
    some.connections = 0;
    CHECK(LoadGenerator(some).open() == Errc::out_of_range);
    some = options(1);
    some.bodies.clear();
    CHECK(LoadGenerator(some).open() == Errc::out_of_range);
}
