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
    void put_before(std::span<const std::uint32_t> ids) {
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
        bytes += piece.special ? 5 : piece.ids->msgpack().size();
    }
    msgpack.reserve(msgpack.size() + bytes + 64);  // room for what usually follows
    for (const Piece& piece : pieces) {
        if (piece.special) {
            append_msgpack_ids(msgpack, {&piece.special_id, 1});
            ++count;
        } else {
            msgpack.append(piece.ids->msgpack());
            count += piece.ids->count();
        }
    }
    TailBuilder last;
    for (auto piece = pieces.rbegin(); piece != pieces.rend() && !last.is_full(); ++piece) {
        if (piece->special) {
            last.put_before(piece->special_id);
        } else {
            last.put_before(piece->ids->tail());
        }
    }
    last.put_before(tail);
    tail = last.take();
}

void EncodedIds::append(std::span<const std::shared_ptr<const IdRun>> runs) {
    const bool shares = msgpack.empty();
    for (const auto& run : runs) {
        count += run->count();
        if (!shares) {
            msgpack.append(run->msgpack());
        } else if (run->count() != 0) {
            parts.push_back(run);
        }
    }
    TailBuilder last;
    for (auto run = runs.rbegin(); run != runs.rend() && !last.is_full(); ++run) {
        last.put_before((*run)->tail());
    }
    last.put_before(tail);
    tail = last.take();
}

void EncodedIds::view(std::vector<std::string_view>& views) const {
    views.reserve(views.size() + parts.size() + 1);
    for (const auto& part : parts) {
        views.push_back(part->msgpack());
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

std::shared_ptr<const IdRun> join(std::span<const Piece> pieces) {
    EncodedIds joined;
    joined.append(pieces);
    return IdRun::of(joined.ids());
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

std::shared_ptr<const IdRun> SegmentCache::find(std::uint64_t hash, std::string_view segment) {
    const auto slot = index_.find(hash, [&](std::uint32_t n) { return slots_[n].run->text() == segment; });
    if (!slot) {
        return nullptr;
    }
    slots_[*slot].used = true;
    return slots_[*slot].run;
}

std::vector<Piece> SegmentCache::split(std::string_view text) {
    std::vector<Piece> pieces;
    std::size_t from = 0;
    const auto add_text = [&](std::size_t end) {
        if (end != from) {
            const std::string_view segment = text.substr(from, end - from);
            const std::uint64_t hashed = hash(segment);
            pieces.push_back({.begin = from, .end = end, .hash = hashed, .ids = find(hashed, segment)});
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
    piece.ids = find(piece.hash, segment);
    if (piece.ids) {
        return;  // it stands twice in one text
    }
    piece.ids = IdRun::of(ids, segment);
    const std::size_t bytes = cost(*piece.ids);
    if (bytes > max_bytes_) {
        return;
    }
    make_room(bytes);
    if (vacant_.empty()) {
        vacant_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    index_.insert(piece.hash, vacant_.back());
    slots_[vacant_.back()] = {.hash = piece.hash, .run = piece.ids};
    vacant_.pop_back();
    bytes_ += bytes;
}

void SegmentCache::make_room(std::size_t bytes) {
    for (; bytes_ + bytes > max_bytes_; ++hand_) {
        if (hand_ >= slots_.size()) {
            hand_ = 0;
        }
        Slot& slot = slots_[hand_];
        if (!slot.run || std::exchange(slot.used, false)) {  // a second chance
            continue;
        }
        const auto number = static_cast<std::uint32_t>(hand_);
        vacant_.push_back(number);
        index_.erase(slot.hash, number);
        bytes_ -= cost(*slot.run);
        slot.run.reset();
    }
}

std::size_t SegmentCache::cost(const IdRun& run) noexcept {
    constexpr std::size_t kOverhead = 128;  // a slot, its place in the index, what the allocator and sharing take
    return run.bytes() + kOverhead;
}

}  // namespace fastfront
