// SPDX-License-Identifier: Apache-2.0
// Finds stop strings in text that arrives in pieces, with vLLM's rules (vllm/v1/engine/detokenizer.py,
// check_stop_strings): only matches that end in the new text count, the one that completes earliest wins, ties go to
// the list's order. Works on UTF-8 bytes; because UTF-8 synchronizes itself, a byte match is a character match.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fastfront {

struct StopMatch {
    std::size_t index;  // which stop string
    std::size_t begin;  // byte offset of its first byte in the text
    std::size_t end;    // byte offset behind its last byte
};

/// The stop strings of one request; immutable, shared by its choices.
class StopMatcher {
  public:
    StopMatcher() = default;
    explicit StopMatcher(std::vector<std::string> stops);

    [[nodiscard]] bool empty() const noexcept { return stops_.empty(); }
    [[nodiscard]] std::string_view stop(std::size_t index) const noexcept { return stops_[index]; }
    /// Characters that must be held back so that no part of a stop string is shown before it is complete.
    [[nodiscard]] std::size_t hold_back_chars() const noexcept { return hold_back_chars_; }
    /// Bytes of old text that a match may begin in.
    [[nodiscard]] std::size_t context_bytes() const noexcept { return context_bytes_; }

    /// Look for a stop string that ends behind `new_begin`, the byte offset where the unchecked text begins.
    [[nodiscard]] std::optional<StopMatch> find(std::string_view text, std::size_t new_begin) const noexcept;

  private:
    std::vector<std::string> stops_;
    std::size_t hold_back_chars_ = 0;
    std::size_t context_bytes_ = 0;
};

}  // namespace fastfront
