// SPDX-License-Identifier: Apache-2.0
// Encodes one EngineCoreRequest (vllm/v1/engine/__init__.py, 0.32; engine/types.py has it field by field) for requests
// that have a prompt of token ids and nothing out of the ordinary. The ids come in MessagePack's form
// (segment_cache.hpp), so that a prompt of 100,000 tokens is a copy. Knows the wire layout and nothing of what the
// values mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace fastfront {

struct AddRequest {
    std::uint64_t wire_id = 0;  // 16 hex digits on the wire
    std::size_t prompt_token_count = 0;
    std::span<const std::string_view> prompt_token_ids;  // the elements of a MessagePack array, in pieces
    std::string_view sampling_params;                    // a MessagePack map, whole
    double arrival_time = 0.0;                           // Unix seconds
    std::optional<std::int64_t> data_parallel_rank;
    std::int64_t client_index = 0;
    std::int64_t current_wave = 0;
    std::int64_t priority = 0;
    std::string_view external_req_id;
    std::string_view reasoning = "\xc0\xc0";  // reasoning_ended and reasoning_parser_kwargs, in MessagePack
};

/// No request takes more bytes than this.
[[nodiscard]] std::size_t max_size(const AddRequest& request) noexcept;

/// Write the request's MessagePack to `at`, where max_size() bytes are free; returns its end.
char* write(char* at, const AddRequest& request) noexcept;

/// Write a MessagePack integer (9 bytes at most), in its shortest form as msgspec does; returns its end.
char* write_msgpack_int(char* at, std::int64_t value) noexcept;

/// The bytes that ids take, each in its shortest form, as the elements of an array.
[[nodiscard]] std::size_t msgpack_ids_size(std::span<const std::uint32_t> ids) noexcept;
/// Bytes behind the last id that write_msgpack_ids may touch.
inline constexpr std::size_t kMsgpackIdSlack = 8;
/// Write them to `at`, where there is room for them and the slack; returns their end.
char* write_msgpack_ids(char* at, std::span<const std::uint32_t> ids) noexcept;
void append_msgpack_ids(std::string& out, std::span<const std::uint32_t> ids);

}  // namespace fastfront
