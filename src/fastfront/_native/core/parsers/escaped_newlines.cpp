// SPDX-License-Identifier: Apache-2.0
#include "escaped_newlines.hpp"

namespace fastfront {

void EscapedNewlines::add(std::string_view text, bool last, std::string& out) {
    if (!held_.empty()) {
        held_.append(text);
        work_.swap(held_);
        held_.clear();
        text = work_;
    }
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t size = step(text.substr(at), last, out);
        if (size == 0) {
            held_.assign(text.substr(at));
            return;
        }
        at += size;
    }
}

std::size_t EscapedNewlines::step(std::string_view rest, bool last, std::string& out) {
    const auto take = [&out, rest](std::size_t size) {
        out.append(rest.substr(0, size));
        return size;
    };
    const auto enter = [this, &take](std::string_view closing, std::size_t size) {
        closing_ = closing;
        return take(size);
    };
    if (!closing_.empty()) {
        if (rest.starts_with(closing_)) {
            const std::size_t size = closing_.size();
            closing_ = {};
            return take(size);
        }
        if (!last && closing_.starts_with(rest)) return 0;
        const std::size_t next = rest.find(closing_.front(), 1);
        return take(next == std::string_view::npos ? rest.size() : next);
    }
    if (rest.front() != '\\') run_ = false;
    switch (rest.front()) {
        case '`':
            if (!last && (rest == "`" || rest == "``")) return 0;
            return rest.starts_with("```") ? enter("```", 3) : enter("`", 1);
        case '$':
            if (!last && rest == "$") return 0;
            return rest.starts_with("$$") ? enter("$$", 2) : enter("$", 1);
        case '\\': break;
        default: {
            const std::size_t next = rest.find_first_of("`$\\");
            return take(next == std::string_view::npos ? rest.size() : next);
        }
    }
    std::size_t run = rest.find_first_not_of('\\');
    if (run == std::string_view::npos) run = rest.size();
    if (run > 1 || run_) {
        run_ = true;
        return take(run);
    }
    if (!last && (rest == "\\" || rest == "\\r" || rest == "\\r\\")) return 0;
    if (rest.starts_with("\\r\\n")) {
        out.push_back('\n');
        return 4;
    }
    if (rest.starts_with("\\n") || rest.starts_with("\\r")) {
        out.push_back('\n');
        return 2;
    }
    if (rest.starts_with("\\(")) return enter("\\)", 2);
    if (rest.starts_with("\\[")) return enter("\\]", 2);
    return take(1);
}

}  // namespace fastfront
