// SPDX-License-Identifier: Apache-2.0
#include "add_request.hpp"

#include <bit>
#include <cstring>

namespace fastfront {

namespace {

constexpr char kNil = static_cast<char>(0xc0);
constexpr char kFalse = static_cast<char>(0xc2);
constexpr std::uint8_t kPositions = 22;

/// Write `value` big-endian behind `tag`; returns the end.
template <typename Unsigned>
char* put(char* at, std::uint8_t tag, Unsigned value) noexcept {
    *at++ = static_cast<char>(tag);
    for (int shift = static_cast<int>(sizeof(Unsigned)) * 8 - 8; shift >= 0; shift -= 8) {
        *at++ = static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
    }
    return at;
}

/// Write an id in its shortest form (at most 5 bytes); returns the end.
char* put_id(char* at, std::uint32_t id) noexcept {
    if (id < 0x80) {
        *at = static_cast<char>(id);
        return at + 1;
    }
    if (id < 0x100) {
        return put(at, 0xcc, static_cast<std::uint8_t>(id));
    }
    if (id < 0x10000) {
        return put(at, 0xcd, static_cast<std::uint16_t>(id));
    }
    return put(at, 0xce, id);
}

void append_string(std::string& out, std::string_view text) {
    char head[5];
    char* end = head;
    if (text.size() < 32) {
        *end++ = static_cast<char>(0xa0 | text.size());
    } else if (text.size() < 0x100) {
        end = put(end, 0xd9, static_cast<std::uint8_t>(text.size()));
    } else if (text.size() < 0x10000) {
        end = put(end, 0xda, static_cast<std::uint16_t>(text.size()));
    } else {
        end = put(end, 0xdb, static_cast<std::uint32_t>(text.size()));
    }
    out.append(head, end).append(text);
}

void append_ids(std::string& out, std::span<const std::uint32_t> ids) {
    char head[5];
    char* end = head;
    if (ids.size() < 16) {
        *end++ = static_cast<char>(0x90 | ids.size());
    } else if (ids.size() < 0x10000) {
        end = put(end, 0xdc, static_cast<std::uint16_t>(ids.size()));
    } else {
        end = put(end, 0xdd, static_cast<std::uint32_t>(ids.size()));
    }
    out.append(head, end);
    const std::size_t begin = out.size();
    out.resize(begin + ids.size() * 5);  // the most they can take
    char* at = out.data() + begin;
    for (const std::uint32_t id : ids) {
        at = put_id(at, id);
    }
    out.resize(static_cast<std::size_t>(at - out.data()));
}

}  // namespace

void append_msgpack_uint(std::string& out, std::uint64_t value) {
    char bytes[9];
    char* end = value <= 0xffffffffu ? put_id(bytes, static_cast<std::uint32_t>(value)) : put(bytes, 0xcf, value);
    out.append(bytes, end);
}

void append_msgpack_int(std::string& out, std::int64_t value) {
    if (value >= 0) {
        append_msgpack_uint(out, static_cast<std::uint64_t>(value));
        return;
    }
    char bytes[9];
    char* end = bytes;
    if (value >= -32) {
        *end++ = static_cast<char>(value);
    } else if (value >= INT8_MIN) {
        end = put(end, 0xd0, static_cast<std::uint8_t>(value));
    } else if (value >= INT16_MIN) {
        end = put(end, 0xd1, static_cast<std::uint16_t>(value));
    } else if (value >= INT32_MIN) {
        end = put(end, 0xd2, static_cast<std::uint32_t>(value));
    } else {
        end = put(end, 0xd3, static_cast<std::uint64_t>(value));
    }
    out.append(bytes, end);
}

void append_add_request(std::string& out, const AddRequest& request) {
    out.reserve(out.size() + request.prompt_token_ids.size() * 5 + request.sampling_params.size() +
                request.external_req_id.size() + 96);
    char head[3 + 1 + 16];
    char* end = put(head, 0xdc, std::uint16_t{kPositions});
    *end++ = static_cast<char>(0xa0 | 16);  // request_id
    for (int shift = 60; shift >= 0; shift -= 4) {
        *end++ = "0123456789abcdef"[(request.wire_id >> shift) & 0xf];
    }
    out.append(head, end);
    append_ids(out, request.prompt_token_ids);
    out.push_back(kNil);                  // mm_features
    out.append(request.sampling_params);  // sampling_params
    out.push_back(kNil);                  // pooling_params
    char time[9];
    out.append(time, put(time, 0xcb, std::bit_cast<std::uint64_t>(request.arrival_time)));
    out.append(2, kNil);  // lora_request, cache_salt
    if (request.data_parallel_rank) {
        append_msgpack_int(out, *request.data_parallel_rank);
    } else {
        out.push_back(kNil);
    }
    out.append(2, kNil);  // prompt_embeds, prompt_is_token_ids
    append_msgpack_uint(out, request.client_index);
    append_msgpack_uint(out, request.current_wave);
    append_msgpack_int(out, request.priority);
    out.push_back(kNil);    // trace_headers
    out.push_back(kFalse);  // resumable
    append_string(out, request.external_req_id);
    out.append(2, kNil);    // reasoning_ended, reasoning_parser_kwargs
    out.push_back(kFalse);  // abort_immediately
    out.append(2, kNil);    // session_id, kv_hints
}

}  // namespace fastfront
