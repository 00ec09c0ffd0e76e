// SPDX-License-Identifier: Apache-2.0
#include "json_writer.hpp"

#include <array>

namespace fastfront {

namespace {

/// 0 = copy as it is; a letter = `\letter`; 'u' = `\u00xx`.
constexpr std::array<char, 256> make_escapes() {
    std::array<char, 256> table{};
    for (int c = 0; c < 0x20; ++c) {
        table[static_cast<std::size_t>(c)] = 'u';
    }
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    table['"'] = '"';
    table['\\'] = '\\';
    return table;
}

constexpr std::array<char, 256> kEscapes = make_escapes();
constexpr std::string_view kHex = "0123456789abcdef";

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
    std::size_t copied = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const char escape = kEscapes[byte];
        if (escape == 0) [[likely]] {
            continue;
        }
        out.append(text, copied, i - copied);
        copied = i + 1;
        out.push_back('\\');
        out.push_back(escape);
        if (escape == 'u') {
            out.append("00");
            out.push_back(kHex[byte >> 4]);
            out.push_back(kHex[byte & 15]);
        }
    }
    out.append(text, copied, text.size() - copied);
}

}  // namespace fastfront
