// SPDX-License-Identifier: Apache-2.0
#include "markup_parser.hpp"

namespace fastfront {

void MarkupParser::add_marker(std::string_view text, const ParserSpec& spec, bool in_text_too) {
    const std::int64_t id = spec.id_of(text);
    if (id == kNoToken || in_text_too) in_text_ |= Set{1} << ids_.size();
    ids_.push_back(id);
    scanner_.add(text);
}

void MarkupParser::push(std::string_view text, std::int64_t token, Pieces& out) {
    if (token == kNoToken) {
        if (held_.empty()) {
            scan(text, false, out);
            return;
        }
        held_.append(text);
        work_.swap(held_);
        held_.clear();
        scan(work_, false, out);
        return;
    }
    settle(out);
    const Set counting = active();
    for (std::uint32_t index = 0; index < ids_.size(); ++index) {
        if (ids_[index] == token && (counting >> index & 1) != 0) {
            on_marker(index, text, token, out);
            return;
        }
    }
    if (!text.empty()) on_text(text, token, out);
}

void MarkupParser::finish(Pieces& out) {
    settle(out);
    on_end(out);
}

void MarkupParser::settle(Pieces& out) {
    if (held_.empty()) return;
    if (!forgets(held_)) {
        work_.swap(held_);
        held_.clear();
        scan(work_, true, out);
    }
    held_.clear();
}

void MarkupParser::scan(std::string_view text, bool last, Pieces& out) {
    std::size_t at = 0;
    for (;;) {
        const Set counting = active();
        const MarkerScanner::Found found = scanner_.find(text, at, counting & in_text_, last);
        if (found.begin > at) {
            on_text(text.substr(at, found.begin - at), kNoToken, out);
            at = found.begin;
            // Text before a marker may leave it without effect.
            if (counting != active()) continue;
        }
        if (found.what == MarkerScanner::What::nothing) return;
        if (found.what == MarkerScanner::What::maybe) {
            held_.assign(text.substr(at));
            return;
        }
        at += found.size;
        on_marker(found.index, scanner_.text(found.index), kNoToken, out);
    }
}

}  // namespace fastfront
