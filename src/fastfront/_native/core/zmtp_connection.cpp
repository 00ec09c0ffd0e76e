// SPDX-License-Identifier: Apache-2.0
#include "zmtp_connection.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

namespace fastfront {

namespace {

/// Enough for a greeting and READY: whoever is not through with them gets no more.
constexpr std::size_t kHandshakeBytes = 512;
/// A backlog's memory is given back when it is larger than this and empty.
constexpr std::size_t kKeepBytes = 256 * 1024;
/// Two frame headers and a first frame of up to 255 bytes.
constexpr std::size_t kMaxHeadBytes = 2 * zmtp::kMaxHeaderBytes + 255;

using Head = std::array<std::uint8_t, kMaxHeadBytes>;

/// Everything of a two-frame message that comes before the second frame's body.
std::span<const std::uint8_t> write_head(std::span<const std::uint8_t> first, std::size_t second_bytes,
                                         Head& head) noexcept {
    const auto header = [&](std::size_t at) {
        return std::span<std::uint8_t, zmtp::kMaxHeaderBytes>(head.data() + at, zmtp::kMaxHeaderBytes);
    };
    first = first.first(std::min<std::size_t>(first.size(), 255));
    std::size_t at = zmtp::write_header(first.size(), true, header(0));
    std::copy(first.begin(), first.end(), head.begin() + static_cast<std::ptrdiff_t>(at));
    at += first.size();
    at += zmtp::write_header(second_bytes, false, header(at));
    return {head.data(), at};
}

iovec part(std::span<const std::uint8_t> bytes) noexcept {
    return {const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

ZmtpConnection::~ZmtpConnection() { ::close(fd_); }

ZmtpConnection::Received ZmtpConnection::receive() noexcept {
    if (!make_room()) {
        hang_up();
        return Received::ended;
    }
    const std::size_t room = capacity_ - end_;
    const ssize_t size = ::recv(fd_, buffer_.get() + end_, room, MSG_DONTWAIT);
    if (size > 0) {
        end_ += static_cast<std::size_t>(size);
        return static_cast<std::size_t>(size) == room ? Received::full : Received::partly;
    }
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
        return Received::nothing;
    }
    return Received::ended;
}

zmtp::Decoder::Step ZmtpConnection::next() noexcept {
    const auto step = decoder_.next({buffer_.get() + begin_, end_ - begin_});
    begin_ += step.consumed;
    wanted_ = step.event == zmtp::Decoder::Event::incomplete ? step.wanted : 0;
    return step;
}

/// Room for at least one byte. A large frame's room grows with what has come of it, not with what its header promises.
bool ZmtpConnection::make_room() noexcept {
    const std::size_t usual = decoder_.ready() ? buffer_bytes_ : kHandshakeBytes;
    const std::size_t held = end_ - begin_;
    if (held == 0 && capacity_ != usual && wanted_ <= usual) {
        return move_to(usual);
    }
    if (held == 0 || capacity_ - begin_ < wanted_ || end_ == capacity_) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, held);
        begin_ = 0;
        end_ = held;
    }
    return end_ < capacity_ || move_to(std::max(usual, std::min(2 * capacity_, std::max(wanted_, capacity_ + 1))));
}

bool ZmtpConnection::move_to(std::size_t capacity) noexcept {
    std::unique_ptr<std::uint8_t[]> larger(new (std::nothrow) std::uint8_t[capacity]);
    if (larger == nullptr) {
        return false;
    }
    const std::size_t held = end_ - begin_;
    std::copy_n(buffer_.get() + begin_, held, larger.get());
    buffer_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = held;
    return true;
}

void ZmtpConnection::queue(std::string_view bytes) noexcept {
    keep({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, 0);
}

void ZmtpConnection::queue(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) noexcept {
    Head head;
    keep(write_head(first, second.size(), head), 0);
    keep(second, 0);
}

void ZmtpConnection::send(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) noexcept {
    if (waits_to_write) {
        queue(first, second);  // another attempt would be in vain: the socket says when it has room
        return;
    }
    Head head;
    transmit(write_head(first, second.size(), head), second);
}

void ZmtpConnection::send(std::span<const std::span<const std::uint8_t>> frames) noexcept {
    std::array<std::uint8_t, zmtp::kMaxHeaderBytes> header{};
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const bool more = i + 1 < frames.size();
        keep(std::span(header).first(zmtp::write_header(frames[i].size(), more, header)), 0);
        if (more || waits_to_write) {
            keep(frames[i], 0);
        } else {
            transmit({}, frames[i]);
        }
    }
}

void ZmtpConnection::transmit(std::span<const std::uint8_t> head, std::span<const std::uint8_t> body) noexcept {
    const std::span waiting(reinterpret_cast<const std::uint8_t*>(out_.data()) + out_at_, backlog());
    if (broken_ || waiting.size() + head.size() + body.size() == 0) {
        waits_to_write = false;
        return;
    }
    std::array<iovec, 3> parts{part(waiting), part(head), part(body)};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t result = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result < 0 && errno != EAGAIN && errno != EINTR) {
        hang_up();
        return;
    }
    std::size_t sent = result < 0 ? 0 : static_cast<std::size_t>(result);
    const auto take = [&sent](std::size_t size) {
        const std::size_t taken = std::min(sent, size);
        sent -= taken;
        return taken;
    };
    out_at_ += take(waiting.size());
    if (out_at_ == out_.size()) {
        out_.clear();
        out_at_ = 0;
        if (out_.capacity() > kKeepBytes) {
            out_.shrink_to_fit();
        }
    }
    const std::size_t of_head = take(head.size());
    const std::size_t of_body = take(body.size());
    keep(head, of_head);
    keep(body, of_body);
    waits_to_write = backlog() > 0;
}

/// Let what has not been sent wait.
void ZmtpConnection::keep(std::span<const std::uint8_t> bytes, std::size_t sent) noexcept {
    if (broken_ || sent == bytes.size()) {
        return;
    }
    try {
        if (out_at_ > out_.size() / 2) {
            out_.erase(0, out_at_);
            out_at_ = 0;
        }
        out_.append(reinterpret_cast<const char*>(bytes.data()) + sent, bytes.size() - sent);
    } catch (...) {
        hang_up();  // no memory: half a message must not be followed by another
    }
}

ZmtpConnection::Due ZmtpConnection::due(Clock::time_point now, const ZmtpTiming& timing, bool heartbeats,
                                        Clock::time_point& next) noexcept {
    if (!established) {
        const auto deadline = opened_at + timing.handshake_timeout;
        next = std::min(next, std::max(deadline, now));
        return deadline <= now ? Due::handshake : Due::nothing;
    }
    if (!heartbeats || ended) {
        return Due::nothing;
    }
    if (heard_at + timing.ping_timeout <= now) {
        return Due::silence;
    }
    const bool ping = pinged_at + timing.ping_interval <= now;
    if (ping) {
        pinged_at = now;
    }
    next = std::min({next, pinged_at + timing.ping_interval, heard_at + timing.ping_timeout});
    return ping ? Due::ping : Due::nothing;
}

void ZmtpConnection::hang_up() noexcept {
    broken_ = true;
    waits_to_write = false;
    out_.clear();
    out_.shrink_to_fit();
    out_at_ = 0;
    ::shutdown(fd_, SHUT_RDWR);
}

}  // namespace fastfront
