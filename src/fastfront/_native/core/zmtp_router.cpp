// SPDX-License-Identifier: Apache-2.0
#include "zmtp_router.hpp"

#include <iterator>
#include <utility>

namespace fastfront {

ZmtpRouter::ZmtpRouter(ZmtpSocketOptions options)
    : socket_(options,
              {
                  .ready = [this](ZmtpSocket::Id id, std::string_view identity) { on_ready(id, identity); },
                  .message = [this](ZmtpSocket::Id id, std::span<const std::uint8_t> body,
                                    std::span<const std::uint8_t> rest) { on_message(id, body, !rest.empty()); },
                  .lost = [this](ZmtpSocket::Id id) { on_lost(id); },
                  .refused = [this](std::string_view why,
                                    std::uint64_t) { events_.push_back({Event::Kind::refused, std::string(why), {}}); },
              }) {}

Errc ZmtpRouter::poll(std::vector<Event>& events) noexcept {
    std::uint32_t woken = 0;
    const Errc error = socket_.poll(0, woken);
    events.insert(events.end(), std::move_iterator(events_.begin()), std::move_iterator(events_.end()));
    events_.clear();
    return error;
}

bool ZmtpRouter::send(std::string_view identity, std::span<const std::uint8_t> first,
                      std::span<const std::uint8_t> second) noexcept {
    return socket_.send(find(identity), first, second);
}

bool ZmtpRouter::queue(std::string_view identity, std::span<const std::uint8_t> first,
                       std::span<const std::uint8_t> second) noexcept {
    return socket_.queue(find(identity), first, second);
}

void ZmtpRouter::close() noexcept {
    socket_.close();
    peers_.clear();
    by_identity_.clear();
    events_.clear();
}

void ZmtpRouter::on_ready(ZmtpSocket::Id id, std::string_view identity) {
    // Who gives no identity gets one that nobody else has, as with libzmq.
    std::string name(identity);
    if (name.empty()) {
        name.assign(1, '\0').append(reinterpret_cast<const char*>(&id), sizeof id);
    }
    const auto [known, is_new] = by_identity_.try_emplace(name, id);
    if (!is_new) {
        const ZmtpSocket::Id before = std::exchange(known->second, id);
        if (const auto old = peers_.find(before); old != peers_.end()) {
            if (old->second.spoken) {
                events_.push_back({Event::Kind::lost, name, {}});
            }
            peers_.erase(old);
        }
        socket_.close_peer(before);
    }
    peers_.emplace(id, Peer{std::move(name)});
}

void ZmtpRouter::on_message(ZmtpSocket::Id id, std::span<const std::uint8_t> body, bool more) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end() || more) {
        return;
    }
    peer->second.spoken = true;
    events_.push_back({Event::Kind::message, peer->second.identity,
                       std::string(reinterpret_cast<const char*>(body.data()), body.size())});
}

void ZmtpRouter::on_lost(ZmtpSocket::Id id) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end()) {
        return;
    }
    by_identity_.erase(peer->second.identity);
    if (peer->second.spoken) {
        events_.push_back({Event::Kind::lost, std::move(peer->second.identity), {}});
    }
    peers_.erase(peer);
}

ZmtpSocket::Id ZmtpRouter::find(std::string_view identity) const noexcept {
    const auto found = by_identity_.find(identity);
    return found == by_identity_.end() ? 0 : found->second;
}

}  // namespace fastfront
