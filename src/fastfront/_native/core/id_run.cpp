// SPDX-License-Identifier: Apache-2.0
#include "id_run.hpp"

#include <algorithm>
#include <cstring>
#include <new>

#include "add_request.hpp"

namespace fastfront {

namespace {

/// Allocates more than it is asked for, and tells where that begins: std::make_shared's one block, with room behind.
template <typename T>
class RoomBehind {
  public:
    using value_type = T;

    RoomBehind(std::size_t room, char** begin) noexcept : room_(room), begin_(begin) {}
    template <typename U>
    RoomBehind(const RoomBehind<U>& other) noexcept : room_(other.room_), begin_(other.begin_) {}

    T* allocate(std::size_t count) {
        char* const block = static_cast<char*>(::operator new(count * sizeof(T) + room_));
        *begin_ = block + count * sizeof(T);
        return reinterpret_cast<T*>(block);
    }
    void deallocate(T* block, std::size_t) noexcept { ::operator delete(block); }

    template <typename U>
    bool operator==(const RoomBehind<U>&) const noexcept {
        return true;  // whoever allocated it: it is given back in one way
    }

  private:
    template <typename>
    friend class RoomBehind;

    std::size_t room_;
    char** begin_;  // for `allocate` alone
};

[[nodiscard]] constexpr std::size_t room_for(std::size_t text_bytes, std::size_t msgpack_bytes) noexcept {
    return text_bytes + msgpack_bytes + kMsgpackIdSlack;
}

}  // namespace

std::shared_ptr<const IdRun> IdRun::of(std::span<const std::uint32_t> ids, std::string_view text) {
    const std::size_t msgpack_size = msgpack_ids_size(ids);
    char* data = nullptr;
    const auto run = std::allocate_shared<IdRun>(RoomBehind<IdRun>(room_for(text.size(), msgpack_size), &data), Key{});
    run->data_ = data;
    run->count_ = ids.size();
    run->text_size_ = text.size();
    run->msgpack_size_ = msgpack_size;
    run->tail_size_ = std::min(ids.size(), kTail);
    std::ranges::copy(ids.last(run->tail_size_), run->tail_);
    if (!text.empty()) {
        std::memcpy(data, text.data(), text.size());
    }
    write_msgpack_ids(data + text.size(), ids);
    return run;
}

std::size_t IdRun::bytes() const noexcept { return sizeof *this + room_for(text_size_, msgpack_size_); }

}  // namespace fastfront
