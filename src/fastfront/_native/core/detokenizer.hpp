// SPDX-License-Identifier: Apache-2.0
// Incremental detokenizing: token ids in, the text that each completes out, byte for byte what vLLM 0.32 makes of it
// with `tokenizers`' DecodeStream (vllm/v1/engine/detokenizer.py, FastIncrementalDetokenizer). Knows nothing of stop
// strings.
//
// DecodeStream decodes a window of ids again for every token: the ids behind the last text that it gave out ("rest"),
// and before them those of that text ("context"). A step gives out what the window's text has beyond the context's,
// once that does not end in U+FFFD. Everything that the window can change in the outcome fits into a few bits:
//
// - byte_level: the context always ends with a whole character, so only the rest's bytes count.
// - byte_fallback: the same, but for two things. Strip drops a leading space as long as the context has no text. And a
//   run of byte tokens that goes on from the context into the rest turns into U+FFFD as a whole once it is invalid:
//   then the window's text does not begin with the context's any more, DecodeStream fails ("Invalid prefix
//   encountered"), and vLLM starts a new stream with the token at hand. What the old one held back is lost.
//
// A prompt is the first context, unless its text ends in U+FFFD: DecodeStream then takes it all for rest and gives it
// out with the first complete token. So do we. The text held back is never more than such a prompt's and the stream's
// own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "utf8.hpp"
#include "vocab.hpp"

namespace fastfront {

struct DetokenizerOptions {
    bool skip_special_tokens = true;
    bool spaces_between_special_tokens = true;
};

/// The text of a sequence of tokens as Tokenizer.decode gives it (but for Strip), built token by token.
class TokenText {
  public:
    void append(const Token& token, DecoderFamily family);

    /// There is text, and more tokens can only add to it: it does not end in U+FFFD or inside a character.
    [[nodiscard]] bool settled() const noexcept;

    /// End a run of byte tokens. True if it was invalid, so that it became one U+FFFD per byte.
    bool close_run();

    /// End whatever is unfinished.
    void finish(DecoderFamily family);

    /// The last token was a byte token.
    [[nodiscard]] bool in_run() const noexcept { return run_ != Run::none; }
    [[nodiscard]] std::string& text() noexcept { return text_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    void clear() noexcept;

  private:
    enum class Run : std::uint8_t { none, valid, invalid };

    void append_byte(char byte);
    void invalidate_run();

    std::string text_;
    std::size_t run_begin_ = 0;  // where the run of byte tokens begins in text_
    Utf8State utf8_;
    Run run_ = Run::none;
};

/// One stream of output tokens. Cheap to copy while nothing is held back.
class Detokenizer {
  public:
    explicit Detokenizer(std::shared_ptr<const Vocab> vocab, DetokenizerOptions options = {}) noexcept;

    /// Start the stream behind a prompt, of which `tail` is the end, or all of it if `whole`. False: `tail` is too
    /// short to decide, call again with more. A handful of ids decides unless they are special, lone bytes or end in
    /// U+FFFD.
    [[nodiscard]] bool prime(std::span<const std::uint32_t> tail, bool whole);

    /// Append the text that this token completes (possibly nothing) to `out`. An id without a token completes nothing.
    void push(std::uint32_t token_id, std::string& out) noexcept {
        const Token token = vocab_->token(token_id);
        // One mask for "complete text, and not skipped", one byte for "nothing held back, nothing to watch".
        if ((token.flags & mask_) == token_flag::kComplete && state_ == 0) [[likely]] {
            out.append(token.bytes);
            return;
        }
        push_slowly(token, token_id, out);
    }

    [[nodiscard]] const Vocab& vocab() const noexcept { return *vocab_; }

    /// The same for a special token that is to be text even where special tokens are skipped.
    void push_shown(std::uint32_t token_id, std::string& out) noexcept {
        const std::uint8_t mask = mask_;
        mask_ = token_flag::kComplete;
        push(token_id, out);
        mask_ = mask;
    }

  private:
    // Bits of state_. The context is what was given out last (or the prompt), see above.
    static constexpr std::uint8_t kHolding = 1;         // held_ has text or a run
    static constexpr std::uint8_t kNoContext = 2;       // Strip applies: the context has no text
    static constexpr std::uint8_t kContextInRun = 4;    // the context ends in a run of byte tokens that may go on
    static constexpr std::uint8_t kContextIsSpace = 8;  // with kContextInRun: it is all one byte 0x20, stripped to ""
    static constexpr std::uint8_t kBrokenContext =
        16;                                          // that run went on and is invalid: the next text is a new stream's
    static constexpr std::uint8_t kWatchAdded = 32;  // spaces_between_special_tokens=False

    [[nodiscard]] bool visible(const Token& token) const noexcept {
        const std::uint8_t hidden = mask_ & token_flag::kSpecial;
        return token.flags != 0 && (token.flags & hidden) == 0;
    }
    void restart() noexcept;
    void hold_all(std::span<const std::uint32_t> tokens);
    [[nodiscard]] bool prime_byte_level(std::span<const std::uint32_t> tail, bool whole);
    [[nodiscard]] bool prime_byte_fallback(std::span<const std::uint32_t> tail, bool whole);
    void push_slowly(const Token& token, std::uint32_t token_id, std::string& out) noexcept;
    void step_byte_level(const Token& token, std::string& out);
    void step_byte_fallback(const Token& token, std::string& out);

    std::shared_ptr<const Vocab> vocab_;
    TokenText held_;
    std::uint8_t mask_;
    std::uint8_t state_ = 0;
    bool last_was_added_ = false;
};

/// Append the text of `token_ids` to `out`, as Tokenizer.decode gives it.
void decode(const Vocab& vocab, std::span<const std::uint32_t> token_ids, bool skip_special_tokens, std::string& out);

}  // namespace fastfront
