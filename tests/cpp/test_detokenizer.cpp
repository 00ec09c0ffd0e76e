// SPDX-License-Identifier: Apache-2.0
// What each rule of DecodeStream comes to, by example. tests/native and fuzz/ compare with slow versions at large.
#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detokenizer.hpp"

using namespace fastfront;

namespace {

const std::string R(kReplacementCharacter);

// Ids 0..255 are the bytes, in both families; then:
constexpr std::uint32_t kSpecial = 256, kAdded = 257, kThe = 258, kSpace = 259, kReplacement = 260, kEmpty = 261,
                        kNone = 262;

std::string byte_token(DecoderFamily family, std::uint32_t byte) {
    if (family == DecoderFamily::byte_fallback) {
        constexpr std::string_view digits = "0123456789ABCDEF";
        return std::string("<0x") + digits[byte >> 4] + digits[byte & 15] + ">";
    }
    // Byte-level: printable bytes for themselves, the others from U+0100 on.
    const auto printable = [](std::uint32_t b) { return (b > 0x20 && b < 0x7F) || (b > 0xA0 && b != 0xAD); };
    std::uint32_t code = byte;
    if (!printable(byte)) {
        code = 0x100;
        for (std::uint32_t other = 0; other < byte; ++other) code += printable(other) ? 0 : 1;
    }
    if (code < 0x80) return {static_cast<char>(code)};
    return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

using VocabPtr = std::shared_ptr<const Vocab>;

VocabPtr make_vocab(DecoderFamily family, bool strips) {
    VocabBuilder builder(family, strips);
    const bool is_level = family == DecoderFamily::byte_level;
    for (std::uint32_t byte = 0; byte < 256; ++byte) REQUIRE(builder.add_token(byte, byte_token(family, byte)));
    REQUIRE(builder.add_token(kThe, is_level ? "\xC4\xA0the" : "\xE2\x96\x81the"));
    REQUIRE(builder.add_token(kSpace, is_level ? "\xC4\xA0" : "\xE2\x96\x81"));
    REQUIRE(builder.add_token(kReplacement, is_level ? "\xC3\xAF\xC2\xBF\xC2\xBD" : R));
    REQUIRE(builder.add_token(kEmpty, ""));
    REQUIRE(builder.add_added_token(kSpecial, "<s>", "<s>", true));
    REQUIRE(builder.add_added_token(kAdded, is_level ? "\xC3\xA9" : "\xE2\x96\x81x", "raw", false));
    return builder.build();
}

VocabPtr level() {
    static const VocabPtr vocab = make_vocab(DecoderFamily::byte_level, false);
    return vocab;
}

VocabPtr fallback() {
    static const VocabPtr vocab = make_vocab(DecoderFamily::byte_fallback, false);
    return vocab;
}

VocabPtr strip() {
    static const VocabPtr vocab = make_vocab(DecoderFamily::byte_fallback, true);
    return vocab;
}

using Ids = std::vector<std::uint32_t>;

/// A stream under test: pushes ids one by one and shows each step's text between bars.
class Stream {
  public:
    explicit Stream(VocabPtr vocab, DetokenizerOptions options = {}, const Ids& prompt = {})
        : detokenizer_(std::move(vocab), options) {
        REQUIRE(detokenizer_.prime(prompt, true));
    }

    std::string push(const Ids& ids) {
        std::string steps;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            if (i > 0) steps += '|';
            detokenizer_.push(ids[i], steps);
        }
        return steps;
    }

  private:
    Detokenizer detokenizer_;
};

constexpr DetokenizerOptions kShow{.skip_special_tokens = false};
constexpr DetokenizerOptions kNoSpaces{.skip_special_tokens = false, .spaces_between_special_tokens = false};

}  // namespace

TEST_CASE("complete tokens come out at once, in every family") {
    for (const auto& vocab : {level(), fallback()})
        CHECK(Stream(vocab).push({kThe, 'a', kSpace, kThe}) == " the|a| | the");
    CHECK(Stream(strip()).push({kThe, kThe}) == "the| the");
}

TEST_CASE("a character cut between tokens is held back until it is whole") {
    for (const auto& vocab : {level(), fallback(), strip()}) {
        CHECK(Stream(vocab).push({'a', 0xE4, 0xBD, 0xA0, 'b'}) == "a|||\xE4\xBD\xA0|b");
        CHECK(Stream(vocab).push({0xF0, 0x9F, 0x98, 0x80, kThe}) == "|||\xF0\x9F\x98\x80| the");
    }
}

TEST_CASE("special tokens are passed over in the middle of a character, unknown ids always") {
    for (const auto& vocab : {level(), fallback()}) {
        CHECK(Stream(vocab).push({0xC3, kSpecial, kNone, 0xA9, kSpecial}) == "|||\xC3\xA9|");
        CHECK(Stream(vocab, kShow).push({'a', kNone, 0xFFFFFFFF, kSpecial}) == "a|||<s>");
    }
    CHECK(Stream(level(), kShow).push({0xC3, kSpecial, 0xA9, 'a'}) == "|" + R + "<s>||" + R + "a");
}

TEST_CASE("byte level: text that ends in U+FFFD waits, invalid bytes come out with what follows") {
    CHECK(Stream(level()).push({'a', kReplacement, kReplacement, 'b'}) == "a|||" + R + R + "b");
    CHECK(Stream(level()).push({'a', 0xFF, 0x80, 'b', 'c'}) == "a|||" + R + R + "b|c");
    CHECK(Stream(level()).push({0xE4, 0xBD, 'b'}) == "||" + R + "b");
}

TEST_CASE("byte fallback: a run of bytes is text as a whole, or one U+FFFD each") {
    CHECK(Stream(fallback()).push({kThe, 0xE4, 0xBD, kThe}) == " the|||" + R + R + " the");
    CHECK(Stream(fallback()).push({kThe, 0xFF, 'a', kThe}) == " the|||" + R + R + " the");
    CHECK(Stream(fallback()).push({kThe, 0xFF, kEmpty, 'a'}) == " the|||" + R + "a");  // an empty token ends a run
    CHECK(Stream(fallback()).push({kThe, 0xFF, kNone, 'a', kThe}) == " the||||" + R + R + " the");
}

TEST_CASE("byte fallback: a run that goes on from shown text and breaks is lost, and a new stream begins") {
    CHECK(Stream(fallback()).push({kThe, 'a', 0xFF, kThe, kThe}) == " the|a|| the| the");
    CHECK(Stream(strip()).push({kThe, 'a', 0xFF, kThe, kThe}) == "the|a||the| the");
    // The token that shows the damage may be in the middle of a character: the new stream begins there.
    CHECK(Stream(fallback()).push({'a', 0xFF, kReplacement, 0xC3, 0xA9, kThe}) == "a|||||" + R + " the");
    CHECK(Stream(fallback()).push({'a', 0xFF, kEmpty, 'b'}) == "a|||b");
}

TEST_CASE("strip: the first space is dropped for as long as nothing was shown") {
    CHECK(Stream(strip()).push({kSpace, kSpace, kThe}) == "| | the");
    CHECK(Stream(strip()).push({kSpecial, kEmpty, kThe}) == "||the");
    CHECK(Stream(strip(), {}, {kSpecial}).push({kThe}) == "the");
    CHECK(Stream(strip(), {}, {kThe}).push({kThe}) == " the");
    CHECK(Stream(strip(), {}, {kSpace}).push({kThe}) == " the");
    CHECK(Stream(strip()).push({' ', 'a'}) == "|a");
}

TEST_CASE("strip: behind a lone byte 0x20, a broken run comes out with that byte's U+FFFD") {
    CHECK(Stream(strip()).push({' ', 0xFF, kThe}) == "||" + R + R + " the");
    CHECK(Stream(strip()).push({kThe, ' ', 0xFF, kThe}) == "the| ||" + R + R + " the");
    CHECK(Stream(fallback()).push({kThe, ' ', 0xFF, kThe}) == " the| || the");
    CHECK(Stream(strip(), {}, {' '}).push({0xFF, kThe}) == "|" + R + R + " the");
    CHECK(Stream(strip(), {}, {kThe, ' '}).push({0xFF, kThe}) == "|the");
}

TEST_CASE("a prompt whose text ends in U+FFFD comes out with the first complete token") {
    for (const auto& vocab : {level(), fallback()}) {
        CHECK(Stream(vocab, {}, {kThe, 0xC3}).push({0xA9, 'a'}) == " the\xC3\xA9|a");
        CHECK(Stream(vocab, {}, {kThe, kReplacement}).push({kNone, kThe}) == "| the" + R + " the");
    }
    CHECK(Stream(strip(), {}, {kThe, 0xFF}).push({kThe}) == "the" + R + " the");
}

TEST_CASE("raw content stands in for added tokens that follow each other") {
    CHECK(Stream(fallback(), kShow).push({kAdded, kAdded, kSpecial}) == " x| x|<s>");
    CHECK(Stream(fallback(), kNoSpaces).push({kAdded, kAdded, kSpecial, kAdded}) == " x|raw|<s>|raw");
    CHECK(Stream(fallback(), kNoSpaces).push({kAdded, kNone, kAdded, kThe, kAdded}) == " x|| x| the| x");
    CHECK(Stream(level(), kNoSpaces).push({kAdded, kAdded, kAdded, 'a'}) == "|raw|raw|" + R + R + R + "a");
    constexpr DetokenizerOptions ignored{.skip_special_tokens = true, .spaces_between_special_tokens = false};
    CHECK(Stream(fallback(), ignored).push({kAdded, kAdded}) == " x| x");
}

TEST_CASE("a tail decides where the whole prompt would decide the same, or asks for more") {
    const std::vector<Ids> prompts{
        {kThe, 'a'},
        {kThe, kThe},
        {kThe, 0xC3, 0xA9},
        {kThe, 0xC3},
        {kThe, kSpecial, kSpecial},
        {kSpecial, kSpecial},
        {kThe, ' '},
        {' '},
        {kSpace},
        {kSpace, ' '},
        {kEmpty, ' '},
        {kThe, kEmpty, ' '},
        {' ', kEmpty},
        {'a', 'b', kEmpty},
        {0xFF, 'a', 'b', 'c', 'd', 'e'},
        {0xF0, 0x9F, 0x98, 0x80},
        {0xC3, 0xA9, kEmpty},
        {kThe, kReplacement},
        {},
    };
    const std::vector<Ids> streams{{kThe}, {0xFF, kThe}, {0xA9, kThe}, {kSpace, kThe}, {kEmpty, 0xFF, kThe}};
    int short_tails = 0;
    for (const auto& vocab : {level(), fallback(), strip()}) {
        for (const Ids& prompt : prompts) {
            for (std::size_t count = 0; count <= prompt.size(); ++count) {
                Detokenizer primed(vocab);
                if (!primed.prime(std::span(prompt).last(count), false)) {
                    ++short_tails;
                    continue;
                }
                for (const Ids& stream : streams) {
                    Detokenizer detokenizer = primed;
                    std::string text;
                    for (const std::uint32_t id : stream) detokenizer.push(id, text += '|');
                    CHECK('|' + Stream(vocab, {}, prompt).push(stream) == text);
                }
            }
        }
    }
    CHECK(short_tails > 0);
    Detokenizer usual(strip());
    CHECK(usual.prime(Ids{kThe}, false));
    CHECK(usual.prime(Ids{kThe, '\n'}, false));
    CHECK_FALSE(usual.prime(Ids{kSpecial}, false));
    CHECK_FALSE(usual.prime(Ids{'a'}, false));  // the run of bytes may have begun before
}

TEST_CASE("priming again starts over") {
    Detokenizer detokenizer(strip(), kNoSpaces);
    std::string text;
    for (const std::uint32_t id : {kThe, kAdded, 'a' + 0U, 0xFFU}) detokenizer.push(id, text);
    REQUIRE(detokenizer.prime({}, true));
    text.clear();
    detokenizer.push(kAdded, text);
    CHECK(text == "x");
}

TEST_CASE("a long run of what is held back takes linear time and comes out whole") {
    constexpr std::size_t count = 300'000;
    for (const auto& vocab : {level(), fallback()}) {
        Stream stream(vocab);
        CHECK(stream.push({kThe}) == " the");
        CHECK(stream.push(Ids(count, 0xFF)).size() == count - 1);  // only the bars
        CHECK(stream.push(Ids(count, kSpecial)).size() == count - 1);
        CHECK(stream.push({kThe}).size() == 3 * count + 4);
        CHECK(stream.push({'a'}) == "a");
    }
}

TEST_CASE("decode gives the text of a whole sequence") {
    const auto decoded = [](const VocabPtr& vocab, const Ids& ids, bool skip) {
        std::string text;
        decode(*vocab, ids, skip, text);
        return text;
    };
    CHECK(decoded(level(), {kThe, 0xE4, 0xBD, kSpecial, kNone}, true) == " the" + R);
    CHECK(decoded(level(), {kThe, 0xC3, kSpecial, 0xA9}, false) == " the" + R + "<s>" + R);
    CHECK(decoded(fallback(), {kThe, 0xE4, 0xBD}, true) == " the" + R + R);
    CHECK(decoded(fallback(), {0xC3, kSpecial, 0xA9}, true) == "\xC3\xA9");
    CHECK(decoded(strip(), {kThe, kThe}, true) == "the the");
    CHECK(decoded(strip(), {kSpace, kSpace}, true) == " ");
    CHECK(decoded(strip(), {}, true).empty());
}
