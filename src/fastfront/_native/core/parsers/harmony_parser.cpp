// SPDX-License-Identifier: Apache-2.0
#include "harmony_parser.hpp"

#include <cstddef>
#include <memory>

#include "chain.hpp"
#include "families.hpp"
#include "py_text.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kMarkers[] = {"<|start|>",   "<|end|>",     "<|call|>",     "<|return|>",
                                         "<|message|>", "<|channel|>", "<|constrain|>"};
constexpr std::uint32_t kStart = 0;
constexpr std::uint32_t kReturn = 3;
constexpr std::uint32_t kMessage = 4;
constexpr std::uint32_t kAll = 0x7F;
constexpr std::uint32_t kEnds = 0x0E;
/// A header that is longer is text.
constexpr std::size_t kMostHeader = 1024;

std::unique_ptr<OutputParser> make_reasoning(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<HarmonyParser>(spec, true, options.tools != nullptr);
}

std::unique_ptr<OutputParser> make_tools(const ParserSpec& spec, const ParserOptions& options) {
    if (options.behind_reasoning) return std::make_unique<NothingMore>();
    return std::make_unique<HarmonyParser>(spec, false, true);
}

}  // namespace

std::span<const std::string_view> HarmonyParser::special_tokens() noexcept { return kMarkers; }

HarmonyParser::HarmonyParser(const ParserSpec& spec, bool reads_reasoning, bool reads_calls)
    : reads_reasoning_(reads_reasoning), reads_calls_(reads_calls) {
    for (const std::string_view text : kMarkers) add_marker(text, spec);
}

HarmonyParser::Set HarmonyParser::active() const noexcept {
    switch (state_) {
        case State::header: return kAll;
        case State::body: return kEnds;
        case State::outside: return kEnds | 1U << kStart;
    }
    return 0;
}

void HarmonyParser::on_text(std::string_view text, std::int64_t, Pieces& out) {
    switch (state_) {
        case State::header:
            if (header_.size() + text.size() > kMostHeader) return give_up(text, out);
            header_.append(text);
            break;
        case State::body: add_body(text, out); break;
        case State::outside:
            if (!content_.begun) text.remove_prefix(leading_space(text));
            add_content(text, out);
            break;
    }
}

void HarmonyParser::on_marker(std::uint32_t index, std::string_view text, std::int64_t, Pieces& out) {
    if (state_ == State::body) return end_body(out);
    if (index == kStart) {
        if (state_ == State::header && !(speaks_ && is_blank(header_))) give_up({}, out);
        return begin_header();
    }
    if (state_ == State::outside) return;  // an end without a message
    if (index == kMessage) {
        end_header(out);
    } else if (index <= kReturn) {
        give_up(text, out);
    } else {
        on_text(text, kNoToken, out);  // a part of the header
    }
}

void HarmonyParser::on_end(Pieces& out) {
    if (state_ == State::body) end_body(out);
    if (state_ == State::header && !(speaks_ && header_.empty())) give_up({}, out);
}

void HarmonyParser::begin_header() noexcept {
    state_ = State::header;
    speaks_ = false;
    header_.clear();
}

void HarmonyParser::end_header(Pieces& out) {
    const auto header = read_harmony_header(header_, speaks_);
    if (!header) return give_up(kMarkers[kMessage], out);
    state_ = State::body;
    kind_ = header->kind;
    reasoning_.begun = content_.begun = false;
    if (kind_ == HarmonyHeader::Kind::call && reads_calls_) {
        out.begin_call(calls_, header->function);
        arguments_.begin(calls_, header->json_call);
        ++calls_;
    }
}

void HarmonyParser::add_body(std::string_view text, Pieces& out) {
    switch (kind_) {
        case HarmonyHeader::Kind::reasoning:
            if (reads_reasoning_) add_reasoning(text, out);
            break;
        case HarmonyHeader::Kind::content: add_content(text, out); break;
        case HarmonyHeader::Kind::call:
            if (reads_calls_) arguments_.push(text, out);
            break;
        case HarmonyHeader::Kind::foreign: break;
    }
}

void HarmonyParser::end_body(Pieces& out) {
    if (kind_ == HarmonyHeader::Kind::call && reads_calls_) arguments_.finish(out);
    state_ = State::outside;
    content_.begun = false;
}

void HarmonyParser::give_up(std::string_view more, Pieces& out) {
    content_.begun = false;
    if (!speaks_) add_content(kMarkers[kStart], out);
    add_content(header_, out);
    add_content(more, out);
    header_.clear();
    state_ = State::outside;
}

void HarmonyParser::add_reasoning(std::string_view text, Pieces& out) {
    if (text.empty()) return;
    if (!reasoning_.begun && reasoning_.any) out.add_reasoning("\n");
    reasoning_ = {true, true};
    out.add_reasoning(text);
}

void HarmonyParser::add_content(std::string_view text, Pieces& out) {
    if (text.empty()) return;
    if (!content_.begun && content_.any) out.add_content("\n");
    content_ = {true, true};
    out.add_content(text);
}

std::span<const ParserEntry> harmony_reasoning_parsers() noexcept {
    static const ParserEntry entries[] = {{"openai_gptoss", make_reasoning, kMarkers}};
    return entries;
}

std::span<const ParserEntry> harmony_tool_parsers() noexcept {
    static const ParserEntry entries[] = {{"openai", make_tools, kMarkers}};
    return entries;
}

}  // namespace fastfront
