// SPDX-License-Identifier: Apache-2.0
#include "vocab.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "utf8.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kMetaspace = "\xE2\x96\x81";  // ▁ U+2581
constexpr std::size_t kMaxTokenBytes = (1U << 24) - 1;

/// The byte-level alphabet backwards: code point → byte, -1 for none. Printable Latin-1 bytes stand for themselves, the
/// others for the code points from U+0100 on, in order (GPT-2's bytes_to_unicode).
constexpr std::array<std::int16_t, 0x144> make_char_bytes() {
    std::array<std::int16_t, 0x144> table{};
    table.fill(-1);
    std::size_t next = 0x100;
    for (std::size_t byte = 0; byte < 0x100; ++byte) {
        const bool printable =
            (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
        table[printable ? byte : next++] = static_cast<std::int16_t>(byte);
    }
    return table;
}

constexpr std::array<std::int16_t, 0x144> kCharBytes = make_char_bytes();

/// A token of a ByteLevel decoder: the bytes that its chars stand for, or its own UTF-8 if one char stands for none.
void append_byte_level(std::string_view text, std::string& bytes) {
    const std::size_t begin = bytes.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::uint32_t code = static_cast<std::uint8_t>(text[i]);
        // Two-byte sequences reach U+07FF, beyond the alphabet; longer ones are out in any case.
        if (code >= 0xC2 && code <= 0xDF && i + 1 < text.size()) {
            code = (code & 0x1F) << 6 | (static_cast<std::uint8_t>(text[++i]) & 0x3F);
        } else if (code >= 0x80) {
            code = std::numeric_limits<std::uint32_t>::max();
        }
        if (code >= kCharBytes.size() || kCharBytes[code] < 0) {
            bytes.resize(begin);
            bytes.append(text);
            return;
        }
        bytes.push_back(static_cast<char>(kCharBytes[code]));
    }
}

constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/// The byte that ByteFallback sees in `token`, or -1. Its two digits go through Rust's u8::from_str_radix, which takes
/// a plus sign for the first.
int fallback_byte(std::string_view token) noexcept {
    if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return -1;
    const int high = token[3] == '+' ? 0 : hex_value(token[3]);
    const int low = hex_value(token[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void append_metaspace_replaced(std::string_view text, std::string& bytes) {
    for (std::size_t i = 0; i < text.size();) {
        if (text.substr(i).starts_with(kMetaspace)) {
            bytes.push_back(' ');
            i += kMetaspace.size();
        } else {
            bytes.push_back(text[i++]);
        }
    }
}

}  // namespace

std::string_view Vocab::added_content(std::uint32_t id) const noexcept {
    const auto found = std::lower_bound(added_.begin(), added_.end(), id,
                                        [](const AddedContent& added, std::uint32_t key) { return added.id < key; });
    if (found == added_.end() || found->id != id) return {};
    return {arena_.data() + found->offset, found->length};
}

VocabBuilder::VocabBuilder(DecoderFamily family, bool strips_leading_space, bool restores_leading_space) {
    vocab_.family_ = family;
    vocab_.strips_leading_space_ = strips_leading_space;
    vocab_.restores_leading_space_ = restores_leading_space;
}

bool VocabBuilder::fits(std::string_view text) const noexcept {
    return text.size() <= kMaxTokenBytes &&
           vocab_.arena_.size() <= std::numeric_limits<std::uint32_t>::max() - 2 * kMaxTokenBytes;
}

/// Fill bytes_; true if they are one raw byte of a ByteFallback decoder.
bool VocabBuilder::convert(std::string_view text) {
    bytes_.clear();
    if (vocab_.family_ == DecoderFamily::byte_level) {
        append_byte_level(text, bytes_);
    } else {
        append_metaspace_replaced(text, bytes_);
        if (const int byte = fallback_byte(bytes_); byte >= 0) {
            bytes_.assign(1, static_cast<char>(byte));
            return true;
        }
    }
    return false;
}

void VocabBuilder::put(std::uint32_t id, std::string_view text, std::uint8_t flags) {
    const bool is_byte = convert(text);
    put_bytes(id, is_byte ? static_cast<std::uint8_t>(flags | token_flag::kByte) : flags);
}

void VocabBuilder::put_bytes(std::uint32_t id, std::uint8_t flags) {
    const bool complete = (flags & token_flag::kByte) == 0 && !bytes_.empty() && is_valid_utf8(bytes_) &&
                          !std::string_view(bytes_).ends_with(kReplacementCharacter);
    flags = static_cast<std::uint8_t>(flags | token_flag::kKnown | (complete ? token_flag::kComplete : 0));
    if (id >= vocab_.entries_.size()) vocab_.entries_.resize(id + 1);
    vocab_.entries_[id] = {static_cast<std::uint32_t>(vocab_.arena_.size()),
                           static_cast<std::uint32_t>(bytes_.size() << 8 | flags)};
    vocab_.arena_.append(bytes_);
}

bool VocabBuilder::add_token(std::uint32_t id, std::string_view text) {
    if (id >= Vocab::kMaxTokenId || !fits(text) || vocab_.token(id).flags != 0) return false;
    put(id, text, 0);
    return true;
}

bool VocabBuilder::add_added_token(std::uint32_t id, std::string_view text, std::string_view content, bool special) {
    if (id >= Vocab::kMaxTokenId || !fits(text) || !fits(content)) return false;
    if (vocab_.token(id).flags & token_flag::kAdded) {
        std::erase_if(vocab_.added_, [id](const Vocab::AddedContent& added) { return added.id == id; });
    }
    vocab_.added_.push_back(
        {id, static_cast<std::uint32_t>(vocab_.arena_.size()), static_cast<std::uint32_t>(content.size())});
    vocab_.arena_.append(content);
    const auto special_flag = special ? token_flag::kSpecial : std::uint8_t{0};
    put(id, text, static_cast<std::uint8_t>(token_flag::kAdded | special_flag));
    return true;
}

bool VocabBuilder::add_text(std::uint32_t id, std::string_view text) {
    if (id >= Vocab::kMaxTokenId || !fits(text) || vocab_.token(id).flags != 0) return false;
    bytes_.assign(text);
    put_bytes(id, 0);
    return true;
}

std::shared_ptr<const Vocab> VocabBuilder::build() {
    std::sort(vocab_.added_.begin(), vocab_.added_.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    vocab_.entries_.shrink_to_fit();
    vocab_.arena_.shrink_to_fit();
    auto vocab = std::make_shared<const Vocab>(std::move(vocab_));
    vocab_ = Vocab{};
    return vocab;
}

}  // namespace fastfront
