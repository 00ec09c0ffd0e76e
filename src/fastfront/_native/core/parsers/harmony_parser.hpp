// SPDX-License-Identifier: Apache-2.0
// gpt-oss's Harmony format: messages, each with a header that names its channel and whom it is for
// (vllm/parser/harmony.py, over the openai_harmony library). Thinking, answer and calls are one format: this reads them
// all, and the tool parser behind it nothing more. Messages of one kind are joined by line feeds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "harmony_arguments.hpp"
#include "harmony_header.hpp"
#include "markup_parser.hpp"

namespace fastfront {

class HarmonyParser final : public MarkupParser {
  public:
    /// What is not read is dropped, as vLLM does where there is no such parser.
    HarmonyParser(const ParserSpec& spec, bool reads_reasoning, bool reads_calls);

    [[nodiscard]] static std::span<const std::string_view> special_tokens() noexcept;

  private:
    enum class State : std::uint8_t { header, body, outside };
    /// The messages of one kind.
    struct Sort {
        bool any = false;    // one has had text
        bool begun = false;  // this one has
    };

    [[nodiscard]] Set active() const noexcept override;
    void on_text(std::string_view text, std::int64_t token, Pieces& out) override;
    void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) override;
    void on_end(Pieces& out) override;

    void begin_header() noexcept;
    void end_header(Pieces& out);
    void end_body(Pieces& out);
    void add_body(std::string_view text, Pieces& out);
    /// What has come of a header, and `more`, is none: it is content.
    void give_up(std::string_view more, Pieces& out);
    void add_reasoning(std::string_view text, Pieces& out);
    void add_content(std::string_view text, Pieces& out);

    const bool reads_reasoning_;
    const bool reads_calls_;
    State state_ = State::header;
    bool speaks_ = true;  // the header's role stands in the prompt
    std::string header_;
    HarmonyHeader::Kind kind_ = HarmonyHeader::Kind::content;
    Sort reasoning_;
    Sort content_;
    std::uint32_t calls_ = 0;
    HarmonyArguments arguments_;
};

}  // namespace fastfront
