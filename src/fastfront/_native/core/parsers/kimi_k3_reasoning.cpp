// SPDX-License-Identifier: Apache-2.0
#include "kimi_k3_reasoning.hpp"

#include "py_text.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kMarkers[] = {"<|open|>", "<|close|>", "<|sep|>"};
constexpr std::uint32_t kOpen = 0;
constexpr std::uint32_t kSep = 2;
/// Longer than any name with the white space around it that a detokenizer may add.
constexpr std::size_t kMostName = 32;
constexpr std::string_view kNames[] = {"think", "response", "message"};

bool may_be_name(std::string_view name) noexcept {
    name.remove_prefix(leading_space(name));
    for (const std::string_view known : kNames) {
        if (known.starts_with(name) || py_strip(name) == known) return true;
    }
    return false;
}

}  // namespace

std::span<const std::string_view> KimiK3Reasoning::special_tokens() noexcept { return kMarkers; }

KimiK3Reasoning::KimiK3Reasoning(const ParserSpec& spec, const ParserOptions& options)
    : keeps_tags_(options.tools != nullptr), reasoning_(options.thinking != Thinking::closed) {
    for (const std::string_view text : kMarkers) add_marker(text, spec);
    verbatim_ = !reasoning_ && keeps_tags_;
}

void KimiK3Reasoning::on_end(Pieces& out) {
    give_up(out);
    if (!answered_) flush_blank(out);
}

void KimiK3Reasoning::on_text(std::string_view text, std::int64_t token, Pieces& out) {
    if (!tag_.text.empty()) {
        if (token == kNoToken && tag_.name.size() + text.size() <= kMostName) {
            tag_.name.append(text);
            if (!may_be_name(tag_.name)) give_up(out);
            return;
        }
        give_up(out);
    }
    emit(text, token, out);
}

void KimiK3Reasoning::on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) {
    if (index != kSep) {
        give_up(out);
        tag_.text.assign(text);
        tag_.token = token;
        tag_.opens = index == kOpen;
        return;
    }
    if (!tag_.text.empty() && act(py_strip(tag_.name), tag_.opens, out)) {
        tag_.text.clear();
        tag_.name.clear();
        return;
    }
    give_up(out);
    emit(text, token, out);
}

void KimiK3Reasoning::give_up(Pieces& out) {
    if (tag_.text.empty()) return;
    emit(tag_.text, tag_.token, out);
    emit(tag_.name, kNoToken, out);
    tag_.text.clear();
    tag_.name.clear();
}

bool KimiK3Reasoning::act(std::string_view name, bool opens, Pieces& out) {
    if (reasoning_) {
        if (name == "think" && opens && !opened_) {
            opened_ = true;
            blank_.clear();
            blank_only_ = false;
            return true;
        }
        const bool answers = name == "response" && opens && !opened_;
        if (!answers && (name != "think" || opens)) return false;
        flush_blank(out);
        reasoning_ = false;
        blank_only_ = true;
        verbatim_ = keeps_tags_;
        return !keeps_tags_ || !answers;
    }
    if (name != "response" && name != "message") return false;
    if (opens && name == "message") return false;
    if (opens) {
        blank_.clear();
        blank_only_ = false;
    } else {
        flush_blank(out);
        blank_only_ = true;
        answered_ = true;
    }
    return true;
}

void KimiK3Reasoning::flush_blank(Pieces& out) {
    if (reasoning_) {
        out.add_reasoning(blank_);
    } else {
        out.add_content(blank_);
    }
    blank_.clear();
}

void KimiK3Reasoning::emit(std::string_view text, std::int64_t token, Pieces& out) {
    if (text.empty()) return;
    if (blank_only_ && !verbatim_) {
        if (token == kNoToken && leading_space(text) == text.size() &&
            blank_.size() + text.size() <= TrailingSpace::kMost) {
            blank_.append(text);
            return;
        }
        blank_only_ = false;
        flush_blank(out);
        answered_ = false;
    }
    if (reasoning_) {
        out.add_reasoning(text);
    } else {
        out.add_content(text, token);
    }
}

}  // namespace fastfront
