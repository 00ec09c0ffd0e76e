// SPDX-License-Identifier: Apache-2.0
// Ids that do not change any more, in MessagePack's form, and the text that they are of: one block of memory, shared by
// all who hold it. What remembers thousands of them touches each once when it comes and once when it goes. Knows no
// tokenizer, and not where it is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace fastfront {

class IdRun {
    struct Key {};  // whoever has one may construct

  public:
    static constexpr std::size_t kTail = 32;  // what most detokenizers need to be placed behind a prompt

    /// A copy of the ids, and of the text.
    [[nodiscard]] static std::shared_ptr<const IdRun> of(std::span<const std::uint32_t> ids,
                                                         std::string_view text = {});

    explicit IdRun(Key) noexcept {}

    /// The elements of a MessagePack array, without its head.
    [[nodiscard]] std::string_view msgpack() const noexcept { return {data_ + text_size_, msgpack_size_}; }
    [[nodiscard]] std::string_view text() const noexcept { return {data_, text_size_}; }
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    /// The last kTail of the ids, or all.
    [[nodiscard]] std::span<const std::uint32_t> tail() const noexcept { return {tail_, tail_size_}; }
    /// The memory that it takes.
    [[nodiscard]] std::size_t bytes() const noexcept;

  private:
    char* data_ = nullptr;  // text, ids, and what writing the last id may touch
    std::size_t count_ = 0;
    std::size_t text_size_ = 0;
    std::size_t msgpack_size_ = 0;
    std::size_t tail_size_ = 0;
    std::uint32_t tail_[kTail];
};

}  // namespace fastfront
