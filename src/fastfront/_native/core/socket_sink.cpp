// SPDX-License-Identifier: Apache-2.0
#include "socket_sink.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <utility>

#include "json_writer.hpp"

namespace fastfront {

namespace {

std::string_view reason_phrase(int status) noexcept {
    switch (status) {
        case 200: return "OK";
        case 400: return "Bad Request";
        case 503: return "Service Unavailable";
        default: return "Internal Server Error";
    }
}

void append_whole(std::string& out, std::string_view head, std::string_view body) {
    out.append(head).append("content-length: ");
    append_json_int(out, body.size());
    out.append("\r\n\r\n").append(body);
}

}  // namespace

OwnedFd::~OwnedFd() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

SocketSink::SocketSink(std::shared_ptr<const OwnedFd> fd, ResponseHead head, std::size_t backlog_limit) noexcept
    : fd_(std::move(fd)), head_(std::move(head)), backlog_limit_(backlog_limit) {}

std::string& SocketSink::buffer() noexcept {
    if (events_.empty()) {
        events_.resize(kGap);
    }
    return events_;
}

SinkState SocketSink::commit(bool last, SendRing* ring) noexcept {
    // A whole body goes out at once, when its length is known.
    if (!last && (events_.size() <= kGap || head_.stream.empty())) {
        return flying_ ? SinkState::flying : SinkState::open;
    }
    const std::size_t begin = frame(last);
    head_sent_ = true;
    ended_ = last;
    return send(begin, ring);
}

std::size_t SocketSink::frame(bool last) {
    if (!head_.stream.empty()) {
        return frame_chunk(last);
    }
    std::string whole;
    content_length_ = buffer().size() - kGap;
    append_whole(whole, head_.whole, std::string_view(buffer()).substr(kGap));
    events_.swap(whole);
    return 0;
}

std::size_t SocketSink::frame_chunk(bool last) {
    std::size_t begin = kGap;
    if (const std::size_t size = buffer().size() - kGap; size != 0) {
        char line[kGap];
        char* const end = std::to_chars(line, line + sizeof line - 2, size, 16).ptr;
        const auto digits = static_cast<std::size_t>(end - line);
        begin -= digits + 2;
        events_.replace(begin, digits, line, digits).replace(kGap - 2, 2, "\r\n").append("\r\n");
    }
    if (last) {
        events_.append("0\r\n\r\n");
    }
    if (!head_sent_) {
        events_.insert(begin, head_.stream);
    }
    return begin;
}

SinkState SocketSink::send_head() noexcept {
    if (head_sent_ || head_.stream.empty()) {
        return SinkState::open;
    }
    head_sent_ = true;
    events_.assign(head_.stream);
    return send(0, nullptr);
}

bool SocketSink::send_error(int status, std::string_view json) noexcept {
    if (head_sent_) {
        return false;
    }
    // The headers are those of the whole response, behind another status line.
    std::string head = "HTTP/1.1 ";
    append_json_int(head, status);
    head.append(" ").append(reason_phrase(status));
    head.append(head_.whole, std::min(head_.whole.find("\r\n"), head_.whole.size()));
    events_.clear();
    content_length_ = json.size();
    append_whole(events_, head, json);
    head_sent_ = true;
    ended_ = true;
    (void)send(0, nullptr);  // a client that does not take even this is noticed by its connection
    return true;
}

SinkState SocketSink::send(std::size_t begin, SendRing* ring) noexcept {
    std::string_view bytes = std::string_view(events_).substr(begin);
    SinkState state = SinkState::open;
    if (flying_ || backlog_.size() != backlog_sent_) {
        state = keep(bytes);
    } else if (ring != nullptr) {
        events_.swap(frame_);
        frame_begin_ = begin;
        ring->push(fd_->get(), std::string_view(frame_).substr(begin));
        flying_ = true;
        state = SinkState::flying;
    } else {
        while (state == SinkState::open && !bytes.empty()) {
            const ssize_t sent = ::send(fd_->get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                state = keep(bytes);
            } else if (errno != EINTR) {
                state = SinkState::lost;
            }
        }
    }
    events_.clear();
    return state;
}

void SocketSink::borrow(SendRing& ring) noexcept {
    if (events_.empty()) {
        ring.lend(events_);
    }
}

SinkState SocketSink::sent(std::int32_t result, SendRing& ring) noexcept {
    flying_ = false;
    if (result < 0 && result != -EAGAIN && result != -EWOULDBLOCK && result != -EINTR) {
        return SinkState::lost;
    }
    const std::string_view rest =
        std::string_view(frame_).substr(frame_begin_ + static_cast<std::size_t>(std::max(result, 0)));
    if (!rest.empty()) {
        // Before what came while it flew; that was only kept, so nothing of it has gone.
        std::string behind = std::exchange(backlog_, {});
        backlog_sent_ = 0;
        if (keep(rest) == SinkState::full || (!behind.empty() && keep(behind) == SinkState::full)) {
            return SinkState::full;
        }
    }
    ring.give_back(frame_);
    return flush();
}

SinkState SocketSink::keep(std::string_view bytes) noexcept {
    // A whole body is as long as it is (max_model_len bounds it); a stream's reader has to keep up.
    if (!head_.stream.empty() && backlog_.size() - backlog_sent_ + bytes.size() > backlog_limit_) {
        return SinkState::full;
    }
    if (backlog_sent_ == backlog_.size() || backlog_sent_ > backlog_limit_) {
        backlog_.erase(0, backlog_sent_);
        backlog_sent_ = 0;
    }
    backlog_.append(bytes);
    return flying_ ? SinkState::flying : SinkState::blocked;
}

SinkState SocketSink::flush() noexcept {
    while (backlog_sent_ < backlog_.size()) {
        const ssize_t sent = ::send(fd_->get(), backlog_.data() + backlog_sent_, backlog_.size() - backlog_sent_,
                                    MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            backlog_sent_ += static_cast<std::size_t>(sent);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return SinkState::blocked;
        } else if (errno != EINTR) {
            return SinkState::lost;
        }
    }
    backlog_.clear();
    backlog_sent_ = 0;
    return SinkState::open;
}

}  // namespace fastfront
