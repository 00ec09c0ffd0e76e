// SPDX-License-Identifier: Apache-2.0
#include "token_text.hpp"

#include <algorithm>

#include "detokenizer.hpp"
#include "utf8.hpp"

namespace fastfront {

namespace {

std::string decoded(const Vocab& vocab, std::span<const std::uint32_t> token_ids) {
    std::string text;
    decode(vocab, token_ids, false, text);
    return text;
}

/// What `text` has beyond the prefix that it shares with `prefix`, in whole characters.
std::string_view beyond_shared_prefix(std::string_view text, std::string_view prefix) noexcept {
    auto shared = static_cast<std::size_t>(std::mismatch(text.begin(), text.end(), prefix.begin(), prefix.end()).first -
                                           text.begin());
    while (shared > 0 && shared < text.size() && (static_cast<unsigned char>(text[shared]) & 0xc0) == 0x80) {
        --shared;
    }
    return text.substr(shared);
}

/// vLLM's LogprobsProcessor._correct_decoded_token: the token that completes a character gets all of it.
std::string_view corrected(const Vocab& vocab, std::uint32_t token_id, const TokenContext& context,
                           std::string& scratch) {
    const auto before = context.tokens();
    std::array<std::uint32_t, TokenContext::kTokens + 1> ids{};
    for (std::size_t count = 1; count <= before.size(); ++count) {
        const auto used = before.last(count);
        std::copy(used.begin(), used.end(), ids.begin());
        ids[count] = token_id;
        scratch.clear();
        decode(vocab, {ids.data(), count + 1}, false, scratch);
        if (std::string_view(scratch).ends_with(kReplacementCharacter)) {
            continue;
        }
        std::size_t clean = count;
        while (clean > 0 && decoded(vocab, used.subspan(clean - 1, 1)).ends_with(kReplacementCharacter)) {
            --clean;
        }
        const std::string prefix = clean > 0 ? decoded(vocab, used.first(clean)) : std::string();
        return beyond_shared_prefix(scratch, prefix);
    }
    return {};
}

}  // namespace

void TokenContext::push(std::uint32_t token_id) noexcept {
    if (count_ == kTokens) {
        std::shift_left(ids_.begin(), ids_.end(), 1);
        --count_;
    }
    ids_[count_++] = token_id;
}

std::string_view text_of_token(const Vocab& vocab, std::uint32_t token_id, const TokenContext& context,
                               std::string& scratch) {
    const Token token = vocab.token(token_id);
    if ((token.flags & token_flag::kComplete) != 0) [[likely]] {
        std::string_view text = token.bytes;
        // Decoding alone drops a leading space; vLLM puts it back where the pre-tokenizer says that it is a marker.
        const bool restored = vocab.restores_leading_space() && (token.flags & token_flag::kAdded) == 0;
        if (vocab.strips_leading_space() && !restored && text.starts_with(' ')) {
            text.remove_prefix(1);
        }
        return text;
    }
    scratch.clear();
    decode(vocab, {&token_id, 1}, false, scratch);
    if (std::string_view(scratch).ends_with(kReplacementCharacter)) {
        return corrected(vocab, token_id, context, scratch);
    }
    return scratch;
}

}  // namespace fastfront
