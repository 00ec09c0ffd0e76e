// SPDX-License-Identifier: Apache-2.0
// One choice's answer in parts: the parser, what of its pieces is shown, and their JSON, as a stream's delta or as a
// whole message (vLLM's DeltaMessage and ChatMessage). Knows no chunk around it, no engine, no sink.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine_outputs.hpp"
#include "parsers/parser_plan.hpp"
#include "shown_special.hpp"

namespace fastfront {

/// The pieces of a step are in a buffer of the thread's, for all answers: what a step brings has to be written before
/// the thread's next step, of whichever answer.
class ParsedAnswer {
  public:
    /// `whole`: the pieces are kept for append_message.
    ParsedAnswer(std::shared_ptr<const ParserPlan> plan, bool whole);

    /// Take the text of one step; `specials` are those in it, in order.
    void push(std::string_view text, std::span<const ShownSpecial> specials);
    /// Take the end, after the last push and in the same step.
    void finish();

    /// Instead of both, where the text is parsed outside: the step's pieces.
    void give(const Pieces& pieces);
    [[nodiscard]] bool parsed_outside() const noexcept { return parser_ == nullptr; }

    /// Take the ids of the step's tokens, all of them.
    void count(std::span<const std::uint32_t> token_ids);
    /// How many of them so far are reasoning; -1 = nobody counts.
    [[nodiscard]] std::int64_t reasoning_tokens() const noexcept {
        return counter_ ? static_cast<std::int64_t>(counter_->count()) : -1;
    }

    /// Tool calls are looked for.
    [[nodiscard]] bool parses_tools() const noexcept { return plan_->tools != nullptr; }
    /// There was one in the step, or in the whole answer so far.
    [[nodiscard]] bool is_calling() const noexcept { return calling_; }
    [[nodiscard]] bool has_called() const noexcept { return called_; }

    /// The step has something to show.
    [[nodiscard]] bool has_news() const noexcept { return news_; }
    /// The step's delta: `{}` without news.
    void append_delta(std::string& out) const;
    /// The whole message behind its role: `,"content":…` to `,"reasoning":…`. `before`: text that precedes the content.
    void append_message(std::string& out, std::string_view before = {}) const;

    /// What the client is told of the end: a tool call that ended by itself has a name of its own.
    [[nodiscard]] std::string_view name_of_end(FinishReason reason) const noexcept;

  private:
    struct Call {
        std::string id;
        std::string name;
        std::string arguments;
    };

    /// Those of the thread's present step.
    [[nodiscard]] static Pieces& step_pieces() noexcept;
    [[nodiscard]] bool shows(const OutputPiece& piece) const noexcept;
    [[nodiscard]] std::string id_of(const OutputPiece& piece) const;
    void take_pieces();
    void append_text(std::string& out, PieceKind kind, std::string_view member) const;
    void append_calls(std::string& out) const;

    std::shared_ptr<const ParserPlan> plan_;
    std::unique_ptr<OutputParser> parser_;
    std::optional<ReasoningCounter> counter_;
    bool whole_;
    bool news_ = false;
    bool calling_ = false;
    bool called_ = false;
    std::string reasoning_;
    std::string content_;
    std::vector<Call> calls_;
};

}  // namespace fastfront
