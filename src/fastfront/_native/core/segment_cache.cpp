// SPDX-License-Identifier: Apache-2.0
#include "segment_cache.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "add_request.hpp"

namespace fastfront {

namespace {

std::uint64_t read64(const char* at) noexcept {
    std::uint64_t value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

void EncodedIds::append(std::span<const std::uint32_t> ids) {
    append_msgpack_ids(msgpack, ids);
    count += ids.size();
    const std::size_t added = std::min(ids.size(), kTail);
    const std::size_t kept = std::min(tail.size(), kTail - added);
    tail.erase(tail.begin(), tail.end() - static_cast<std::ptrdiff_t>(kept));
    tail.insert(tail.end(), ids.end() - static_cast<std::ptrdiff_t>(added), ids.end());
}

/// Gathers a tail from the end on.
class EncodedIds::TailBuilder {
  public:
    [[nodiscard]] bool is_full() const noexcept { return backwards_.size() >= kTail; }
    void put_before(std::uint32_t id) { backwards_.push_back(id); }
    void put_before(const std::vector<std::uint32_t>& ids) {
        const std::size_t taken = std::min(ids.size(), kTail - backwards_.size());
        backwards_.insert(backwards_.end(), ids.rbegin(), ids.rbegin() + static_cast<std::ptrdiff_t>(taken));
    }
    [[nodiscard]] std::vector<std::uint32_t> take() const { return {backwards_.rbegin(), backwards_.rend()}; }

  private:
    std::vector<std::uint32_t> backwards_;
};

void EncodedIds::append(std::span<const Piece> pieces) {
    std::size_t bytes = 0;
    for (const Piece& piece : pieces) {
        bytes += piece.special ? 5 : piece.ids->msgpack.size();
    }
    msgpack.reserve(msgpack.size() + bytes + 64);  // room for what usually follows
    for (const Piece& piece : pieces) {
        if (piece.special) {
            append_msgpack_ids(msgpack, {&piece.special_id, 1});
            ++count;
        } else {
            msgpack.append(piece.ids->msgpack);
            count += piece.ids->count;
        }
    }
    TailBuilder last;
    for (auto piece = pieces.rbegin(); piece != pieces.rend() && !last.is_full(); ++piece) {
        if (piece->special) {
            last.put_before(piece->special_id);
        } else {
            last.put_before(piece->ids->tail);
        }
    }
    last.put_before(tail);
    tail = last.take();
}

void EncodedIds::append(std::span<const std::shared_ptr<const EncodedIds>> others) {
    const bool shares = msgpack.empty();
    for (const auto& other : others) {
        count += other->count;
        if (!shares) {
            msgpack.append(other->msgpack);
        } else if (!other->msgpack.empty()) {
            parts.push_back(other);
        }
    }
    TailBuilder last;
    for (auto other = others.rbegin(); other != others.rend() && !last.is_full(); ++other) {
        last.put_before((*other)->tail);
    }
    last.put_before(tail);
    tail = last.take();
}

void EncodedIds::view(std::vector<std::string_view>& views) const {
    views.reserve(views.size() + parts.size() + 1);
    for (const auto& part : parts) {
        views.emplace_back(part->msgpack);
    }
    views.emplace_back(msgpack);
}

std::vector<std::uint32_t> EncodedIds::ids() const {
    std::vector<std::uint32_t> found;
    found.reserve(count);
    std::vector<std::string_view> views;
    view(views);
    for (const std::string_view bytes : views) {
        const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
        const auto* const end = at + bytes.size();
        while (at < end) {
            const unsigned char tag = *at++;
            const std::ptrdiff_t length = tag < 0x80 ? 0 : tag == 0xcc ? 1 : tag == 0xcd ? 2 : 4;
            std::uint32_t id = tag < 0x80 ? tag : 0;
            for (std::ptrdiff_t i = 0; i < length && at < end; ++i) {
                id = id << 8 | *at++;
            }
            found.push_back(id);
        }
    }
    return found;
}

std::optional<std::uint32_t> EncodedIds::last_of(std::span<const std::uint32_t> wanted) const {
    const auto search = [wanted](const std::vector<std::uint32_t>& ids) -> std::optional<std::uint32_t> {
        const auto found = std::find_if(ids.rbegin(), ids.rend(), [wanted](std::uint32_t id) {
            return std::ranges::find(wanted, id) != wanted.end();
        });
        return found == ids.rend() ? std::nullopt : std::optional(*found);
    };
    const auto found = search(tail);
    return found || tail.size() == count ? found : search(ids());
}

SegmentCache::SegmentCache(SpecialTokens special, std::size_t max_bytes)
    : special_(std::move(special)), max_bytes_(max_bytes) {
    // Unpredictable, so that no client can make segments collide on purpose.
    std::random_device entropy;
    for (std::uint64_t& seed : seeds_) {
        seed = (std::uint64_t{entropy()} << 32 | entropy()) | 1;
    }
}

std::uint64_t SegmentCache::hash(std::string_view text) const noexcept {
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t lanes[4] = {seeds_[0], seeds_[1], seeds_[2], seeds_[3]};
    for (; left >= 64; at += 64, left -= 64) {
        for (int i = 0; i < 4; ++i) {  // four chains, so that no multiplication waits for the one before
            lanes[i] = mix(read64(at + 16 * i) ^ seeds_[i], read64(at + 16 * i + 8) ^ lanes[i]);
        }
    }
    char rest[64] = {};
    std::memcpy(rest, at, left);
    for (int i = 0; i < 4; ++i) {
        lanes[i] = mix(read64(rest + 16 * i) ^ seeds_[i], read64(rest + 16 * i + 8) ^ lanes[i]);
    }
    return mix(mix(lanes[0] ^ seeds_[1], lanes[1] ^ text.size()), mix(lanes[2] ^ seeds_[3], lanes[3] ^ seeds_[0]));
}

std::shared_ptr<const EncodedIds> SegmentCache::find(std::uint64_t key, std::string_view segment) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.text != segment) {
        return nullptr;
    }
    found->second.used = true;
    return found->second.ids;
}

std::vector<Piece> SegmentCache::split(std::string_view text) {
    std::vector<Piece> pieces;
    std::size_t from = 0;
    const auto add_text = [&](std::size_t end) {
        if (end != from) {
            const std::string_view segment = text.substr(from, end - from);
            const std::uint64_t key = hash(segment);
            pieces.push_back({.begin = from, .end = end, .hash = key, .ids = find(key, segment)});
        }
    };
    SpecialTokens::Walk walk(special_, text);
    while (const auto match = walk.next()) {
        add_text(match->begin);
        pieces.push_back(
            {.begin = match->begin, .end = match->end, .special = true, .special_id = match->id, .hash = 0, .ids = {}});
        from = match->end;
    }
    add_text(text.size());
    return pieces;
}

void SegmentCache::remember(Piece& piece, std::string_view segment, std::span<const std::uint32_t> ids) {
    auto encoded = std::make_shared<EncodedIds>();
    encoded->msgpack.reserve(msgpack_ids_size(ids));  // kept for long: not a byte too much
    encoded->append(ids);
    piece.ids = encoded;
    Entry entry{std::string(segment), std::move(encoded)};
    const std::size_t bytes = cost(entry);
    if (bytes > max_bytes_) {
        return;
    }
    make_room(bytes);
    const auto [at, is_new] = entries_.try_emplace(piece.hash);
    if (is_new) {
        queue_.push_back(piece.hash);
    } else {
        bytes_ -= cost(at->second);
    }
    at->second = std::move(entry);
    bytes_ += bytes;
}

void SegmentCache::make_room(std::size_t bytes) {
    while (bytes_ + bytes > max_bytes_ && !queue_.empty()) {
        const std::uint64_t key = queue_.front();
        queue_.pop_front();
        const auto found = entries_.find(key);
        if (std::exchange(found->second.used, false)) {
            queue_.push_back(key);  // a second chance
            continue;
        }
        bytes_ -= cost(found->second);
        entries_.erase(found);
    }
}

std::size_t SegmentCache::cost(const Entry& entry) noexcept {
    constexpr std::size_t kOverhead = 256;  // map node, queue, shared_ptr, strings and vectors themselves
    return entry.text.capacity() + entry.ids->msgpack.capacity() + entry.ids->tail.capacity() * 4 + kOverhead;
}

}  // namespace fastfront
