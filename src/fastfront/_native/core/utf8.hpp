// SPDX-License-Identifier: Apache-2.0
// UTF-8 one byte at a time: where a stream stands inside a character, and the text that a lossy decoder makes of it.
// Ill-formed input becomes U+FFFD once per maximal subpart, as Rust's String::from_utf8_lossy and the WHATWG decoder do
// (https://encoding.spec.whatwg.org/#utf-8-decoder). Knows nothing of tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fastfront {

/// U+FFFD, what stands for bytes that are no character.
inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Where a byte stream stands inside a UTF-8 character.
class Utf8State {
  public:
    /// No character has been begun and not ended.
    [[nodiscard]] bool complete() const noexcept { return needed_ == 0; }

    /// Bytes of the unfinished character so far (0 to 3).
    [[nodiscard]] std::size_t seen() const noexcept { return seen_; }

    /// Take one byte. False: it cannot stand here, and the state is as at the start; if a character had been begun,
    /// `byte` may still begin another one.
    [[nodiscard]] bool feed(std::uint8_t byte) noexcept {
        if (needed_ == 0) return byte < 0x80 || begin(byte);
        if (byte < low_ || byte > high_) {
            reset();
            return false;
        }
        low_ = 0x80;
        high_ = 0xBF;
        ++seen_;
        if (--needed_ == 0) seen_ = 0;
        return true;
    }

    void reset() noexcept { *this = Utf8State{}; }

  private:
    [[nodiscard]] bool begin(std::uint8_t lead) noexcept {
        if (lead < 0xC2 || lead > 0xF4) return false;
        // The second byte's range excludes overlong forms, surrogates and what lies beyond U+10FFFF.
        low_ = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        high_ = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        needed_ = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
        seen_ = 1;
        return true;
    }

    std::uint8_t needed_ = 0;
    std::uint8_t seen_ = 0;
    std::uint8_t low_ = 0x80;
    std::uint8_t high_ = 0xBF;
};

/// Close an unfinished character at the end of `text` with U+FFFD.
inline void finish_lossy(Utf8State& state, std::string& text) {
    if (state.complete()) return;
    text.resize(text.size() - state.seen());
    text.append(kReplacementCharacter);
    state.reset();
}

/// Append `bytes` to `text`, ill-formed parts as U+FFFD. While `state` is not complete, `text` ends with the raw bytes
/// of an unfinished character, which later calls (or finish_lossy) turn into one.
inline void append_lossy(Utf8State& state, std::string_view bytes, std::string& text) {
    for (const char c : bytes) {
        const auto byte = static_cast<std::uint8_t>(c);
        const std::size_t seen = state.seen();
        bool fits = state.feed(byte);
        if (!fits && seen > 0) {
            text.resize(text.size() - seen);
            text.append(kReplacementCharacter);
            fits = state.feed(byte);
        }
        if (fits) {
            text.push_back(c);
        } else {
            text.append(kReplacementCharacter);
        }
    }
}

/// `bytes` is well-formed UTF-8 from beginning to end.
[[nodiscard]] inline bool is_valid_utf8(std::string_view bytes) noexcept {
    Utf8State state;
    for (const char c : bytes) {
        if (!state.feed(static_cast<std::uint8_t>(c))) return false;
    }
    return state.complete();
}

}  // namespace fastfront
