// SPDX-License-Identifier: Apache-2.0
#include "muse_reasoning.hpp"

#include "py_text.hpp"

namespace fastfront {

namespace {

enum Mark : std::uint32_t { kMessage, kEnd, kTurnEnd, kStart, kCount };

constexpr std::string_view kMarkers[kCount] = {"<|message|>", "<|eom|>", "<|eot|>", "<|start|>"};
constexpr std::string_view kRole = "assistant";
constexpr std::string_view kTo = "to=";

/// Longer than any recipient's name, and than any header.
constexpr std::size_t kMostName = 128;
constexpr std::size_t kMostHeader = 256;
/// White space before a header disappears, up to this; it is looked at again with every push.
constexpr std::size_t kMostSpace = 64;

/// Where the name of a recipient begins that the text ends with, behind its `to=`; npos: it ends with none.
std::size_t recipient(std::string_view text) noexcept {
    const std::size_t at = text.rfind(kTo);
    if (at == std::string_view::npos || text.size() - at > kMostName) return std::string_view::npos;
    const std::string_view name = text.substr(at + kTo.size());
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name[i] == '<' || leading_space(name.substr(i)) != 0) return std::string_view::npos;
    }
    return at + kTo.size();
}

/// Bytes at the text's end that may become the recipient of a header.
std::size_t recipient_size(std::string_view text) noexcept {
    const std::size_t at = recipient(text);
    if (at != std::string_view::npos) return text.size() - at + kTo.size();
    return text.ends_with("to") ? 2 : text.ends_with("t") ? 1 : 0;
}

}  // namespace

std::span<const std::string_view> MuseReasoning::special_tokens() noexcept { return kMarkers; }

MuseReasoning::MuseReasoning(const ParserSpec& spec, const ParserOptions& options, bool is_spark)
    : is_spark_(is_spark), channel_(options.thinking == Thinking::open ? Channel::self : Channel::none) {
    for (const std::string_view marker : kMarkers) add_marker(marker, spec);
}

MarkupParser::Set MuseReasoning::active() const noexcept {
    if (is_spark_ && channel_ != Channel::none && channel_ != Channel::tool) {
        return 1U << kMessage | 1U << kStart | 1U << kEnd | 1U << kTurnEnd;
    }
    switch (channel_) {
        case Channel::none: return 1U << kMessage | 1U << kStart;
        case Channel::self: return 1U << kMessage | 1U << kEnd | 1U << kTurnEnd;
        case Channel::user:
        case Channel::tool:
        case Channel::developer: break;
    }
    return 1U << kEnd | 1U << kTurnEnd;
}

void MuseReasoning::on_text(std::string_view text, std::int64_t token, Pieces& out) {
    const bool is_open = channel_ == Channel::tool || (channel_ == Channel::user && !is_spark_);
    if (is_open || token != kNoToken) {
        give_up(out);
        if (channel_ == Channel::self || channel_ == Channel::developer) {
            give(text, out);
        } else {
            out.add_content(text, token);
        }
        return;
    }
    held_.append(text);
    if (starts_) {
        if (held_.size() > kMostHeader) give_up(out);
        return;
    }
    std::size_t keep = recipient_size(held_);
    if (channel_ == Channel::none) {
        const auto before = std::string_view(held_).substr(0, held_.size() - keep);
        const std::size_t space = trailing_space(before);
        if (space <= kMostSpace) keep += space;
    }
    give(std::string_view(held_).substr(0, held_.size() - keep), out);
    held_.erase(0, held_.size() - keep);
}

void MuseReasoning::on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) {
    switch (index) {
        case kStart:
            if (leading_space(held_) != held_.size() || !had_channel_) give_up(out);
            held_.assign(text);
            starts_ = true;
            start_token_ = token;
            return;
        case kMessage: open(text, token, out); return;
        default: break;
    }
    give_up(out);
    if (channel_ == Channel::tool) out.add_content(text, token);
    channel_ = Channel::none;
}

MuseReasoning::Channel MuseReasoning::opened() const noexcept {
    const std::size_t at = recipient(held_);
    if (at == std::string_view::npos || at == held_.size()) return is_spark_ ? Channel::self : Channel::none;
    const std::string_view name = std::string_view(held_).substr(at);
    if (is_spark_ && name == "commentary") return Channel::user;
    if (is_spark_ && name == "developer") return Channel::developer;
    return name == "self" ? Channel::self : name == "user" ? Channel::user : Channel::tool;
}

void MuseReasoning::open(std::string_view text, std::int64_t token, Pieces& out) {
    const Channel channel = opened();
    if (channel == Channel::none) {
        give_up(out);
        give(text, out);
        return;
    }
    if (channel == Channel::tool) {
        // The tool parser behind knows the header by its tokens.
        const std::size_t mark = starts_ ? kMarkers[kStart].size() : 0;
        if (starts_) out.add_content(kMarkers[kStart], start_token_);
        out.add_content(std::string_view(held_).substr(mark));
        out.add_content(text, token);
    } else {
        const std::size_t name = recipient(held_);
        std::string_view before = held_;
        if (name != std::string_view::npos && name != held_.size()) before = before.substr(0, name - kTo.size());
        before.remove_suffix(trailing_space(before));
        if (starts_) before.remove_prefix(kMarkers[kStart].size());
        if (before.ends_with(kRole)) before.remove_suffix(kRole.size());
        if (leading_space(before) != before.size()) give(before, out);
    }
    held_.clear();
    starts_ = false;
    had_channel_ = true;
    channel_ = channel;
    if (channel == Channel::self && reasoned_ && !is_spark_) out.add_reasoning("\n");
    if (channel == Channel::self) reasoned_ = true;
}

void MuseReasoning::give(std::string_view text, Pieces& out) {
    if (channel_ == Channel::self) {
        out.add_reasoning(text);
    } else if (channel_ != Channel::developer) {
        out.add_content(text);
    }
}

void MuseReasoning::give_up(Pieces& out) {
    give(held_, out);
    held_.clear();
    starts_ = false;
}

void MuseReasoning::on_end(Pieces& out) {
    const bool blank = channel_ == Channel::none && leading_space(held_) == held_.size();
    if (!blank || !had_channel_) give_up(out);
    held_.clear();
}

}  // namespace fastfront
