// SPDX-License-Identifier: Apache-2.0
#include "zmtp_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace fastfront {

namespace {

// What an epoll event is about: a connection by its number, or one of these.
constexpr std::uint64_t kListener = 32;
constexpr std::uint64_t kTimer = 33;
constexpr std::uint64_t kFirstConnection = 64;

constexpr std::size_t kEventsPerPoll = 64;
constexpr int kAcceptsPerPoll = 32;
/// A connection's messages in a row, before others have their turn.
constexpr std::size_t kMessagesPerTurn = 16;
/// So many messages are not kept waiting for more: the peer could be working on the first ones.
constexpr std::size_t kQueuedMessages = 16;
/// A message of more is not copied to leave together with others.
constexpr std::size_t kQueuedBytes = 16 * 1024;
/// A PONG is left out for a peer that does not read: it is alive, that is all a PONG says.
constexpr std::size_t kPongBacklog = 64 * 1024;
constexpr std::chrono::milliseconds kListenerRest{100};
/// drain() ends even if a peer never stops sending.
constexpr int kReadsPerDrain = 16 * 1024;

using Event = zmtp::Decoder::Event;

std::uint32_t interest(const ZmtpConnection& connection) noexcept {
    return EPOLLIN | (connection.waits_to_write ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
}

}  // namespace

Errc ZmtpSocket::open() noexcept { return epoll_.open(kTimer); }

Errc ZmtpSocket::listen(int fd) noexcept {
    const Errc error = listener_.open(fd);
    return error == Errc::ok ? epoll_.add(fd, EPOLLIN, kListener) : error;
}

Errc ZmtpSocket::watch(int fd, unsigned tag) noexcept { return epoll_.add(fd, EPOLLIN, tag); }

void ZmtpSocket::resume() noexcept {
    if (!paused_) {
        return;
    }
    paused_ = false;
    const auto now = Clock::now();
    for (const auto& [id, connection] : connections_) {
        if (connection->established) {
            connection->heard_at = connection->pinged_at = now;
            connection->pending = true;  // messages may have come together with READY
            pending_.push_back(id);
            static_cast<void>(epoll_.add(connection->fd(), interest(*connection), id));
        }
    }
    if (listener_.tcp()) {
        epoll_.wake_at(now + options_.timing.ping_interval);
    }
}

Errc ZmtpSocket::poll(int timeout_ms, std::uint32_t& woken) noexcept {
    woken = 0;
    std::array<epoll_event, kEventsPerPoll> events;
    const int count = epoll_.wait(events, pending() ? 0 : timeout_ms);
    if (count < 0) {
        return errno == EINTR ? Errc::ok : Errc::system;
    }
    bool timer = false;
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
        const std::uint64_t about = event.data.u64;
        if (about >= kFirstConnection) {
            on_event(about, event.events);
        } else if (about == kListener) {
            accept_some();
        } else if (about == kTimer) {
            timer = true;
        } else {
            woken |= 1U << about;
        }
    }
    take_pending();
    // Last, and only when everything that came was seen: a thread that was kept from running must not take its own
    // silence for the peers'.
    if (timer && static_cast<std::size_t>(count) < events.size()) {
        on_timer();
    }
    return Errc::ok;
}

void ZmtpSocket::drain() noexcept {
    std::vector<Id> all;
    all.reserve(connections_.size());
    for (const auto& [id, connection] : connections_) {
        all.push_back(id);
    }
    for (const Id id : all) {
        take(id, SIZE_MAX);
        auto received = ZmtpConnection::Received::full;
        for (int i = 0; i < kReadsPerDrain && received == ZmtpConnection::Received::full; ++i) {
            ZmtpConnection* connection = find(id);
            if (connection == nullptr || connection->ended || (paused_ && connection->established)) {
                break;
            }
            received = connection->receive();
            on_received(received, *connection);
            take(id, SIZE_MAX);
        }
    }
}

void ZmtpSocket::accept_some() noexcept {
    for (int i = 0; i < kAcceptsPerPoll; ++i) {
        int fd = -1;
        switch (listener_.accept(fd)) {
            case Listener::Accepted::connection: add(fd); break;
            case Listener::Accepted::nothing: return;
            case Listener::Accepted::closed: epoll_.remove(listener_.fd()); return;
            case Listener::Accepted::exhausted:
                listener_rests_ = true;
                epoll_.modify(listener_.fd(), 0, kListener);
                epoll_.wake_at(Clock::now() + kListenerRest);
                return;
        }
    }
}

void ZmtpSocket::add(int fd) noexcept {
    const Id id = next_id_++;
    auto made = std::make_unique<ZmtpConnection>(fd, options_.type, options_.max_frame_bytes, options_.buffer_bytes);
    ZmtpConnection& connection = *made;
    if (connections_.size() >= options_.max_connections) {
        refuse(id, "there are too many connections");
        return;
    }
    if (half_open_.size() >= options_.max_half_open) {
        // Engines are through with the handshake at once: who has taken longest for it is the least likely to be one.
        refuse(*half_open_.begin(), "too many others have not finished the handshake");
    }
    connections_.emplace(id, std::move(made));
    half_open_.insert(id);
    connection.opened_at = Clock::now();
    static_cast<void>(epoll_.add(fd, EPOLLIN, id));
    epoll_.wake_at(connection.opened_at + options_.timing.handshake_timeout);
    scratch_.clear();
    zmtp::append_greeting(scratch_);
    answer(id, connection);
}

void ZmtpSocket::on_event(Id id, std::uint32_t events) noexcept {
    ZmtpConnection* connection = find(id);
    if (connection == nullptr) {
        return;  // closed by an event before this one
    }
    if ((events & EPOLLOUT) != 0) {
        connection->flush();
        after_write(id, *connection);
    }
    // What was received and not taken yet comes first: memory is bounded by one buffer.
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 && !connection->pending && !connection->ended) {
        on_received(connection->receive(), *connection);
        take(id, kMessagesPerTurn);
    }
}

void ZmtpSocket::on_received(ZmtpConnection::Received received, ZmtpConnection& connection) noexcept {
    if (received == ZmtpConnection::Received::ended) {
        connection.ended = true;
        epoll_.remove(connection.fd());
    } else if (listener_.tcp() && received != ZmtpConnection::Received::nothing) {
        connection.heard_at = Clock::now();
    }
}

void ZmtpSocket::take(Id id, std::size_t limit) noexcept {
    ZmtpConnection* connection = find(id);
    for (std::size_t messages = 0; connection != nullptr;) {
        if (paused_ && connection->established) {
            return;
        }
        if (messages == limit) {
            if (!connection->pending) {
                connection->pending = true;
                pending_.push_back(id);
            }
            return;
        }
        const std::uint64_t closings = closings_;
        const auto step = connection->next();
        switch (step.event) {
            case Event::incomplete:
                if (connection->ended) {
                    end(id);
                }
                return;
            case Event::greeted:
                scratch_.clear();
                zmtp::append_ready(options_.type, scratch_);
                answer(id, *connection);
                break;
            case Event::ready: on_ready(id, *connection); break;
            case Event::message:
                ++messages;
                callbacks_.message(id, step.body, step.rest);
                break;
            case Event::ping:
                ++messages;  // an answer is work, too
                if (connection->backlog() < kPongBacklog) {
                    scratch_.clear();
                    zmtp::append_pong(step.body, scratch_);
                    answer(id, *connection);
                }
                break;
            case Event::failed: refuse(id, connection->decoder().failure()); return;
        }
        if (closings_ != closings) {
            connection = find(id);  // a callback may have closed it
        }
    }
}

void ZmtpSocket::take_pending() noexcept {
    taking_.swap(pending_);
    for (const Id id : taking_) {
        if (ZmtpConnection* connection = find(id)) {
            connection->pending = false;
            take(id, kMessagesPerTurn);
        }
    }
    taking_.clear();
}

void ZmtpSocket::on_ready(Id id, ZmtpConnection& connection) noexcept {
    connection.established = true;
    half_open_.erase(id);
    connection.heard_at = connection.pinged_at = Clock::now();
    if (paused_) {
        epoll_.remove(connection.fd());
    } else if (listener_.tcp()) {
        epoll_.wake_at(connection.pinged_at + options_.timing.ping_interval);
    }
    callbacks_.ready(id, connection.decoder().identity());
}

void ZmtpSocket::refuse(Id id, std::string_view why) noexcept {
    ++refused_;
    if ((refused_ & (refused_ - 1)) == 0) {
        callbacks_.refused(why, refused_);
    }
    end(id);
}

void ZmtpSocket::end(Id id) noexcept {
    const auto found = connections_.find(id);
    if (found == connections_.end()) {
        return;
    }
    const bool established = found->second->established;
    close_peer(id);
    if (established) {
        callbacks_.lost(id);
    }
}

void ZmtpSocket::close_peer(Id id) noexcept {
    const auto found = connections_.find(id);
    if (found == connections_.end()) {
        return;
    }
    half_open_.erase(id);
    ++closings_;
    connections_.erase(found);  // which closes the descriptor, and so takes it out of the epoll set
}

bool ZmtpSocket::queue(Id id, std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) noexcept {
    if (second.size() > kQueuedBytes) {
        return send(id, first, second);
    }
    ZmtpConnection* connection = find(id);
    if (connection == nullptr) {
        return false;
    }
    connection->queue(first, second);
    if (!connection->dirty) {
        connection->dirty = true;
        dirty_.push_back(id);
    }
    if (connection->waits_to_write) {
        after_write(id, *connection);
    }
    if (++queued_ >= kQueuedMessages) {
        flush();
    }
    return true;
}

void ZmtpSocket::flush() noexcept {
    queued_ = 0;
    for (const Id id : dirty_) {
        if (ZmtpConnection* connection = find(id)) {
            connection->dirty = false;
            if (!connection->waits_to_write) {
                connection->flush();
                after_write(id, *connection);
            }
        }
    }
    dirty_.clear();
}

std::size_t ZmtpSocket::backlog() const noexcept {
    std::size_t bytes = 0;
    for (const auto& [id, connection] : connections_) {
        bytes += connection->backlog();
    }
    return bytes;
}

/// Send the command in scratch_, behind what already waits.
void ZmtpSocket::answer(Id id, ZmtpConnection& connection) noexcept {
    connection.queue(scratch_);
    if (!connection.waits_to_write) {
        connection.flush();
    }
    after_write(id, connection);
}

/// Wait for the socket to have room where something is left, and give up a peer that lets too much wait.
void ZmtpSocket::after_write(Id id, ZmtpConnection& connection) noexcept {
    if (connection.backlog() > options_.backlog_limit) {
        connection.hang_up();
    }
    if (connection.waits_to_write != connection.watched_for_room) {
        connection.watched_for_room = connection.waits_to_write;
        epoll_.modify(connection.fd(), interest(connection), id);
    }
}

void ZmtpSocket::close() noexcept {
    connections_.clear();
    pending_.clear();
    dirty_.clear();
    half_open_.clear();
    if (listener_.fd() >= 0) {
        epoll_.remove(listener_.fd());  // closing would not do: somebody else may hold a duplicate
        listener_.close();
    }
}

ZmtpConnection* ZmtpSocket::find(Id id) noexcept {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

void ZmtpSocket::on_timer() noexcept {
    epoll_.quiet_timer();
    if (listener_rests_) {
        listener_rests_ = false;
        epoll_.modify(listener_.fd(), EPOLLIN, kListener);
    }
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    std::vector<std::pair<Id, std::string_view>> late;
    for (const auto& [id, connection] : connections_) {
        switch (connection->due(now, options_.timing, listener_.tcp() && !paused_, next)) {
            case ZmtpConnection::Due::nothing: break;
            case ZmtpConnection::Due::handshake: late.emplace_back(id, "it did not finish the handshake"); break;
            case ZmtpConnection::Due::silence: late.emplace_back(id, "it answers no PING"); break;
            case ZmtpConnection::Due::ping:
                scratch_.clear();
                zmtp::append_ping(scratch_);
                answer(id, *connection);
                break;
        }
    }
    for (const auto& [id, why] : late) {
        refuse(id, why);
    }
    epoll_.wake_at(next);
}

}  // namespace fastfront
