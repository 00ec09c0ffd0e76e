// SPDX-License-Identifier: Apache-2.0
// A bounded cursor over one msgpack message. Zero-copy: strings are views into the message.
//
// Errors stick: after the first one every read returns a default and moves nothing, so a decoder reads a whole
// layout straight through and asks error() once. No read looks at a byte before its presence has been checked, and no
// length found in the message is trusted beyond the bytes that are left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "error.hpp"

namespace fastfront {

class MsgpackReader {
  public:
    explicit MsgpackReader(std::span<const std::uint8_t> bytes) noexcept
        : begin_(bytes.data()), cursor_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    [[nodiscard]] Errc error() const noexcept { return error_; }
    [[nodiscard]] bool ok() const noexcept { return error_ == Errc::ok; }
    [[nodiscard]] bool at_end() const noexcept { return cursor_ == end_; }
    /// Bytes read so far; with `bytes_since` a value's raw encoding can be taken out.
    [[nodiscard]] std::size_t position() const noexcept { return static_cast<std::size_t>(cursor_ - begin_); }
    [[nodiscard]] std::span<const std::uint8_t> bytes_since(std::size_t start) const noexcept {
        return {begin_ + start, position() - start};
    }

    /// Consume a nil if one is next.
    bool try_nil() noexcept {
        if (ok() && cursor_ != end_ && *cursor_ == 0xc0) {
            ++cursor_;
            return true;
        }
        return false;
    }
    /// Is the next value an array? Reads nothing.
    [[nodiscard]] bool next_is_array() const noexcept;
    /// Is the next value a string? Reads nothing.
    [[nodiscard]] bool next_is_string() const noexcept;
    /// Is the next value an integer? Reads nothing.
    [[nodiscard]] bool next_is_int() const noexcept {
        return ok() && cursor_ != end_ &&
               (*cursor_ < 0x80 || *cursor_ >= 0xe0 || (*cursor_ >= 0xcc && *cursor_ <= 0xd3));
    }
    /// The byte that the next value begins with, 0xc1 (which no value begins with) where there is none. Reads nothing.
    [[nodiscard]] std::uint8_t peek() const noexcept { return ok() && cursor_ != end_ ? *cursor_ : std::uint8_t{0xc1}; }

    /// Number of elements; each takes at least one byte, so more than the bytes left is an error.
    std::uint32_t read_array() noexcept;
    /// Number of key/value pairs; each takes at least two bytes.
    std::uint32_t read_map() noexcept;
    std::int64_t read_int() noexcept;
    /// An unsigned integer that may not fit std::int64_t.
    std::uint64_t read_uint64() noexcept;
    /// A token id: any non-negative integer that fits 32 bits.
    std::uint32_t read_token_id() noexcept {
        // Two encodings cover nearly every token id: they are read without a call.
        if (end_ - cursor_ >= 3 && *cursor_ == 0xcd) {
            const std::uint32_t value = (std::uint32_t{cursor_[1]} << 8) | cursor_[2];
            cursor_ += 3;
            return value;
        }
        if (end_ - cursor_ >= 5 && *cursor_ == 0xce) {
            const std::uint32_t value = (std::uint32_t{cursor_[1]} << 24) | (std::uint32_t{cursor_[2]} << 16) |
                                        (std::uint32_t{cursor_[3]} << 8) | cursor_[4];
            cursor_ += 5;
            return value;
        }
        return read_small_token_id();
    }
    /// A float of either width, or an integer.
    double read_double() noexcept;
    std::string_view read_string() noexcept;
    /// The bytes of an extension value, and its application type.
    std::span<const std::uint8_t> read_extension(std::int8_t& type) noexcept;
    /// What was read does not mean what it should: an error like those of the reads.
    void refuse(Errc code) noexcept { fail(code); }
    /// Step over one value of any type, however deep, without recursion.
    void skip() noexcept;

  private:
    std::uint32_t read_small_token_id() noexcept;
    std::uint32_t read_count(std::uint8_t fix_base, std::uint8_t fix_mask, std::uint8_t code16, std::uint8_t code32,
                             std::size_t bytes_each) noexcept;
    bool have(std::size_t count) noexcept {
        if (!ok()) {
            return false;
        }
        if (static_cast<std::size_t>(end_ - cursor_) < count) {
            fail(Errc::truncated);
            return false;
        }
        return true;
    }
    void fail(Errc code) noexcept {
        if (error_ == Errc::ok) {
            error_ = code;
        }
        end_ = cursor_;  // also stops the unchecked fast paths
    }
    std::uint64_t take_be(std::size_t width) noexcept;

    const std::uint8_t* begin_;
    const std::uint8_t* cursor_;
    const std::uint8_t* end_;
    Errc error_ = Errc::ok;
};

}  // namespace fastfront
