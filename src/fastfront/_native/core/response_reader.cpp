// SPDX-License-Identifier: Apache-2.0
// The reader's side of a Response: what it may ask, take and have done, each under the lock.
#include <utility>

#include "response.hpp"

namespace fastfront {

namespace {

/// vLLM's SSE_KEEP_ALIVE_COMMENT.
constexpr std::string_view kKeepAlive = ": keep-alive\n\n";

}  // namespace

bool Response::hand_over(std::unique_ptr<SocketSink> socket, double wall_time, Metrics& metrics,
                         Consequences& consequences, News& news) noexcept {
    const std::lock_guard lock(mutex_);
    if (error_status_ != 0 || overflowed_ || socket_) {
        return false;
    }
    socket_ = std::move(socket);
    socket_->buffer().append(mailbox_.buffer());
    std::string().swap(mailbox_.buffer());
    news = commit(wall_time, metrics, consequences);
    return true;
}

News Response::send_head(double wall_time, Metrics& metrics, Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (!socket_ || finished_) {
        return News::none;
    }
    return after(socket_->send_head(), wall_time, metrics, consequences);
}

News Response::keep_alive(double interval, double wall_time, Metrics& metrics, Consequences& consequences,
                          double& due) noexcept {
    const std::lock_guard lock(mutex_);
    due = -1;
    if (finished_ || !writer_.streams()) {
        return News::none;
    }
    due = last_word_ + interval;
    if (wall_time < due) {
        return News::none;
    }
    last_word_ = wall_time;
    due = wall_time + interval;
    sink().buffer().append(kKeepAlive);
    return commit(wall_time, metrics, consequences);
}

News Response::on_writable(double wall_time, Metrics& metrics, Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (!socket_ || lost_ || overflowed_) {
        return News::none;
    }
    return after(socket_->flush(), wall_time, metrics, consequences);
}

int Response::socket_fd() noexcept {
    const std::lock_guard lock(mutex_);
    return socket_ ? socket_->fd() : -1;
}

bool Response::delivered() noexcept {
    const std::lock_guard lock(mutex_);
    return socket_ && socket_->delivered();
}

bool Response::over() noexcept {
    const std::lock_guard lock(mutex_);
    return finished_ && (!socket_ || lost_ || overflowed_ || socket_->delivered());
}

int Response::http_status() noexcept {
    const std::lock_guard lock(mutex_);
    return http_status_;
}

bool Response::lost() noexcept {
    const std::lock_guard lock(mutex_);
    return lost_;
}

void Response::take(std::string& into) noexcept {
    into.clear();
    const std::lock_guard lock(mutex_);
    into.swap(mailbox_.buffer());
}

std::size_t Response::pending() noexcept {
    const std::lock_guard lock(mutex_);
    return mailbox_.buffer().size();
}

std::vector<UnparsedStep> Response::take_steps() noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(steps_, {});
}

std::vector<RawDelta> Response::take_deltas() noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(deltas_, {});
}

bool Response::finished() noexcept {
    const std::lock_guard lock(mutex_);
    return finished_;
}

bool Response::overflowed() noexcept {
    const std::lock_guard lock(mutex_);
    return overflowed_;
}

int Response::error(std::string& json) {
    const std::lock_guard lock(mutex_);
    json = error_json_;
    return error_status_;
}

}  // namespace fastfront
