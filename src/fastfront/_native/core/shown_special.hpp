// SPDX-License-Identifier: Apache-2.0
// A special token that stands in a text: what the pipeline tells parsers of the tokens behind the text.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fastfront {

struct ShownSpecial {
    std::size_t begin = 0;  // byte offset of its first byte in the text
    std::size_t end = 0;    // byte offset behind its last byte
    std::uint32_t id = 0;
};

}  // namespace fastfront
