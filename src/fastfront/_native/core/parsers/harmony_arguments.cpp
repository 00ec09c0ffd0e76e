// SPDX-License-Identifier: Apache-2.0
#include "harmony_arguments.hpp"

#include <cstddef>

namespace fastfront {

namespace {

/// More than this white space around a value is not held.
constexpr std::size_t kMostSpace = 4096;

void append_unit(std::string& out, std::uint32_t unit) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out.append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) out.push_back(kDigits[unit >> shift & 15]);
}

/// Append JSON that Python wrote with ensure_ascii=False as it writes it with ensure_ascii=True.
void append_in_ascii(std::string& out, std::string_view json) {
    for (std::size_t at = 0; at < json.size();) {
        const auto lead = static_cast<unsigned char>(json[at]);
        if (lead < 0x7F) {
            out.push_back(json[at++]);
            continue;
        }
        const std::size_t size = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        std::uint32_t code = size == 1 ? lead : lead & (0xFFU >> (size + 1));
        for (std::size_t i = 1; i < size && at + i < json.size(); ++i) {
            code = code << 6 | (static_cast<unsigned char>(json[at + i]) & 0x3FU);
        }
        if (code > 0xFFFF) {
            code -= 0x10000;
            append_unit(out, 0xD800 + (code >> 10 & 0x3FFU));
            code = 0xDC00 + (code & 0x3FFU);
        }
        append_unit(out, code);
        at += size;
    }
}

}  // namespace

void HarmonyArguments::begin(std::uint32_t call, bool json) {
    call_ = call;
    where_ = json ? Where::before : Where::verbatim;
    space_.clear();
    json_.begin({});
}

void HarmonyArguments::go_on_verbatim(std::string_view text, Pieces& out) {
    where_ = Where::verbatim;
    out.add_arguments(call_, space_);
    out.add_arguments(call_, text);
    space_.clear();
}

void HarmonyArguments::push(std::string_view text, Pieces& out) {
    std::size_t at = 0;
    if (where_ == Where::before || where_ == Where::behind) {
        while (at < text.size() && is_json_space(text[at])) ++at;
        space_.append(text.substr(0, at));
        if (at == text.size() && space_.size() <= kMostSpace) return;
        if (where_ == Where::behind || at == text.size()) return go_on_verbatim(text.substr(at), out);
        where_ = Where::inside;
    }
    if (where_ == Where::verbatim) return go_on_verbatim(text.substr(at), out);
    made_.clear();
    out_.clear();
    at += json_.push(text.substr(at), made_);
    append_in_ascii(out_, made_);
    const JsonStream::State state = json_.state();
    if (state == JsonStream::State::failed) out_.insert(0, space_).append(json_.pending());
    if (!out_.empty() || state != JsonStream::State::more) space_.clear();
    out.add_arguments(call_, out_);
    if (state == JsonStream::State::failed) return go_on_verbatim(text.substr(at), out);
    if (state == JsonStream::State::done) {
        where_ = Where::behind;
        if (at < text.size()) push(text.substr(at), out);
    }
}

void HarmonyArguments::finish(Pieces& out) {
    if (where_ == Where::before) out.add_arguments(call_, space_);
    if (where_ == Where::inside) {
        made_.clear();
        out_.clear();
        json_.finish(made_);
        append_in_ascii(out_, made_);
        if (json_.state() != JsonStream::State::done) out_.append(json_.pending());
        out.add_arguments(call_, out_);
    }
    where_ = Where::verbatim;
}

}  // namespace fastfront
