// SPDX-License-Identifier: Apache-2.0
// Kimi K3 writes elements, `<|open|>think<|sep|> ... <|close|>think<|sep|>`, then `response` in the same way, inside
// `message` (vllm/reasoning/kimi_k3_reasoning_parser.py). A tool parser behind reads the elements itself; without one,
// the tags of `response` and `message` disappear here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "markup_parser.hpp"

namespace fastfront {

class KimiK3Reasoning final : public MarkupParser {
  public:
    KimiK3Reasoning(const ParserSpec& spec, const ParserOptions& options);

    [[nodiscard]] static std::span<const std::string_view> special_tokens() noexcept;

  private:
    /// A tag of which a part has come: its first marker, then its name.
    struct Tag {
        std::string text;  // empty: none
        std::string name;
        std::int64_t token = kNoToken;
        bool opens = false;
    };

    [[nodiscard]] Set active() const noexcept override { return verbatim_ ? 0 : 7; }
    void on_text(std::string_view text, std::int64_t token, Pieces& out) override;
    void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) override;
    void on_end(Pieces& out) override;

    /// The tag that has begun is none: give it out as it is.
    void give_up(Pieces& out);
    /// A whole tag; false: it is text here.
    [[nodiscard]] bool act(std::string_view name, bool opens, Pieces& out);
    void emit(std::string_view text, std::int64_t token, Pieces& out);
    void flush_blank(Pieces& out);

    const bool keeps_tags_;  // content goes to a tool parser
    bool reasoning_;
    bool opened_ = false;     // <|open|>think<|sep|> has come
    bool answered_ = false;   // <|close|>response<|sep|> has come
    bool verbatim_ = false;   // everything is content from here on
    bool blank_only_ = true;  // only white space has come since the last border
    Tag tag_;
    std::string blank_;  // that white space
};

}  // namespace fastfront
