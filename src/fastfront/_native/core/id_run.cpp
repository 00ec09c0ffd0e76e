// SPDX-License-Identifier: Apache-2.0
#include "id_run.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>

#include "add_request.hpp"

namespace fastfront {

namespace {

using Word = std::uint64_t;  // what blocks are made of: aligned for an IdRun

[[nodiscard]] constexpr std::size_t words_for(std::size_t text_bytes, std::size_t msgpack_bytes) noexcept {
    return (sizeof(IdRun) + text_bytes + msgpack_bytes + kMsgpackIdSlack + sizeof(Word) - 1) / sizeof(Word);
}

}  // namespace

std::shared_ptr<const IdRun> IdRun::of(std::span<const std::uint32_t> ids, std::string_view text) {
    // The block is let go of as the words that it was made of.
    static_assert(std::is_trivially_destructible_v<IdRun> && alignof(IdRun) <= alignof(Word));
    const std::size_t msgpack_size = msgpack_ids_size(ids);
    const auto block = std::make_shared_for_overwrite<Word[]>(words_for(text.size(), msgpack_size));
    auto* const run = new (block.get()) IdRun;
    run->count_ = ids.size();
    run->text_size_ = text.size();
    run->msgpack_size_ = msgpack_size;
    run->tail_size_ = std::min(ids.size(), kTail);
    std::ranges::copy(ids.last(run->tail_size_), run->tail_);
    if (!text.empty()) {
        std::memcpy(run->data(), text.data(), text.size());
    }
    write_msgpack_ids(run->data() + text.size(), ids);
    return {block, run};
}

std::size_t IdRun::bytes() const noexcept { return words_for(text_size_, msgpack_size_) * sizeof(Word); }

}  // namespace fastfront
