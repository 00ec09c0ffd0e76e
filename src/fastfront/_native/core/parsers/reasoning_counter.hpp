// SPDX-License-Identifier: Apache-2.0
// How many of an answer's tokens are reasoning, for usage.completion_tokens_details.reasoning_tokens: vLLM's
// count_reasoning_tokens() of each parser, from token ids alone, one by one. Knows no text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "output_parser.hpp"

namespace fastfront {

/// What a marker does to the count. Markers themselves are never counted.
enum class CountAct : std::uint8_t {
    start,          ///< reasoning begins; in a format of depths, one level more
    end,            ///< it ends; one level less
    leading_start,  ///< nothing, as the answer's first token; a token like any other later
    answer,         ///< it ends, unless a start has come
};

struct CountMarker {
    std::string_view text;
    CountAct act = CountAct::end;
};

struct CountFormat {
    std::span<const CountMarker> markers;
    std::uint8_t begins_inside = 1;  // the level that an answer begins at; of thinking that is open always 1
    bool depths = false;             // starts and ends nest
    bool once = false;               // behind the first end nothing counts
    bool closed_counts = false;      // thinking that is closed may still begin
    bool open_is_unsaid = false;     // what the prompt has opened is not counted
};

/// The rule of a reasoning parser's name; null: it counts nothing.
[[nodiscard]] const CountFormat* find_count_format(std::string_view name) noexcept;

/// How a model's answers are counted. `format`: null = the count stays 0. `ids`: per marker, the tokens that it is;
/// none = the vocabulary cannot spell it.
struct CountRule {
    const CountFormat* format = nullptr;
    std::vector<std::vector<std::int64_t>> ids;
};

class ReasoningCounter {
  public:
    ReasoningCounter(std::shared_ptr<const CountRule> rule, Thinking thinking);

    void push(std::int64_t token);
    /// The count as if the answer ended here.
    [[nodiscard]] std::uint64_t count() const noexcept;

  private:
    /// Markers that the rule has tokens for.
    [[nodiscard]] std::size_t markers() const noexcept;
    [[nodiscard]] bool begins_marker(std::int64_t token) const noexcept;
    /// Take the first of the tokens that wait; false: what follows decides.
    [[nodiscard]] bool step();
    void act(CountAct what) noexcept;

    std::shared_ptr<const CountRule> rule_;
    std::vector<std::int64_t> waiting_;  // may become a marker: fewer than the longest has
    std::uint64_t count_ = 0;
    std::uint32_t depth_ = 0;
    bool begun_ = false;
    bool started_ = false;
    bool over_ = false;
};

}  // namespace fastfront
