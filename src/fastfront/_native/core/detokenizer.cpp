// SPDX-License-Identifier: Apache-2.0
#include "detokenizer.hpp"

#include <algorithm>
#include <utility>

namespace fastfront {

namespace {

constexpr std::size_t kKeptCapacity = 1024;

/// A whole character other than U+FFFD ends `bytes`. Decided by its last four bytes: a lead byte always begins anew.
bool ends_with_character(std::string_view bytes) noexcept {
    std::size_t length = 1;
    while (length < bytes.size() && length < 4 &&
           (static_cast<std::uint8_t>(bytes[bytes.size() - length]) & 0xC0) == 0x80) {
        ++length;
    }
    const std::string_view last = bytes.substr(bytes.size() - std::min(length, bytes.size()));
    return !last.empty() && is_valid_utf8(last) && last != kReplacementCharacter;
}

void append_replacements(std::string& text, std::size_t count) {
    for (; count > 0; --count) text.append(kReplacementCharacter);
}

}  // namespace

void TokenText::append(const Token& token, DecoderFamily family) {
    if (family == DecoderFamily::byte_level) {
        append_lossy(utf8_, token.bytes, text_);
    } else if (token.flags & token_flag::kByte) {
        append_byte(token.bytes.front());
    } else {
        close_run();
        text_.append(token.bytes);
    }
}

void TokenText::append_byte(char byte) {
    if (run_ == Run::none) {
        run_ = Run::valid;
        run_begin_ = text_.size();
    }
    if (run_ == Run::invalid) {
        text_.append(kReplacementCharacter);
        return;
    }
    text_.push_back(byte);
    if (!utf8_.feed(static_cast<std::uint8_t>(byte))) invalidate_run();
}

void TokenText::invalidate_run() {
    const std::size_t count = text_.size() - run_begin_;
    text_.resize(run_begin_);
    append_replacements(text_, count);
    run_ = Run::invalid;
}

bool TokenText::close_run() {
    if (run_ == Run::valid && !utf8_.complete()) invalidate_run();
    const bool invalid = run_ == Run::invalid;
    run_ = Run::none;
    utf8_.reset();
    return invalid;
}

void TokenText::finish(DecoderFamily family) {
    if (family == DecoderFamily::byte_level) {
        finish_lossy(utf8_, text_);
    } else {
        close_run();
    }
}

bool TokenText::settled() const noexcept {
    return !text_.empty() && utf8_.complete() && !std::string_view(text_).ends_with(kReplacementCharacter);
}

void TokenText::clear() noexcept {
    text_.clear();
    // A prompt may have been held back: do not keep its memory for the rest of the stream.
    if (text_.capacity() > kKeptCapacity) std::string().swap(text_);
    run_ = Run::none;
    utf8_.reset();
}

Detokenizer::Detokenizer(std::shared_ptr<const Vocab> vocab, DetokenizerOptions options) noexcept
    : vocab_(std::move(vocab)),
      mask_(options.skip_special_tokens ? token_flag::kComplete | token_flag::kSpecial : token_flag::kComplete) {
    // vLLM looks at spaces_between_special_tokens only where special tokens are shown.
    if (!options.skip_special_tokens && !options.spaces_between_special_tokens) state_ = kWatchAdded;
    restart();
}

void Detokenizer::restart() noexcept {
    held_.clear();
    state_ &= kWatchAdded;
    if (vocab_->strips_leading_space()) state_ |= kNoContext;
}

void Detokenizer::hold_all(std::span<const std::uint32_t> tokens) {
    restart();
    for (const std::uint32_t id : tokens) {
        const Token token = vocab_->token(id);
        if (visible(token)) held_.append(token, vocab_->family());
    }
    state_ |= kHolding;
}

bool Detokenizer::prime(std::span<const std::uint32_t> tail, bool whole) {
    restart();
    last_was_added_ = false;
    return vocab_->family() == DecoderFamily::byte_level ? prime_byte_level(tail, whole)
                                                         : prime_byte_fallback(tail, whole);
}

bool Detokenizer::prime_byte_level(std::span<const std::uint32_t> tail, bool whole) {
    std::string last;  // the last bytes of the prompt, in reverse
    for (std::size_t i = tail.size(); i > 0 && last.size() < 4; --i) {
        const Token token = vocab_->token(tail[i - 1]);
        if (!visible(token)) continue;
        for (std::size_t j = token.bytes.size(); j > 0 && last.size() < 4; --j) last.push_back(token.bytes[j - 1]);
    }
    std::reverse(last.begin(), last.end());
    if (ends_with_character(last)) return true;
    if (!whole) return false;
    if (!last.empty()) hold_all(tail);
    return true;
}

bool Detokenizer::prime_byte_fallback(std::span<const std::uint32_t> tail, bool whole) {
    std::size_t left = tail.size();
    const auto previous_visible = [&]() -> Token {  // without flags at the beginning of the tail
        while (left > 0) {
            const Token token = vocab_->token(tail[--left]);
            if (visible(token)) return token;
        }
        return {};
    };

    Token token = previous_visible();
    bool run_is_over = false;
    for (; token.flags != 0 && token.bytes.empty(); token = previous_visible()) run_is_over = true;
    if (token.flags == 0) return whole;  // a prompt without text is no context
    if (token.flags & token_flag::kComplete) {
        state_ &= static_cast<std::uint8_t>(~kNoContext);
        return true;
    }
    std::string run;
    for (; token.flags & token_flag::kByte; token = previous_visible()) run.push_back(token.bytes.front());
    if (token.flags == 0 && !whole) return false;  // the run may have begun before
    std::reverse(run.begin(), run.end());
    if (!is_valid_utf8(run) || !ends_with_character(run)) {
        if (whole) hold_all(tail);
        return whole;
    }
    std::uint8_t context = run_is_over ? 0 : kContextInRun;
    if (!run_is_over && run == " " && vocab_->strips_leading_space()) {
        while (token.flags != 0 && token.bytes.empty()) token = previous_visible();
        if (token.flags == 0 && !whole) return false;
        if (token.flags == 0) context |= kContextIsSpace;
    }
    state_ = static_cast<std::uint8_t>((state_ & kWatchAdded) | context);
    return true;
}

void Detokenizer::push_slowly(const Token& token, std::uint32_t token_id, std::string& out) noexcept {
    const std::size_t begin = out.size();
    if (visible(token)) {
        if (vocab_->family() == DecoderFamily::byte_level) {
            step_byte_level(token, out);
        } else {
            step_byte_fallback(token, out);
        }
    }
    if (state_ & kWatchAdded) {
        const bool is_added = (token.flags & token_flag::kAdded) != 0;
        if (is_added && last_was_added_) {
            // vLLM puts the raw content in place of what the step gave out, even of text that had been held back.
            out.resize(begin);
            out.append(vocab_->added_content(token_id));
        }
        last_was_added_ = is_added;
    }
}

void Detokenizer::step_byte_level(const Token& token, std::string& out) {
    held_.append(token, DecoderFamily::byte_level);
    if (held_.settled()) {
        out.append(held_.text());
        held_.clear();
        state_ &= kWatchAdded;
    } else if (!held_.text().empty()) {
        state_ |= kHolding;
    }
}

void Detokenizer::step_byte_fallback(const Token& token, std::string& out) {
    if ((token.flags & token_flag::kByte) == 0) {
        // A run that is still open when kContextInRun is set can only be the context's, going on.
        const bool run_was_invalid = held_.close_run();
        if (run_was_invalid && (state_ & kContextIsSpace)) {
            // The context's text is "", with which every text begins: its byte comes out as one more U+FFFD.
            held_.text().insert(0, kReplacementCharacter);
        } else if (run_was_invalid && (state_ & kContextInRun)) {
            state_ |= kBrokenContext;
        }
        state_ &= static_cast<std::uint8_t>(~(kContextInRun | kContextIsSpace));
    }
    held_.append(token, DecoderFamily::byte_fallback);
    if (!held_.settled()) {
        if (!held_.text().empty()) state_ |= kHolding;
        return;
    }
    if (state_ & kBrokenContext) {
        restart();
        step_byte_fallback(token, out);  // at most once: the new stream has no context
        return;
    }
    std::string_view text = held_.text();
    const bool is_space = vocab_->strips_leading_space() && text == " ";
    if ((state_ & kNoContext) && text.front() == ' ') text.remove_prefix(1);
    out.append(text);
    state_ &= kWatchAdded;
    if (held_.in_run()) state_ |= static_cast<std::uint8_t>(kContextInRun | (is_space ? kContextIsSpace : 0));
    held_.clear();
}

void decode(const Vocab& vocab, std::span<const std::uint32_t> token_ids, bool skip_special_tokens, std::string& out) {
    TokenText decoded;
    for (const std::uint32_t id : token_ids) {
        const Token token = vocab.token(id);
        const bool hidden = token.flags == 0 || (skip_special_tokens && (token.flags & token_flag::kSpecial));
        if (!hidden) decoded.append(token, vocab.family());
    }
    decoded.finish(vocab.family());
    std::string_view text = decoded.text();
    if (vocab.strips_leading_space() && text.starts_with(' ')) text.remove_prefix(1);
    out.append(text);
}

}  // namespace fastfront
