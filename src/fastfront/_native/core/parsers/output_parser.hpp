// SPDX-License-Identifier: Apache-2.0
// The interface of every output parser: the model's text goes in as it comes, pieces come out. One object per choice of
// a response; none of its state outlives that. A whole answer is the same pushes and one finish: it cannot differ from
// the stream's.
//
// The rules for who implements it:
// - However the text is cut into pushes, the pieces put together are the same. What may become markup is held back
// until
//   it is known; the held text is bounded, or part of a call that grows with what the model writes.
// - Nothing that the model wrote is lost: a call that is malformed comes back as content, once and in order; one whose
//   beginning has gone out already keeps what went out, and `finish` completes nothing that the model did not write.
// - Well-formed output gives what the whole answer of vLLM's Python server holds, character for character.
// - Neither pushes nor finish throw (other than for want of memory) or block; time is linear in the text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pieces.hpp"
#include "tools.hpp"

namespace fastfront {

class OutputParser {
  public:
    OutputParser() = default;
    OutputParser(const OutputParser&) = delete;
    OutputParser& operator=(const OutputParser&) = delete;
    virtual ~OutputParser() = default;

    /// Take more text, UTF-8 and never cut inside a character. `token`: the id of the special token that this text is,
    /// all of it; kNoToken: ordinary text. Only special tokens of ParserSpec::special_tokens come with their id, and
    /// they always do.
    virtual void push(std::string_view text, std::int64_t token, Pieces& out) = 0;

    /// The model has ended, in whatever state: give out what is held back.
    virtual void finish(Pieces& out) = 0;
};

/// A special token that a parser knows its format's markup by.
struct SpecialToken {
    std::string text;
    std::int64_t id = kNoToken;  // kNoToken: no token of this vocabulary; the markup is found in the text then
};

struct ResponseTemplate;

/// What is the same for all requests to a model.
struct ParserSpec {
    std::vector<SpecialToken> special_tokens;
    std::shared_ptr<const ResponseTemplate> response_template;  // null: the model has none, or no parser goes by it

    /// The id of a special token; kNoToken if the vocabulary has it not.
    [[nodiscard]] std::int64_t id_of(std::string_view text) const noexcept {
        for (const SpecialToken& token : special_tokens) {
            if (token.text == text) {
                return token.id;
            }
        }
        return kNoToken;
    }
};

/// Where the prompt left the model's thinking.
enum class Thinking : std::uint8_t {
    unsaid,  ///< neither opened nor closed by the prompt, nor decided by the request
    open,    ///< the prompt ends inside the thinking
    closed,  ///< the prompt has closed it, or the request switched it off
};

/// What a request adds.
struct ParserOptions {
    std::shared_ptr<const Tools> tools;  // null: none
    Thinking thinking = Thinking::unsaid;
    std::uint32_t first_call = 0;   // tool calls of the conversation so far: some formats count on
    bool repeats_thinking = false;  // an answer without content has its thinking for content, too
    bool behind_reasoning = false;  // a tool parser: it gets what a reasoning parser left as content
    // The end of the prompt, for parsers that read on from it; null: nothing.
    std::shared_ptr<const std::string> prefix = nullptr;
};

}  // namespace fastfront
