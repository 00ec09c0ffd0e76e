// SPDX-License-Identifier: Apache-2.0
#include "tag_parser.hpp"

#include <algorithm>

#include "json_block.hpp"
#include "py_text.hpp"

namespace fastfront {

namespace {

enum Role : std::uint8_t {
    kBlockOpen,
    kBlockClose,
    kCallOpen,
    kNameClose,
    kCallClose,
    kParameterOpen,
    kTagClose,
    kTypeOpen,
    kTypeClose,
    kValueOpen,
    kValueClose,
    kLayout,
};

enum State : std::uint8_t {
    kOutside,
    kInside,
    kOpening,
    kName,
    kBetween,
    kTag,
    kBehindTag,
    kType,
    kValue,
    kBody,
    kJson
};

/// Text that a function can be called: in prose about tags, what looks like a name is none.
bool is_plain(std::string_view name) noexcept { return name.find_first_of(" \t\r\n<>") == std::string_view::npos; }

}  // namespace

TagParser::TagParser(const TagFormat& format, const ParserSpec& spec, const ParserOptions& options)
    : format_(format),
      tools_(options.tools),
      gate_(layout_rules(format.content_trim)),
      arguments_(format.value_rule, format.value_trim, format.unwraps) {
    for (const std::string_view text : format.block_open) add_mark(text, kBlockOpen, spec);
    add_mark(format.block_close, kBlockClose, spec);
    add_mark(format.call_open, kCallOpen, spec);
    add_mark(format.name_close, kNameClose, spec);
    add_mark(format.call_close, kCallClose, spec);
    add_mark(format.parameter_open, kParameterOpen, spec);
    add_mark(format.tag_close, kTagClose, spec);
    add_mark(format.type_open, kTypeOpen, spec);
    add_mark(format.type_close, kTypeClose, spec);
    add_mark(format.value_open, kValueOpen, spec);
    add_mark(format.value_close, kValueClose, spec);
    for (const std::string_view text : format.layout) add_mark(text, kLayout, spec);

    const std::uint8_t bare_call = format.needs_block ? kBlockOpen : kCallOpen;
    expect(kOutside, {kBlockOpen, bare_call});
    expect(kInside, {kBlockOpen, kBlockClose, kCallOpen, kLayout});
    expect(kOpening, {kBlockOpen, kBlockClose, kCallOpen, kLayout});
    // What could begin something else shows that this is no name.
    const std::uint8_t name_end = format.name_close.empty() ? kParameterOpen : kNameClose;
    expect(kName, {kBlockOpen, kBlockClose, kCallOpen, kCallClose, kLayout, name_end});
    expect(kBetween, {kParameterOpen, kCallClose, kBlockClose, kLayout});
    expect(kTag, {kTagClose, kCallClose});
    expect(kBehindTag, {kTypeOpen, kValueOpen, kParameterOpen, kCallClose, kBlockClose, kLayout});
    expect(kType, {kTypeClose, kCallClose});
    expect(kBody, {kCallClose});
    expect(kJson, {kBlockClose});
    expect(kValue, {kValueClose, kCallClose, format.parameter_ends_value ? kParameterOpen : kValueClose,
                    format.block_close_ends_value ? kBlockClose : kValueClose});
}

void TagParser::on_text(std::string_view text, Pieces& out) {
    switch (state_) {
        case kOutside:
        case kInside:
        case kBetween: gate_.text(text, out); break;
        case kOpening:
            raw_.append(text);
            if (is_blank(text)) break;
            if (format_.json_block && text[leading_space(text)] == '{') {
                begin_ = raw_.size() - text.size();
                state_ = kJson;
            } else {
                give_back(out);
            }
            break;
        case kName:
            raw_.append(text);
            if (raw_.size() - begin_ > kMaxName) give_back(out);
            break;
        case kTag:
        case kType:
        case kJson: raw_.append(text); break;
        case kBehindTag:
            raw_.append(text);
            if (!is_blank(text)) {
                give_back(out);
                state_ = kBetween;
            }
            break;
        case kValue:
            if (arguments_.value(text, out)) raw_.clear();
            break;
        case kBody: body_text(text, out); break;
    }
}

void TagParser::on_mark(const Mark& mark, Pieces& out) {
    switch (state_) {
        case kOutside:
        case kInside:
        case kOpening: on_mark_outside(mark, out); break;
        case kName: on_mark_in_name(mark, out); break;
        case kBetween:
        case kValue: on_mark_in_call(mark, out); break;
        case kBody:
            end_body(out);
            end_call(mark, out);
            break;
        case kTag:
        case kBehindTag:
        case kType: on_mark_in_tag(mark, out); break;
        case kJson:
            if (!announce_json(out)) {
                raw_.append(mark.text);
                give_back(out);
            }
            in_block_ = false;
            state_ = kOutside;
            break;
    }
}

void TagParser::on_mark_outside(const Mark& mark, Pieces& out) {
    if (mark.role == kCallOpen) {
        raw_.append(mark.text);
        begin_ = raw_.size();
        state_ = kName;
        return;
    }
    if (mark.role == kLayout) {
        if (state_ == kOpening) {
            raw_.append(mark.text);
        } else if (block_shown_ || call_shown_) {
            gate_.text(mark.text, out);
        }
        return;
    }
    if (state_ == kOpening) {  // of an empty block
        if (mark.role == kBlockClose) raw_.append(mark.text);
        const bool is_closed = mark.role == kBlockClose;
        give_back(out);
        if (is_closed) {
            in_block_ = false;
            state_ = kOutside;
            return;
        }
    }
    if (mark.role == kBlockOpen) {
        raw_.append(mark.text);
        in_block_ = true;
        block_shown_ = call_shown_ = false;
        state_ = kOpening;
        return;
    }
    if (block_shown_) {
        gate_.text(mark.text, out);
    } else {
        gate_.call();
    }
    in_block_ = false;
    state_ = kOutside;
}

void TagParser::on_mark_in_name(const Mark& mark, Pieces& out) {
    const bool ends_name = mark.role == kNameClose || mark.role == kParameterOpen ||
                           (mark.role == kCallClose && format_.name_close.empty());
    if (ends_name && announce(out)) {
        if (mark.role == kParameterOpen) open_tag(mark, out);
        if (mark.role == kCallClose) end_call(mark, out);
        return;
    }
    const bool may_begin =
        mark.role == kBlockOpen || mark.role == kBlockClose || mark.role == kCallOpen || mark.role == kLayout;
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
    if (state_ == kValue) {
        end_value(mark, out);
    } else if (mark.role == kBlockClose && !in_block_) {
        gate_.text(mark.text, out);
        return;
    } else {
        gate_.call();
    }
    switch (mark.role) {
        case kLayout: break;
        case kValueClose: state_ = kBetween; break;
        case kParameterOpen: open_tag(mark, out); break;
        default: end_call(mark, out);
    }
}

void TagParser::on_mark_in_tag(const Mark& mark, Pieces& out) {
    switch (mark.role) {
        case kTagClose: {
            const std::string text = raw_.substr(begin_);
            raw_.append(mark.text);
            parameter_ = {};
            if (!format_.read_tag(text, parameter_)) {
                const bool is_open = std::ranges::count(text, '"') % 2 != 0;
                if (is_open && text.size() < kMaxName) break;
                give_back(out);
                state_ = kBetween;
                break;
            }
            state_ = kBehindTag;
            if (format_.value_open.empty()) begin_value(out);
            break;
        }
        case kTypeOpen:
            raw_.append(mark.text);
            begin_ = raw_.size();
            state_ = kType;
            break;
        case kTypeClose:
            parameter_.type = raw_.substr(begin_);
            raw_.append(mark.text);
            state_ = kBehindTag;
            break;
        case kValueOpen:
            raw_.append(mark.text);
            begin_value(out);
            break;
        case kParameterOpen:
            give_back(out);
            open_tag(mark, out);
            break;
        default:
            give_back(out);
            state_ = kBetween;
            on_mark_in_call(mark, out);
    }
}

void TagParser::on_end(Pieces& out) {
    if (state_ == kValue) {
        arguments_.cut(out);
        raw_.append(arguments_.unsent());
    }
    if (state_ == kBody) raw_.append(json_.unsent());
    give_back(out);
    gate_.finish(out);
}

/// The markup so far is none after all.
void TagParser::give_back(Pieces& out) {
    if (state_ == kOpening || state_ == kName || state_ == kJson) {
        call_shown_ = state_ == kName;
        if (in_block_ && !block_shown_ && !format_.block_open.front().empty()) {
            block_shown_ = std::ranges::any_of(
                format_.block_open, [this](std::string_view open) { return !open.empty() && raw_.starts_with(open); });
        }
        leave();
    }
    gate_.text(raw_, out);
    raw_.clear();
}

/// Begin the call whose name is complete. False: it is no name of a call.
bool TagParser::announce(Pieces& out) {
    const std::string_view text = std::string_view(raw_).substr(begin_);
    std::string_view name = format_.read_name == nullptr ? py_strip(text) : format_.read_name(text);
    if (name.empty()) return false;
    const Tool* tool = tools_ == nullptr ? nullptr : tools_->find(name);
    if (const std::size_t dot = name.find('.'); tool == nullptr && tools_ != nullptr && format_.doubled_names &&
                                                dot != std::string_view::npos &&
                                                name.substr(0, dot) == name.substr(dot + 1)) {
        tool = tools_->find(name.substr(0, dot));
        if (tool != nullptr) name = name.substr(0, dot);
    }
    if (tool == nullptr && (format_.needs_tools || (format_.known_names && tools_ != nullptr) || !is_plain(name))) {
        return false;
    }
    gate_.call();
    call_shown_ = false;
    out.begin_call(next_call_, name);
    arguments_.begin_call(next_call_, tool);
    json_.begin(next_call_++, tool);
    tool_ = tool;
    raw_.clear();
    state_ = format_.read_body != nullptr || format_.json_body ? kBody : kBetween;
    return true;
}

/// The block was one call as JSON. False: it was none.
bool TagParser::announce_json(Pieces& out) {
    const auto call = read_json_block(std::string_view(raw_).substr(begin_), tools_.get());
    if (!call) return false;
    gate_.call();
    call_shown_ = false;
    out.begin_call(next_call_, call->name);
    out.add_arguments(next_call_++, call->arguments);
    raw_.clear();
    return true;
}

void TagParser::leave() noexcept { state_ = in_block_ ? kInside : kOutside; }

void TagParser::open_tag(const Mark& mark, Pieces& out) {
    arguments_.expect_value(out);
    raw_.assign(mark.text);
    begin_ = raw_.size();
    state_ = kTag;
}

void TagParser::end_call(const Mark& mark, Pieces& out) {
    if (state_ != kBody) arguments_.end_call(out);
    raw_.clear();
    if (mark.role == kBlockClose) in_block_ = false;
    leave();
}

void TagParser::body_text(std::string_view text, Pieces& out) {
    if (format_.json_body) {
        gate_.text(text.substr(json_.feed(text, out)), out);  // behind the object
    } else {
        raw_.append(text);
    }
}

void TagParser::end_body(Pieces& out) {
    if (format_.json_body) {
        json_.end(out);
        gate_.call();
        return;
    }
    std::size_t rest = 0;
    out.add_arguments(next_call_ - 1, format_.read_body(raw_, tool_, rest));
    raw_.erase(0, rest);
    gate_.text(raw_, out);
    gate_.call();
}

void TagParser::begin_value(Pieces& out) {
    state_ = kValue;
    if (arguments_.begin_value(parameter_.name, parameter_.type, out)) raw_.clear();
}

void TagParser::end_value(const Mark& mark, Pieces& out) {
    if (arguments_.end_value(out)) {
        raw_.clear();
    } else {
        raw_.append(arguments_.unsent());
        if (mark.role == kValueClose) raw_.append(mark.text);
    }
}

}  // namespace fastfront
