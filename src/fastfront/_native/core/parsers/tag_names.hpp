// SPDX-License-Identifier: Apache-2.0
// What formats of tags have in common beside the parser: how names stand in tags, and how a format becomes an entry of
// the registry. Knows no particular format.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "py_text.hpp"
#include "registry.hpp"
#include "tag_parser.hpp"

namespace fastfront {

template <const TagFormat& kFormat>
std::unique_ptr<OutputParser> make_tag_parser(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<TagParser>(kFormat, spec, options);
}

/// The text, between quotation marks of either kind or without.
[[nodiscard]] inline std::string_view unquoted(std::string_view text) noexcept {
    text = py_strip(text);
    if (text.starts_with('"') || text.starts_with('\'')) text.remove_prefix(1);
    if (text.ends_with('"') || text.ends_with('\'')) text.remove_suffix(1);
    return text;
}

/// Tags that are the name, as it stands there.
[[nodiscard]] inline bool read_verbatim_tag(std::string_view text, ParameterTag& tag) {
    tag.name = text;
    return true;
}

/// The same, whitespace around it left out.
[[nodiscard]] inline bool read_stripped_tag(std::string_view text, ParameterTag& tag) {
    tag.name = py_strip(text);
    return true;
}

/// Tags with the name in quotation marks, or without.
[[nodiscard]] inline bool read_quoted_tag(std::string_view text, ParameterTag& tag) {
    text = py_strip(text);
    if (text.size() > 1 && (text.front() == '"' || text.front() == '\'')) {
        if (text.back() != text.front()) return false;
        text = text.substr(1, text.size() - 2);
    }
    tag.name = py_strip(text);
    return !tag.name.empty();
}

}  // namespace fastfront
