// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648) into bytes, as strictly as pybase64's validate=True, which vLLM decodes prompt_embeds with: no
// white space, no other alphabet, padding where it belongs. Bits behind the last byte are not looked at, as there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fastfront {

/// Bytes that at most come out of so much text.
[[nodiscard]] constexpr std::size_t max_decoded_base64(std::size_t text_bytes) noexcept { return text_bytes / 4 * 3; }

/// Decode into `out`, which has room for max_decoded_base64(); `size` becomes what it is. False: it is no base64.
[[nodiscard]] bool decode_base64(std::span<const std::uint8_t> text, std::span<std::uint8_t> out,
                                 std::size_t& size) noexcept;

}  // namespace fastfront
