// SPDX-License-Identifier: Apache-2.0
// A reasoning parser and a tool parser behind it: what the first leaves as content, the second reads.
#pragma once

#include <memory>

#include "output_parser.hpp"

namespace fastfront {

class ParserChain final : public OutputParser {
  public:
    /// Either may be null, not both.
    ParserChain(std::unique_ptr<OutputParser> reasoning, std::unique_ptr<OutputParser> tools) noexcept
        : reasoning_(std::move(reasoning)), tools_(std::move(tools)) {}

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& out) override;

  private:
    void hand_on(const Pieces& between, Pieces& out);

    std::unique_ptr<OutputParser> reasoning_;
    std::unique_ptr<OutputParser> tools_;
};

/// Behind a parser that reads everything.
class NothingMore final : public OutputParser {
  public:
    void push(std::string_view text, std::int64_t token, Pieces& out) override { out.add_content(text, token); }
    void finish(Pieces& /*out*/) override {}
};

}  // namespace fastfront
