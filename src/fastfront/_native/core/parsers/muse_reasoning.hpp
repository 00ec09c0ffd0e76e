// SPDX-License-Identifier: Apache-2.0
// MuseGlimmer writes to channels: `to=self<|message|>` thinking `<|eom|>`, `to=user<|message|>` the answer, `to=NAME` a
// tool call, each after `<|start|>assistant ` but the first (vllm/reasoning/muse_glimmer_reasoning_parser.py). A tool's
// channel goes on as content, header and end included: the tool parser behind reads them.
// Muse Spark (`muse`, of vLLM 0.33: vllm/reasoning/muse_reasoning_parser.py) thinks in messages without a recipient,
// too, reports `to=commentary`, which is part of the answer, and writes `to=developer`, which is not; and where a
// message's end is missing, the next one's beginning ends it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "markup_parser.hpp"

namespace fastfront {

class MuseReasoning final : public MarkupParser {
  public:
    MuseReasoning(const ParserSpec& spec, const ParserOptions& options, bool is_spark = false);

    [[nodiscard]] static std::span<const std::string_view> special_tokens() noexcept;

  private:
    enum class Channel : std::uint8_t { none, self, user, tool, developer };

    [[nodiscard]] Set active() const noexcept override;
    void on_text(std::string_view text, std::int64_t token, Pieces& out) override;
    void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) override;
    void on_end(Pieces& out) override;

    /// The channel that `held_` and a message's beginning open; none: they open no channel.
    [[nodiscard]] Channel opened() const noexcept;
    void open(std::string_view text, std::int64_t token, Pieces& out);
    void give(std::string_view text, Pieces& out);
    void give_up(Pieces& out);

    const bool is_spark_;
    Channel channel_ = Channel::none;
    bool had_channel_ = false;
    bool reasoned_ = false;
    bool starts_ = false;                  // held_ begins with <|start|>
    std::int64_t start_token_ = kNoToken;  // which is this special token
    std::string held_;                     // may be a channel's header
};

}  // namespace fastfront
