// SPDX-License-Identifier: Apache-2.0
#include "tag_parser.hpp"

#include <algorithm>

#include "py_text.hpp"

namespace fastfront {

namespace {

constexpr std::uint16_t bit(auto role) noexcept { return static_cast<std::uint16_t>(1U << static_cast<unsigned>(role)); }

/// Text that a function can be called: in prose about tags, what looks like a name is none.
bool is_plain(std::string_view name) noexcept {
    return name.find_first_of(" \t\r\n<>") == std::string_view::npos;
}

}  // namespace

TagParser::TagParser(const TagFormat& format, const ParserSpec& spec, const ParserOptions& options)
    : format_(format),
      tools_(options.tools),
      gate_(format.content_trim),
      arguments_(format.value_rule, format.value_trim, format.unwraps) {
    for (const std::string_view text : format.block_open) add_mark(text, Role::block_open, spec);
    add_mark(format.block_close, Role::block_close, spec);
    add_mark(format.call_open, Role::call_open, spec);
    add_mark(format.name_close, Role::name_close, spec);
    add_mark(format.call_close, Role::call_close, spec);
    add_mark(format.parameter_open, Role::parameter_open, spec);
    add_mark(format.tag_close, Role::tag_close, spec);
    add_mark(format.type_open, Role::type_open, spec);
    add_mark(format.type_close, Role::type_close, spec);
    add_mark(format.value_open, Role::value_open, spec);
    add_mark(format.value_close, Role::value_close, spec);
    add_mark(format.layout, Role::layout, spec);

    const Role bare_call = format.needs_block ? Role::block_open : Role::call_open;
    expect(State::outside, {Role::block_open, bare_call});
    expect(State::inside, {Role::block_open, Role::block_close, Role::call_open, Role::layout});
    expect(State::opening, {Role::block_open, Role::block_close, Role::call_open, Role::layout});
    // What could begin something else shows that this is no name.
    const Role name_end = format.name_close.empty() ? Role::parameter_open : Role::name_close;
    expect(State::name, {Role::block_open, Role::block_close, Role::call_open, Role::call_close, name_end});
    expect(State::between, {Role::parameter_open, Role::call_close, Role::block_close, Role::layout});
    expect(State::tag, {Role::tag_close, Role::call_close});
    expect(State::behind_tag,
           {Role::type_open, Role::value_open, Role::parameter_open, Role::call_close, Role::block_close});
    expect(State::type, {Role::type_close, Role::call_close});
    expect(State::value, {Role::value_close, Role::call_close,
                          format.parameter_ends_value ? Role::parameter_open : Role::value_close,
                          format.block_close_ends_value ? Role::block_close : Role::value_close});
}

void TagParser::add_mark(std::string_view text, Role role, const ParserSpec& spec) {
    if (!text.empty()) marks_.push_back({text, role, spec.id_of(text)});
}

void TagParser::expect(State state, std::initializer_list<Role> roles) {
    Expected& expected = expected_[static_cast<std::size_t>(state)];
    for (const Role role : roles) expected.roles |= bit(role);
    for (const Mark& mark : marks_) {
        if ((expected.roles & bit(mark.role)) == 0 || mark.id != kNoToken) continue;
        const auto end = expected.first.begin() + expected.first_count;
        if (std::find(expected.first.begin(), end, mark.text.front()) == end) {
            expected.first[expected.first_count++] = mark.text.front();
        }
    }
}

bool TagParser::expects(Role role) const noexcept {
    return (expected_[static_cast<std::size_t>(state_)].roles & bit(role)) != 0;
}

TagParser::Found TagParser::find(std::string_view text, bool is_final) const noexcept {
    const Expected& expected = expected_[static_cast<std::size_t>(state_)];
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

void TagParser::push(std::string_view text, std::int64_t token, Pieces& out) {
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

void TagParser::finish(Pieces& out) {
    settle(out);
    if (state_ == State::value) {
        arguments_.cut(out);
        raw_.append(arguments_.unsent());
    }
    give_back(out);
    gate_.finish(out);
}

/// What is pending is no markup.
void TagParser::settle(Pieces& out) {
    static_cast<void>(process(pending_, true, out));
    pending_.clear();
}

/// Read what can be read of `text`; return the rest, which may be the beginning of a mark.
std::string_view TagParser::process(std::string_view text, bool is_final, Pieces& out) {
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

void TagParser::on_text(std::string_view text, Pieces& out) {
    switch (state_) {
        case State::outside:
        case State::inside:
        case State::between: gate_.text(text, out); break;
        case State::opening:
            raw_.append(text);
            if (!is_blank(text)) give_back(out);
            break;
        case State::name:
            raw_.append(text);
            if (raw_.size() - begin_ > kMaxName) give_back(out);
            break;
        case State::tag:
        case State::type: raw_.append(text); break;
        case State::behind_tag:
            raw_.append(text);
            if (!is_blank(text)) {
                give_back(out);
                state_ = State::between;
            }
            break;
        case State::value:
            if (arguments_.value(text, out)) raw_.clear();
            break;
    }
}

void TagParser::on_mark(const Mark& mark, Pieces& out) {
    switch (state_) {
        case State::outside:
        case State::inside:
        case State::opening: on_mark_outside(mark, out); break;
        case State::name: on_mark_in_name(mark, out); break;
        case State::between:
        case State::value: on_mark_in_call(mark, out); break;
        case State::tag:
        case State::behind_tag:
        case State::type: on_mark_in_tag(mark, out); break;
    }
}

void TagParser::on_mark_outside(const Mark& mark, Pieces& out) {
    if (mark.role == Role::call_open) {
        raw_.append(mark.text);
        begin_ = raw_.size();
        state_ = State::name;
        return;
    }
    if (mark.role == Role::layout) {
        if (state_ == State::opening) raw_.append(mark.text);
        return;
    }
    if (state_ == State::opening) {  // of an empty block
        if (mark.role == Role::block_close) raw_.append(mark.text);
        const bool is_closed = mark.role == Role::block_close;
        give_back(out);
        if (is_closed) {
            in_block_ = false;
            state_ = State::outside;
            return;
        }
    }
    if (mark.role == Role::block_open) {
        raw_.append(mark.text);
        in_block_ = true;
        block_shown_ = false;
        state_ = State::opening;
        return;
    }
    if (block_shown_) {
        gate_.text(mark.text, out);
    } else {
        gate_.call();
    }
    in_block_ = false;
    state_ = State::outside;
}

void TagParser::on_mark_in_name(const Mark& mark, Pieces& out) {
    const bool ends_name = mark.role == Role::name_close || mark.role == Role::parameter_open ||
                           (mark.role == Role::call_close && format_.name_close.empty());
    if (ends_name && announce(out)) {
        if (mark.role == Role::parameter_open) open_tag(mark, out);
        if (mark.role == Role::call_close) end_call(mark, out);
        return;
    }
    const bool may_begin = mark.role == Role::block_open || mark.role == Role::block_close || mark.role == Role::call_open;
    if (!may_begin) raw_.append(mark.text);
    give_back(out);
    if (may_begin) {
        if (expects(mark.role)) {
            on_mark(mark, out);
        } else {
            gate_.text(mark.text, out);
        }
    }
}

void TagParser::on_mark_in_call(const Mark& mark, Pieces& out) {
    if (state_ == State::value) {
        end_value(mark, out);
    } else if (mark.role == Role::block_close && !in_block_) {
        gate_.text(mark.text, out);
        return;
    } else {
        gate_.call();
    }
    switch (mark.role) {
        case Role::layout: break;
        case Role::value_close: state_ = State::between; break;
        case Role::parameter_open: open_tag(mark, out); break;
        default: end_call(mark, out);
    }
}

void TagParser::on_mark_in_tag(const Mark& mark, Pieces& out) {
    switch (mark.role) {
        case Role::tag_close: {
            const std::string text = raw_.substr(begin_);
            raw_.append(mark.text);
            parameter_ = {};
            if (!format_.read_tag(text, parameter_)) {
                const bool is_open = std::ranges::count(text, '"') % 2 != 0;
                if (is_open && text.size() < kMaxName) break;
                give_back(out);
                state_ = State::between;
                break;
            }
            state_ = State::behind_tag;
            if (format_.value_open.empty()) begin_value(out);
            break;
        }
        case Role::type_open:
            raw_.append(mark.text);
            begin_ = raw_.size();
            state_ = State::type;
            break;
        case Role::type_close:
            parameter_.type = raw_.substr(begin_);
            raw_.append(mark.text);
            state_ = State::behind_tag;
            break;
        case Role::value_open:
            raw_.append(mark.text);
            begin_value(out);
            break;
        case Role::parameter_open:
            give_back(out);
            open_tag(mark, out);
            break;
        default:
            give_back(out);
            state_ = State::between;
            on_mark_in_call(mark, out);
    }
}

/// The markup so far is none after all.
void TagParser::give_back(Pieces& out) {
    if (state_ == State::opening || state_ == State::name) {
        if (in_block_ && !block_shown_ && !format_.block_open.front().empty()) {
            block_shown_ = std::ranges::any_of(format_.block_open, [this](std::string_view open) {
                return !open.empty() && raw_.starts_with(open);
            });
        }
        leave(State::outside);
    }
    gate_.text(raw_, out);
    raw_.clear();
}

/// Begin the call whose name is complete. False: it is no name of a call.
bool TagParser::announce(Pieces& out) {
    const std::string_view text = std::string_view(raw_).substr(begin_);
    const std::string_view name = format_.read_name == nullptr ? py_strip(text) : format_.read_name(text);
    if (name.empty()) return false;
    const Tool* tool = tools_ == nullptr ? nullptr : tools_->find(name);
    if (tool == nullptr && (format_.needs_tools || (format_.known_names && tools_ != nullptr) || !is_plain(name))) {
        return false;
    }
    gate_.call();
    out.begin_call(next_call_, name);
    arguments_.begin_call(next_call_++, tool);
    raw_.clear();
    state_ = State::between;
    return true;
}

void TagParser::open_tag(const Mark& mark, Pieces& out) {
    arguments_.expect_value(out);
    raw_.assign(mark.text);
    begin_ = raw_.size();
    state_ = State::tag;
}

void TagParser::end_call(const Mark& mark, Pieces& out) {
    arguments_.end_call(out);
    raw_.clear();
    if (mark.role == Role::block_close) in_block_ = false;
    leave(State::outside);
}

void TagParser::begin_value(Pieces& out) {
    state_ = State::value;
    if (arguments_.begin_value(parameter_.name, parameter_.type, out)) raw_.clear();
}

void TagParser::end_value(const Mark& mark, Pieces& out) {
    if (arguments_.end_value(out)) {
        raw_.clear();
    } else {
        raw_.append(arguments_.unsent());
        if (mark.role == Role::value_close) raw_.append(mark.text);
    }
}

}  // namespace fastfront
