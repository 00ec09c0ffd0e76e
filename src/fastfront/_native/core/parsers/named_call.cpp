// SPDX-License-Identifier: Apache-2.0
#include "named_call.hpp"

#include "json_stream.hpp"

namespace fastfront {

NamedCall::NamedCall(const ParserOptions& options) {
    if (options.tools && !options.tools->tools.empty()) name_ = options.tools->tools.front().name;
}

void NamedCall::push(std::string_view text, std::int64_t /*token*/, Pieces& out) {
    if (!announced_) {
        std::size_t begin = 0;
        while (begin < text.size() && is_json_space(text[begin])) ++begin;
        if (begin == text.size()) {
            spaces_.append(text);
            return;
        }
        announced_ = true;
        out.begin_call(0, name_);
        out.add_arguments(0, spaces_);
        spaces_.clear();
    }
    out.add_arguments(0, text);
}

}  // namespace fastfront
