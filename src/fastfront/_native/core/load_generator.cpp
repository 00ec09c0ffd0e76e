// SPDX-License-Identifier: Apache-2.0
#include "load_generator.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <utility>

namespace fastfront {

namespace {

constexpr std::size_t kReadBytes = 128 * 1024;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kTick = kSecond / 10;  // how often timeouts are looked at
constexpr std::uint64_t kRest = kSecond / 5;   // before a connection that failed is tried again
constexpr std::uint64_t kCommand = ~std::uint64_t{0};
constexpr std::uint64_t kTimer = kCommand - 1;

std::uint64_t now_ns() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * kSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace

LoadGenerator::LoadGenerator(LoadOptions options)
    : options_(std::move(options)),
      requests_(std::move(options_.head), std::move(options_.bodies), options_.seed),
      buffer_(kReadBytes),
      random_(options_.seed) {}

LoadGenerator::~LoadGenerator() {
    for (const auto& connection : connections_) {
        disconnect(*connection);
    }
    for (const int fd : {epoll_fd_, command_fd_, timer_fd_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

Errc LoadGenerator::open() {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address_);
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address_);
    if (::inet_pton(AF_INET, options_.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(options_.port);
        address_size_ = sizeof *v4;
    } else if (::inet_pton(AF_INET6, options_.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(options_.port);
        address_size_ = sizeof *v6;
    }
    if (address_size_ == 0 || options_.connections == 0 || !std::isfinite(options_.rate) || !requests_.valid()) {
        return Errc::out_of_range;
    }
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    command_fd_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    timer_fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (epoll_fd_ < 0 || command_fd_ < 0 || timer_fd_ < 0) {
        return Errc::system;
    }
    for (const auto& [fd, name] : {std::pair(command_fd_, kCommand), std::pair(timer_fd_, kTimer)}) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = name;
        if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
            return Errc::system;
        }
    }
    for (std::size_t i = 0; i < options_.connections; ++i) {
        connections_.push_back(std::make_unique<Connection>());
        connections_.back()->index = static_cast<std::uint32_t>(i);
    }
    return Errc::ok;
}

void LoadGenerator::measure() noexcept {
    measure_asked_.store(true);
    (void)::eventfd_write(command_fd_, 1);
}

void LoadGenerator::stop() noexcept {
    stop_asked_.store(true);
    (void)::eventfd_write(command_fd_, 1);
}

std::string LoadGenerator::first_error() {
    const std::lock_guard lock(error_mutex_);
    return first_error_;
}

void LoadGenerator::run() {
    take_commands();  // those that came before the start
    const std::uint64_t start = now_ns();
    if (open_loop()) {
        for (const auto& connection : connections_) {
            idle_.push_back(connection.get());
        }
        next_due_ = start;
        send_due(start);
    } else {
        for (const auto& connection : connections_) {
            release(*connection);
        }
    }
    std::array<epoll_event, 512> events;
    std::uint64_t next_tick = start + kTick;
    while (!stopping_) {
        const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), 100);
        for (int i = 0; i < count && !stopping_; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.u64 == kCommand) {
                take_commands();
            } else if (event.data.u64 == kTimer) {
                std::uint64_t expirations = 0;
                (void)!::read(timer_fd_, &expirations, sizeof expirations);
                send_due(now_ns());
            } else {
                Connection& connection = *connections_[event.data.u64];
                if ((event.events & EPOLLOUT) != 0 && connection.busy) {
                    write(connection);
                }
                if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && connection.fd >= 0) {
                    read(connection, now_ns());
                }
            }
        }
        if (const std::uint64_t now = now_ns(); now >= next_tick) {
            next_tick = now + kTick;
            tick(now);
        }
    }
    meter_.end(now_ns());
    for (const auto& connection : connections_) {
        disconnect(*connection);
    }
}

void LoadGenerator::take_commands() noexcept {
    eventfd_t ignored = 0;
    (void)::eventfd_read(command_fd_, &ignored);
    if (measure_asked_.load()) {
        meter_.begin(now_ns());
    }
    stopping_ = stopping_ || stop_asked_.load();
}

bool LoadGenerator::may_begin() const noexcept {
    return !stopping_ && (options_.max_requests == 0 || requests_.count() < options_.max_requests);
}

void LoadGenerator::send_due(std::uint64_t now) {
    while (next_due_ <= now && !idle_.empty() && may_begin()) {
        Connection& connection = *idle_.back();
        idle_.pop_back();
        const std::uint64_t due = next_due_;
        // Exponential gaps: as many users as there are do not know of each other.
        const double uniform = static_cast<double>(random_() >> 11) * 0x1.0p-53;
        next_due_ += static_cast<std::uint64_t>(-std::log1p(-uniform) / options_.rate * static_cast<double>(kSecond));
        begin(connection, due);
    }
    if (!idle_.empty() && may_begin()) {
        arm_timer(next_due_);
    }
}

void LoadGenerator::arm_timer(std::uint64_t at) noexcept {
    itimerspec timer{};
    timer.it_value.tv_sec = static_cast<time_t>(at / kSecond);
    timer.it_value.tv_nsec = static_cast<long>(at % kSecond);
    ::timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &timer, nullptr);
}

void LoadGenerator::begin(Connection& connection, std::uint64_t due) {
    requests_.next(connection.out);
    connection.busy = true;
    connection.any_bytes = false;
    connection.sent = 0;
    connection.times = RequestTimes{due};
    connection.reader.reset();
    meter_.on_sent(connection.times, now_ns());
    if (connection.fd < 0) {
        connect(connection);
    } else {
        write(connection);
    }
}

void LoadGenerator::connect(Connection& connection) {
    connection.fd = ::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection.fd < 0) {
        fail(connection, LoadError::connect, std::strerror(errno));
        return;
    }
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection.fresh = true;
    connection.connecting = true;
    connection.wants_write = true;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.u64 = connection.index;
    const bool watched = ::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, connection.fd, &event) == 0;
    if (!watched || (::connect(connection.fd, reinterpret_cast<const sockaddr*>(&address_), address_size_) != 0 &&
                     errno != EINPROGRESS)) {
        fail(connection, LoadError::connect, std::strerror(errno));
    }
}

void LoadGenerator::write(Connection& connection) {
    if (connection.connecting) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) {
            fail(connection, LoadError::connect, std::strerror(error));
            return;
        }
        connection.connecting = false;
    }
    while (connection.sent < connection.out.size()) {
        const ssize_t sent = ::send(connection.fd, connection.out.data() + connection.sent,
                                    connection.out.size() - connection.sent, MSG_NOSIGNAL);
        if (sent >= 0) {
            connection.sent += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            break;
        } else if (errno != EINTR) {
            // An answer may be there already, a refusal of the request: read() looks and finds the end, too.
            connection.sent = connection.out.size();
        }
    }
    watch(connection, connection.sent < connection.out.size());
}

void LoadGenerator::watch(Connection& connection, bool writable) noexcept {
    if (connection.wants_write == writable) {
        return;
    }
    connection.wants_write = writable;
    epoll_event event{};
    event.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = connection.index;
    ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd, &event);
}

void LoadGenerator::read(Connection& connection, std::uint64_t now) {
    if (connection.connecting) {
        return;  // write() finds out how that ends
    }
    // One read a turn: epoll tells again of what is left.
    const ssize_t received = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (!connection.busy) {
        // Bytes that nobody asked for, or an idle connection that the server has closed.
        disconnect(connection);
        return;
    }
    if (received <= 0) {
        if (received == 0 && connection.any_bytes && connection.reader.end_of_input()) {
            finish(connection, now);
        } else {
            lost(connection, received < 0 ? std::strerror(errno) : "the server closed the connection");
        }
        return;
    }
    connection.any_bytes = true;
    meter_.on_bytes(static_cast<std::size_t>(received));
    const std::uint32_t before = connection.reader.answer().text_events;
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(received));
    const std::size_t taken = connection.reader.feed(bytes);
    if (const std::uint32_t events = connection.reader.answer().text_events - before; events != 0) {
        meter_.on_text(connection.times, events, now);
    }
    if (connection.reader.failed() || (connection.reader.done() && taken < bytes.size())) {
        fail(connection, LoadError::protocol, "what the server sent is no answer to the request");
    } else if (connection.reader.done()) {
        finish(connection, now);
    }
}

void LoadGenerator::finish(Connection& connection, std::uint64_t now) {
    const Answer answer = connection.reader.answer();
    if (answer.status != 200) {
        fail(connection, LoadError::status,
             "HTTP status " + std::to_string(answer.status) + " " + std::string(connection.reader.excerpt()));
        return;
    }
    if (answer.error || !answer.complete) {
        const std::string_view said = connection.reader.excerpt();
        const std::string_view missing = answer.streamed ? "the stream ended without [DONE]" : "the answer is empty";
        fail(connection, LoadError::stream, said.empty() ? missing : said);
        return;
    }
    meter_.on_answer(connection.times, answer, now);
    connection.fresh = false;
    if (!connection.reader.keep_alive()) {
        disconnect(connection);
    }
    ++answered_;
    release(connection);
}

void LoadGenerator::lost(Connection& connection, std::string_view what) {
    // A server may close a kept connection at any time; a request that meets that is sent again on a new one.
    if (!connection.fresh && !connection.any_bytes) {
        disconnect(connection);
        connection.sent = 0;
        connect(connection);
        return;
    }
    fail(connection, LoadError::closed, what);
}

void LoadGenerator::fail(Connection& connection, LoadError why, std::string_view what) {
    const bool answered = why == LoadError::status || why == LoadError::stream;
    {
        const std::lock_guard lock(error_mutex_);
        if (first_error_.empty()) {
            first_error_ = what;
        }
    }
    meter_.on_error(why);
    if (!answered || !connection.reader.keep_alive()) {
        disconnect(connection);
    }
    if (!answered) {
        connection.resume_at = now_ns() + kRest;  // not at once: a dead server would keep this loop spinning
    }
    ++answered_;
    release(connection);
}

void LoadGenerator::release(Connection& connection) {
    if (connection.busy) {
        connection.busy = false;
        meter_.on_end();
    }
    if (options_.max_requests != 0 && answered_ >= options_.max_requests) {
        stopping_ = true;
    }
    if (connection.resume_at != 0) {
        return;  // tick() goes on
    }
    if (open_loop()) {
        idle_.push_back(&connection);
        if (idle_.size() == 1) {
            arm_timer(std::max<std::uint64_t>(next_due_, 1));  // something may be due since long
        }
    } else if (may_begin()) {
        begin(connection, now_ns());
    }
}

void LoadGenerator::disconnect(Connection& connection) noexcept {
    if (connection.fd >= 0) {
        ::close(connection.fd);
        connection.fd = -1;
        connection.connecting = connection.wants_write = false;
    }
}

void LoadGenerator::tick(std::uint64_t now) {
    for (const auto& connection : connections_) {
        if (stopping_) {
            return;
        }
        if (connection->resume_at != 0 && now >= connection->resume_at) {
            connection->resume_at = 0;
            release(*connection);
        } else if (connection->busy && options_.timeout != 0 && now > connection->times.due + options_.timeout) {
            fail(*connection, LoadError::timeout, "no complete answer within the time limit");
        }
    }
}

}  // namespace fastfront
