// SPDX-License-Identifier: Apache-2.0
// MiniMax M2, read as one text: thinking stays in the content, behind the `<think>` that the prompt has taken from it
// (vllm/reasoning/minimax_m2_reasoning_parser.py, MiniMaxM2AppendThinkReasoningParser).
#pragma once

#include "output_parser.hpp"

namespace fastfront {

class AppendThinkReasoning final : public OutputParser {
  public:
    void push(std::string_view text, std::int64_t token, Pieces& out) override {
        begin(out);
        out.add_content(text, token);
    }
    void finish(Pieces& out) override { begin(out); }

  private:
    void begin(Pieces& out) {
        if (!begun_) out.add_content("<think>");
        begun_ = true;
    }

    bool begun_ = false;
};

}  // namespace fastfront
