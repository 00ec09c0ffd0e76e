// SPDX-License-Identifier: Apache-2.0
#include "add_request.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fastfront {

namespace {

constexpr char kNil = static_cast<char>(0xc0);
constexpr char kFalse = static_cast<char>(0xc2);
constexpr std::uint16_t kPositions = 22;

/// The fixed positions, each at its longest, and the lengths of the variable ones.
constexpr std::size_t kFixedBytes = 128;

/// Write `value` big-endian behind `tag`.
template <typename Unsigned>
char* put(char* at, std::uint8_t tag, Unsigned value) noexcept {
    *at++ = static_cast<char>(tag);
    for (int shift = static_cast<int>(sizeof(Unsigned)) * 8 - 8; shift >= 0; shift -= 8) {
        *at++ = static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    }
    return at;
}

/// Write an id in its shortest form, 5 bytes at most; kMsgpackIdSlack are overwritten. Without a branch: ids of a text
/// are of all lengths, and a wrong guess per id would cost more than all the rest.
char* put_id(char* at, std::uint32_t id) noexcept {
    struct Form {
        std::uint8_t tag;     // first byte
        std::uint8_t shift;   // bits that bring the value's first byte to the top
        std::uint8_t length;  // bytes with the tag
    };
    static constexpr Form kForms[] = {{0, 0, 1}, {0xcc, 24, 2}, {0xcd, 16, 3}, {0xce, 0, 5}};
    const unsigned form = (id >= 0x80u) + (id >= 0x100u) + (id >= 0x10000u);
    const auto [tag, shift, length] = kForms[form];
    const std::uint64_t first = form == 0 ? id : tag;
    std::uint64_t word = (first << 56) | (static_cast<std::uint64_t>(id << shift) << 24);
    if constexpr (std::endian::native == std::endian::little) {
        word = __builtin_bswap64(word);
    }
    std::memcpy(at, &word, sizeof word);
    return at + length;
}

char* put_bytes(char* at, std::string_view bytes) noexcept { return std::copy(bytes.begin(), bytes.end(), at); }

char* put_string(char* at, std::string_view text) noexcept {
    if (text.size() < 32) {
        *at++ = static_cast<char>(0xa0 | text.size());
    } else if (text.size() < 0x100) {
        at = put(at, 0xd9, static_cast<std::uint8_t>(text.size()));
    } else if (text.size() < 0x10000) {
        at = put(at, 0xda, static_cast<std::uint16_t>(text.size()));
    } else {
        at = put(at, 0xdb, static_cast<std::uint32_t>(text.size()));
    }
    return put_bytes(at, text);
}

char* put_array_head(char* at, std::size_t size) noexcept {
    if (size < 16) {
        *at++ = static_cast<char>(0x90 | size);
        return at;
    }
    return size < 0x10000 ? put(at, 0xdc, static_cast<std::uint16_t>(size))
                          : put(at, 0xdd, static_cast<std::uint32_t>(size));
}

}  // namespace

std::size_t msgpack_ids_size(std::span<const std::uint32_t> ids) noexcept {
    std::size_t size = ids.size();
    for (const std::uint32_t id : ids) {
        size += std::size_t{id >= 0x80u} + (id >= 0x100u) + 2u * (id >= 0x10000u);
    }
    return size;
}

char* write_msgpack_ids(char* at, std::span<const std::uint32_t> ids) noexcept {
    for (const std::uint32_t id : ids) {
        at = put_id(at, id);
    }
    return at;
}

void append_msgpack_ids(std::string& out, std::span<const std::uint32_t> ids) {
    // In blocks through the stack: the string need not be filled with zeros first.
    constexpr std::size_t kBlock = 256;
    char block[kBlock * 5 + kMsgpackIdSlack];
    for (std::size_t from = 0; from < ids.size(); from += kBlock) {
        out.append(block, write_msgpack_ids(block, ids.subspan(from, std::min(kBlock, ids.size() - from))));
    }
}

char* write_msgpack_int(char* at, std::int64_t value) noexcept {
    if (value >= 0) {
        if (value < 0x80) {
            *at = static_cast<char>(value);
            return at + 1;
        }
        if (value < 0x100) {
            return put(at, 0xcc, static_cast<std::uint8_t>(value));
        }
        if (value < 0x10000) {
            return put(at, 0xcd, static_cast<std::uint16_t>(value));
        }
        return value < 0x100000000 ? put(at, 0xce, static_cast<std::uint32_t>(value))
                                   : put(at, 0xcf, static_cast<std::uint64_t>(value));
    }
    if (value >= -32) {
        *at = static_cast<char>(value);
        return at + 1;
    }
    if (value >= INT8_MIN) {
        return put(at, 0xd0, static_cast<std::uint8_t>(value));
    }
    if (value >= INT16_MIN) {
        return put(at, 0xd1, static_cast<std::uint16_t>(value));
    }
    return value >= INT32_MIN ? put(at, 0xd2, static_cast<std::uint32_t>(value))
                              : put(at, 0xd3, static_cast<std::uint64_t>(value));
}

std::size_t max_size(const AddRequest& request) noexcept {
    std::size_t size =
        kFixedBytes + request.sampling_params.size() + request.external_req_id.size() + request.reasoning.size();
    for (const std::string_view ids : request.prompt_token_ids) {
        size += ids.size();
    }
    return size;
}

char* write(char* at, const AddRequest& request) noexcept {
    at = put(at, 0xdc, kPositions);
    *at++ = static_cast<char>(0xa0 | 16);  // request_id
    for (int shift = 60; shift >= 0; shift -= 4) {
        *at++ = "0123456789abcdef"[(request.wire_id >> shift) & 0xf];
    }
    at = put_array_head(at, request.prompt_token_count);
    for (const std::string_view ids : request.prompt_token_ids) {
        at = put_bytes(at, ids);
    }
    *at++ = kNil;                                 // mm_features
    at = put_bytes(at, request.sampling_params);  // sampling_params
    *at++ = kNil;                                 // pooling_params
    at = put(at, 0xcb, std::bit_cast<std::uint64_t>(request.arrival_time));
    at = std::fill_n(at, 2, kNil);  // lora_request, cache_salt
    if (request.data_parallel_rank) {
        at = write_msgpack_int(at, *request.data_parallel_rank);
    } else {
        *at++ = kNil;
    }
    at = std::fill_n(at, 2, kNil);  // prompt_embeds, prompt_is_token_ids
    at = write_msgpack_int(at, request.client_index);
    at = write_msgpack_int(at, request.current_wave);
    at = write_msgpack_int(at, request.priority);
    *at++ = kNil;    // trace_headers
    *at++ = kFalse;  // resumable
    at = put_string(at, request.external_req_id);
    at = put_bytes(at, request.reasoning);
    *at++ = kFalse;                   // abort_immediately
    return std::fill_n(at, 2, kNil);  // session_id, kv_hints
}

}  // namespace fastfront
