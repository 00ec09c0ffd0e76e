// SPDX-License-Identifier: Apache-2.0
// What a single token is called beside its logprob, as vLLM names it (vllm/v1/engine/logprobs.py and
// vllm/tokenizers/detokenizer_utils.py): decoded alone, and where that leaves half a character, with the tokens that
// were sampled before it. Knows nothing of JSON.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "vocab.hpp"

namespace fastfront {

/// The last tokens of a sequence: as many as a character can have bytes.
class TokenContext {
  public:
    static constexpr std::size_t kTokens = 4;

    void push(std::uint32_t token_id) noexcept;
    /// Oldest first.
    [[nodiscard]] std::span<const std::uint32_t> tokens() const noexcept { return {ids_.data(), count_}; }

  private:
    std::array<std::uint32_t, kTokens> ids_{};
    std::size_t count_ = 0;
};

/// The text of `token_id` behind `context`; "" while a character is incomplete. It lies in the vocabulary or in
/// `scratch`, whose contents go.
[[nodiscard]] std::string_view text_of_token(const Vocab& vocab, std::uint32_t token_id, const TokenContext& context,
                                             std::string& scratch);

}  // namespace fastfront
