// SPDX-License-Identifier: Apache-2.0
#include "mark_reader.hpp"

#include <algorithm>

namespace fastfront {

namespace {

constexpr std::uint32_t bit(std::uint8_t role) noexcept { return 1U << role; }

}  // namespace

void MarkReader::add_mark(std::string_view text, Role role, const ParserSpec& spec) {
    if (text.empty()) return;
    marks_.push_back({text, role, spec.id_of(text)});
    scanner_.add(text);
}

void MarkReader::expect(State state, std::initializer_list<Role> roles) {
    Expected& expected = expected_[state];
    for (const Role role : roles) expected.roles |= bit(role);
    for (std::size_t i = 0; i < marks_.size(); ++i) {
        if ((expected.roles & bit(marks_[i].role)) != 0 && marks_[i].id == kNoToken) expected.in_text |= 1U << i;
    }
}

bool MarkReader::expects(Role role) const noexcept { return (expected_[state_].roles & bit(role)) != 0; }

void MarkReader::push(std::string_view text, std::int64_t token, Pieces& out) {
    if (token != kNoToken) {
        settle(out);
        const auto mark = std::ranges::find(marks_, token, &Mark::id);
        if (mark != marks_.end() && expects(mark->role)) {
            on_mark(*mark, out);
        } else {
            on_text(text, out);
        }
    } else if (pending_.empty()) {
        pending_.assign(process(text, false, out));
    } else {
        pending_.append(text);
        const std::size_t left = process(pending_, false, out).size();
        pending_.erase(0, pending_.size() - left);
    }
}

void MarkReader::finish(Pieces& out) {
    settle(out);
    on_end(out);
}

/// What is pending is no mark.
void MarkReader::settle(Pieces& out) {
    static_cast<void>(process(pending_, true, out));
    pending_.clear();
}

/// Read what can be read of `text`; return the rest, which may be the beginning of a mark.
std::string_view MarkReader::process(std::string_view text, bool is_final, Pieces& out) {
    while (!text.empty()) {
        const MarkerScanner::Found found = scanner_.find(text, 0, expected_[state_].in_text, is_final);
        if (found.begin > 0) {
            const State before = state_;
            on_text(text.substr(0, found.begin), out);
            text.remove_prefix(found.begin);
            if (state_ != before) continue;  // the mark was looked for in another state
        }
        if (found.what != MarkerScanner::What::marker) break;
        on_mark(marks_[found.index], out);
        text.remove_prefix(found.size);
    }
    return text;
}

}  // namespace fastfront
