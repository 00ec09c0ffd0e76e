// SPDX-License-Identifier: Apache-2.0
// Invariant: every step of Detokenizer gives what DecodeStream, decoding its whole window anew, gives under vLLM's
// resets.
//
// The first input bytes choose the decoder, the options and the length of the prompt; every other one is a token.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "detokenizer.hpp"

using namespace fastfront;

namespace {

const std::string kBad(kReplacementCharacter);

struct Piece {
    std::string text;  // what the token contributes
    bool byte = false;
    bool special = false;
    bool added = false;
};

/// A decoder's vocabulary twice: as pieces for the slow version and as a Vocab.
struct Model {
    DecoderFamily family;
    bool strip;
    std::vector<Piece> pieces;
    std::shared_ptr<const Vocab> vocab;
};

Model make_model(DecoderFamily family, bool strip) {
    Model model{family, strip, {}, nullptr};
    VocabBuilder builder(family, strip);
    const bool level = family == DecoderFamily::byte_level;
    const auto add = [&](std::string_view token, const Piece& piece) {
        const auto id = static_cast<std::uint32_t>(model.pieces.size());
        const bool done =
            piece.added ? builder.add_added_token(id, token, "raw", piece.special) : builder.add_token(id, token);
        if (!done) std::abort();
        model.pieces.push_back(piece);
    };
    for (const unsigned byte : {0x0Au, 0x20u, 0x41u, 0x7Fu, 0x80u, 0x8Fu, 0x90u, 0x9Fu, 0xA0u, 0xBDu,
                                0xBFu, 0xC2u, 0xC3u, 0xE0u, 0xE4u, 0xEDu, 0xEFu, 0xF0u, 0xF4u, 0xFFu}) {
        char token[8];
        std::snprintf(token, sizeof token, "<0x%02X>", byte);
        const std::string text(1, static_cast<char>(byte));
        // In the byte-level alphabet the bytes from 0xAE on and the printable ones of ASCII stand for themselves; the
        // others are the code points from U+0100 on, 0x00 to 0x20, then 0x7F to 0xA0.
        const unsigned code = byte <= 0x20 ? 0x100 + byte : byte >= 0x7F && byte <= 0xA0 ? 0xA2 + byte : byte;
        const std::string two{static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
        add(!level ? token : code < 0x80 ? text : two, {text, !level});
    }
    if (level) {
        add("\xC4\xA0the", {" the"});
        add("\xC3\xA4\xC2\xBD", {"\xE4\xBD"});
        add("\xC5\x82"
            "a",
            {"\xA0"
             "a"});
        add("\xC3\xAF\xC2\xBF\xC2\xBD", {kBad});
        add("a b", {"a b"});
    } else {
        add("\xE2\x96\x81the", {" the"});
        add("\xE2\x96\x81", {" "});
        add("\xE4\xBD\xA0", {"\xE4\xBD\xA0"});
        add(kBad, {kBad});
        add("a" + kBad, {"a" + kBad});
    }
    add("", {""});
    add("<s>", {"<s>", false, true, true});
    add("<think>", {"<think>", false, false, true});
    add(kBad, {kBad, false, false, true});
    model.vocab = builder.build();
    return model;
}

/// `bytes` is one whole character, by the definition of UTF-8.
bool is_character(std::string_view bytes) {
    const auto at = [bytes](std::size_t i) { return static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i])); };
    const std::uint32_t lead = bytes.empty() ? 0xFF : at(0);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0 || bytes.size() != length) return false;
    std::uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if (at(i) >> 6 != 2) return false;
        code = code << 6 | (at(i) & 0x3F);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= smallest[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
}

/// How many bytes at the beginning of `bytes` are one character (`whole`) or the longest beginning of one.
std::size_t character_length(std::string_view bytes, bool& whole) {
    std::size_t longest = 1;
    for (std::size_t length = 1; length <= 4 && length <= bytes.size(); ++length) {
        const std::string begin(bytes.substr(0, length));
        whole = is_character(begin);
        if (whole) return length;
        for (std::size_t more = 1; length + more <= 4; ++more) {
            // The smallest or the greatest of what could follow makes a character, or nothing does.
            if (is_character(begin + std::string(more, '\x80')) || is_character(begin + std::string(more, '\xBF'))) {
                longest = length;
            }
        }
    }
    return longest;
}

std::string lossy(std::string_view bytes, bool one_each) {
    std::string text;
    bool invalid = false;
    for (std::size_t i = 0; i < bytes.size();) {
        bool whole = false;
        const std::size_t length = character_length(bytes.substr(i), whole);
        text += whole ? std::string(bytes.substr(i, length)) : kBad;
        invalid |= !whole;
        i += length;
    }
    if (!invalid || !one_each) return text;
    text.clear();
    for (std::size_t i = 0; i < bytes.size(); ++i) text += kBad;
    return text;
}

std::string slow_decode(const Model& model, const std::vector<std::uint32_t>& ids, bool skip) {
    const bool level = model.family == DecoderFamily::byte_level;
    std::string text;
    std::string run;
    for (const std::uint32_t id : ids) {
        if (id >= model.pieces.size() || (skip && model.pieces[id].special)) continue;
        const Piece& piece = model.pieces[id];
        if (level || piece.byte) {
            run += piece.text;
        } else {
            text += lossy(run, true) + piece.text;
            run.clear();
        }
    }
    text += lossy(run, !level);
    return model.strip && text.starts_with(' ') ? text.substr(1) : text;
}

/// `tokenizers`' DecodeStream inside vLLM's FastIncrementalDetokenizer.
class SlowDetokenizer {
  public:
    SlowDetokenizer(const Model& model, DetokenizerOptions options, std::vector<std::uint32_t> prompt)
        : model_(model), options_(options), ids_(std::move(prompt)) {}

    std::string push(std::uint32_t id) {
        std::string text;
        if (!step(id, text)) {
            ids_.clear();
            prefix_.clear();
            prefix_index_ = 0;
            if (!step(id, text)) std::abort();
        }
        const bool added = id < model_.pieces.size() && model_.pieces[id].added;
        const bool replaces = !options_.skip_special_tokens && !options_.spaces_between_special_tokens;
        if (replaces && added && last_added_) text = "raw";
        last_added_ = added;
        return text;
    }

  private:
    [[nodiscard]] bool step(std::uint32_t id, std::string& text) {
        const auto decoded = [this] { return slow_decode(model_, ids_, options_.skip_special_tokens); };
        if (prefix_.empty() && !ids_.empty() && !decoded().ends_with(kBad)) {
            prefix_ = decoded();
            prefix_index_ = ids_.size();
        }
        ids_.push_back(id);
        const std::string window = decoded();
        if (window.size() <= prefix_.size() || window.ends_with(kBad)) return true;
        if (!window.starts_with(prefix_)) return false;
        text = window.substr(prefix_.size());
        const std::size_t index = ids_.size() - prefix_index_;
        ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(prefix_index_));
        prefix_ = decoded();
        prefix_index_ = index;
        return true;
    }

    const Model& model_;
    DetokenizerOptions options_;
    std::vector<std::uint32_t> ids_;
    std::string prefix_;
    std::size_t prefix_index_ = 0;
    bool last_added_ = false;
};

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "violated: %s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Model models[] = {make_model(DecoderFamily::byte_level, false),
                                   make_model(DecoderFamily::byte_fallback, false),
                                   make_model(DecoderFamily::byte_fallback, true)};
    if (size < 3) return 0;
    const Model& model = models[data[0] % 3];
    const DetokenizerOptions options{.skip_special_tokens = (data[1] & 1) != 0,
                                     .spaces_between_special_tokens = (data[1] & 2) != 0};
    std::vector<std::uint32_t> ids;
    // The slow version is quadratic. One id beyond the pieces is an unknown token.
    for (const std::uint8_t byte : std::span(data + 3, std::min<std::size_t>(size - 3, 256))) {
        ids.push_back(byte % static_cast<std::uint32_t>(model.pieces.size() + 1));
    }
    const std::size_t prompt_size = data[2] % (std::min<std::size_t>(ids.size(), 24) + 1);
    const std::vector<std::uint32_t> prompt(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(prompt_size));

    Detokenizer fast(model.vocab, options);
    std::size_t tail = std::min<std::size_t>(data[1] >> 2, prompt.size());
    while (!fast.prime(std::span(prompt).last(tail), tail == prompt.size())) {
        require(tail < prompt.size(), "a whole prompt decides");
        ++tail;
    }
    SlowDetokenizer slow(model, options, prompt);
    for (const std::uint32_t id : std::span(ids).subspan(prompt_size)) {
        std::string text;
        fast.push(id, text);
        require(text == slow.push(id), "the text of a step");
    }
    std::string whole;
    decode(*model.vocab, ids, options.skip_special_tokens, whole);
    require(whole == slow_decode(model, ids, options.skip_special_tokens), "the text of the whole");
    return 0;
}
