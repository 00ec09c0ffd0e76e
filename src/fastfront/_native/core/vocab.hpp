// SPDX-License-Identifier: Apache-2.0
// Token id → the bytes that the token contributes to the text, in one contiguous arena with a flag byte per token.
// Built once per model, immutable, shared by every stream. Knows the two families of tokenizer decoders that work token
// by token; knows nothing of streams (detokenizer.hpp) nor of tokenizer.json (tokenizer_json.py).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fastfront {

/// How the tokenizer's decoder turns tokens into text.
enum class DecoderFamily : std::uint8_t {
    byte_level,     ///< ByteLevel: each char of a token stands for one byte; the bytes are decoded together, lossily
    byte_fallback,  ///< Replace "▁" by " ", ByteFallback, Fuse, and perhaps Strip one leading space
};

/// What is known of a token; a set of bits.
namespace token_flag {
inline constexpr std::uint8_t kKnown = 1;      ///< the id is in the vocabulary
inline constexpr std::uint8_t kSpecial = 2;    ///< left out under skip_special_tokens
inline constexpr std::uint8_t kAdded = 4;      ///< among the tokenizer's added tokens
inline constexpr std::uint8_t kByte = 8;       ///< byte_fallback only: `<0xXX>`, one raw byte
inline constexpr std::uint8_t kComplete = 16;  ///< not kByte; text that is complete and visible as it stands
}  // namespace token_flag

struct Token {
    std::string_view bytes;
    std::uint8_t flags = 0;
};

/// An immutable vocabulary. Safe to share between threads.
class Vocab {
  public:
    /// Ids at and above this are never in a vocabulary: the bound of the table's memory.
    static constexpr std::uint32_t kMaxTokenId = 1U << 24;

    [[nodiscard]] DecoderFamily family() const noexcept { return family_; }

    /// The decoder drops one space at the beginning of what it decodes.
    [[nodiscard]] bool strips_leading_space() const noexcept { return strips_leading_space_; }

    /// A token decoded alone is to keep the leading space that the decoder drops: the pre-tokenizer (Metaspace) says
    /// that it is a marker. Only for the names of tokens, not for text.
    [[nodiscard]] bool restores_leading_space() const noexcept { return restores_leading_space_; }

    /// One more than the largest token id.
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

    /// The token of an id; without flags and bytes if there is none.
    [[nodiscard]] Token token(std::uint32_t id) const noexcept {
        if (id >= entries_.size()) return {};
        const Entry entry = entries_[id];
        return {{arena_.data() + entry.offset, entry.length_and_flags >> 8},
                static_cast<std::uint8_t>(entry.length_and_flags & 0xFF)};
    }

    /// The raw content of an added token, as the tokenizer lists it; empty for any other id.
    [[nodiscard]] std::string_view added_content(std::uint32_t id) const noexcept;

  private:
    friend class VocabBuilder;

    struct Entry {
        std::uint32_t offset = 0;
        std::uint32_t length_and_flags = 0;  // length in the upper 24 bits
    };
    struct AddedContent {
        std::uint32_t id;
        std::uint32_t offset;
        std::uint32_t length;
    };

    std::vector<Entry> entries_;
    std::string arena_;
    std::vector<AddedContent> added_;  // sorted by id
    DecoderFamily family_ = DecoderFamily::byte_level;
    bool strips_leading_space_ = false;
    bool restores_leading_space_ = false;
};

/// Collects a vocabulary's tokens. Every add returns false, and changes nothing, for what a Vocab cannot hold.
class VocabBuilder {
  public:
    explicit VocabBuilder(DecoderFamily family = DecoderFamily::byte_level, bool strips_leading_space = false,
                          bool restores_leading_space = false);

    /// A token of the tokenizer's model: UTF-8 text as in its `vocab`. False for an id given before.
    [[nodiscard]] bool add_token(std::uint32_t id, std::string_view text);

    /// An added token: `text` is what the decoder is given for it, `content` what the tokenizer lists. Replaces the
    /// model's token of the same id.
    [[nodiscard]] bool add_added_token(std::uint32_t id, std::string_view text, std::string_view content, bool special);

    /// A token that is `text` as it stands, whatever the family makes of others. False for an id given before.
    [[nodiscard]] bool add_text(std::uint32_t id, std::string_view text);

    /// The vocabulary; the builder is empty afterwards.
    [[nodiscard]] std::shared_ptr<const Vocab> build();

  private:
    void put(std::uint32_t id, std::string_view text, std::uint8_t flags);
    void put_bytes(std::uint32_t id, std::uint8_t flags);
    [[nodiscard]] bool convert(std::string_view text);
    [[nodiscard]] bool fits(std::string_view text) const noexcept;

    Vocab vocab_;
    std::string bytes_;  // of the token being added
};

}  // namespace fastfront
