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

void append_chunk(std::string& out, std::string_view data) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, data.size(), 16).ptr;
    out.append(digits, end).append("\r\n").append(data).append("\r\n");
}

}  // namespace

OwnedFd::~OwnedFd() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

SocketSink::SocketSink(std::shared_ptr<const OwnedFd> fd, ResponseHead head, std::size_t backlog_limit) noexcept
    : fd_(std::move(fd)), head_(std::move(head)), backlog_limit_(backlog_limit) {}

SinkState SocketSink::commit(bool last) noexcept {
    if (events_.empty() && !last) {
        return SinkState::open;
    }
    frame_.clear();
    if (head_.stream.empty()) {
        if (!last) {
            return SinkState::open;  // a whole body goes out at once, when its length is known
        }
        append_whole(frame_, head_.whole, events_);
    } else {
        if (!head_sent_) {
            frame_.append(head_.stream);
        }
        if (!events_.empty()) {
            append_chunk(frame_, events_);
        }
        if (last) {
            frame_.append("0\r\n\r\n");
        }
    }
    events_.clear();
    head_sent_ = true;
    ended_ = last;
    return send(frame_);
}

SinkState SocketSink::send_head() noexcept {
    if (head_sent_ || head_.stream.empty()) {
        return SinkState::open;
    }
    head_sent_ = true;
    return send(head_.stream);
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
    frame_.clear();
    append_whole(frame_, head, json);
    events_.clear();
    head_sent_ = true;
    ended_ = true;
    (void)send(frame_);  // a client that does not take even this is noticed by its connection
    return true;
}

SinkState SocketSink::send(std::string_view bytes) noexcept {
    if (backlog_.size() == backlog_sent_) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_->get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent >= 0) {
                bytes.remove_prefix(static_cast<std::size_t>(sent));
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                break;
            } else if (errno != EINTR) {
                return SinkState::lost;
            }
        }
        if (bytes.empty()) {
            return SinkState::open;
        }
        backlog_.clear();
        backlog_sent_ = 0;
    }
    // A whole body is as long as it is (max_model_len bounds it); a stream's reader has to keep up.
    if (!head_.stream.empty() && backlog_.size() - backlog_sent_ + bytes.size() > backlog_limit_) {
        return SinkState::full;
    }
    if (backlog_sent_ > backlog_limit_) {
        backlog_.erase(0, backlog_sent_);
        backlog_sent_ = 0;
    }
    backlog_.append(bytes);
    return SinkState::blocked;
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
