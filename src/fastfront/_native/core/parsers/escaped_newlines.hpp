// SPDX-License-Identifier: Apache-2.0
// MiniCPM-V writes line breaks as `\n`, two characters: they become real ones, except in code, in formulas and behind a
// doubled backslash (vllm/parser/minicpmv.py, EscapedNewlineNormalizer).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fastfront {

class EscapedNewlines {
  public:
    /// Append to `out` what is known of the text so far; `last`: nothing follows.
    void add(std::string_view text, bool last, std::string& out);

  private:
    /// Read what stands at the beginning of `rest`; 0: more text decides.
    [[nodiscard]] std::size_t step(std::string_view rest, bool last, std::string& out);

    std::string_view closing_;  // what ends the code or the formula that we are in; empty: in none
    bool run_ = false;          // in a run of backslashes, which are text
    std::string held_;          // half of something: a few bytes
    std::string work_;
};

}  // namespace fastfront
