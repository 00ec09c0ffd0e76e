// SPDX-License-Identifier: Apache-2.0
#include "mark_reader.hpp"

#include <algorithm>

namespace fastfront {

namespace {

constexpr std::uint32_t bit(std::uint8_t role) noexcept { return 1U << role; }

}  // namespace

void MarkReader::add_mark(std::string_view text, Role role, const ParserSpec& spec) {
    if (!text.empty()) marks_.push_back({text, role, spec.id_of(text)});
}

void MarkReader::expect(State state, std::initializer_list<Role> roles) {
    Expected& expected = expected_[state];
    for (const Role role : roles) expected.roles |= bit(role);
    for (const Mark& mark : marks_) {
        if ((expected.roles & bit(mark.role)) == 0 || mark.id != kNoToken) continue;
        const auto end = expected.first.begin() + expected.first_count;
        if (std::find(expected.first.begin(), end, mark.text.front()) == end) {
            expected.first[expected.first_count++] = mark.text.front();
        }
    }
}

bool MarkReader::expects(Role role) const noexcept { return (expected_[state_].roles & bit(role)) != 0; }

MarkReader::Found MarkReader::find(std::string_view text, bool is_final) const noexcept {
    const Expected& expected = expected_[state_];
    const std::string_view first(expected.first.data(), expected.first_count);
    std::size_t at = 0;
    while (true) {
        at = first.size() == 1 ? text.find(first.front(), at) : text.find_first_of(first, at);
        if (at == std::string_view::npos) return {text.size(), nullptr};
        const std::string_view rest = text.substr(at);
        const Mark* longest = nullptr;
        for (const Mark& mark : marks_) {
            if ((expected.roles & bit(mark.role)) == 0 || mark.id != kNoToken) continue;
            if (rest.starts_with(mark.text)) {
                if (longest == nullptr || mark.text.size() > longest->text.size()) longest = &mark;
            } else if (!is_final && mark.text.starts_with(rest)) {
                return {at, nullptr};
            }
        }
        if (longest != nullptr) return {at, longest};
        ++at;
    }
}

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
        const Found found = find(text, is_final);
        if (found.at > 0) {
            const State before = state_;
            on_text(text.substr(0, found.at), out);
            text.remove_prefix(found.at);
            if (state_ != before) continue;  // the mark was looked for in another state
        }
        if (found.mark == nullptr) break;
        on_mark(*found.mark, out);
        text.remove_prefix(found.mark->text.size());
    }
    return text;
}

}  // namespace fastfront
