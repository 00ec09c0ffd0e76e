// SPDX-License-Identifier: Apache-2.0
// Builds the arrays and logprobs of engine messages for the tests, byte by byte. Knows nothing of the decoder.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "wire.hpp"

namespace rows {

inline std::string extension(const std::string& bytes) {
    return "\xc9" + wire::big_endian(bytes.size(), 4) + "\3" + bytes;
}

template <typename Value>
std::string raw(const std::vector<Value>& values) {
    std::string bytes(values.size() * sizeof(Value), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

template <typename Value>
std::string array_of(std::string_view dtype, std::initializer_list<std::size_t> shape,
                     const std::vector<Value>& values) {
    std::string out = wire::array(3) + wire::text(dtype) + wire::array(shape.size());
    for (const std::size_t length : shape) {
        out += wire::number(length);
    }
    return out + extension(raw(values));
}

/// LogprobsLists of `token_ids.size() / columns` positions.
inline std::string logprobs(std::size_t columns, const std::vector<std::int32_t>& token_ids,
                            const std::vector<float>& values, const std::vector<std::int64_t>& ranks) {
    return wire::array(4) + array_of<std::int32_t>("<i4", {ranks.size(), columns}, token_ids) +
           array_of<float>("<f4", {ranks.size(), columns}, values) +
           array_of<std::int64_t>("<i8", {ranks.size()}, ranks) + wire::nils(1);
}

/// One EngineCoreOutput with logprobs and perhaps those of the prompt.
inline std::string output(std::uint64_t id, const std::vector<std::uint32_t>& tokens, const std::string& logprobs,
                          const std::string& prompt_logprobs = wire::nils(1), std::string_view finish = {}) {
    std::string out = wire::array(6) + wire::text(wire::id_text(id)) + wire::array(tokens.size());
    for (const std::uint32_t token : tokens) {
        out += wire::number(token);
    }
    return out + logprobs + prompt_logprobs + wire::nils(1) + (finish.empty() ? wire::nils(1) : std::string(finish));
}

}  // namespace rows
