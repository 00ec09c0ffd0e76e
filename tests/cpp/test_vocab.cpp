// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "vocab.hpp"

using namespace fastfront;

namespace {

/// The bytes and flags of the only token of a vocabulary.
Token token_of(DecoderFamily family, std::string_view text) {
    static std::shared_ptr<const Vocab> vocab;
    VocabBuilder builder(family);
    REQUIRE(builder.add_token(3, text));
    vocab = builder.build();
    return vocab->token(3);
}

constexpr auto kLevel = DecoderFamily::byte_level;
constexpr auto kFallback = DecoderFamily::byte_fallback;
constexpr std::uint8_t kText = token_flag::kKnown | token_flag::kComplete;

}  // namespace

TEST_CASE("byte-level chars stand for bytes") {
    CHECK(token_of(kLevel, "\xC4\xA0the").bytes == " the");                       // Ġ
    CHECK(token_of(kLevel, "\xC4\x8A").bytes == "\n");                            // Ċ
    CHECK(token_of(kLevel, "\xC3\xA4\xC2\xBD\xC5\x82").bytes == "\xE4\xBD\xA0");  // ä½ł
    CHECK(token_of(kLevel, "\xC5\x83").bytes == "\xAD");                          // Ń, the last of the alphabet
    CHECK(token_of(kLevel, "\xC5\x84").bytes == "\xC5\x84");                      // ń, behind it
}

TEST_CASE("a byte-level token with one foreign char is its own UTF-8") {
    CHECK(token_of(kLevel, "<a b>").bytes == "<a b>");
    CHECK(token_of(kLevel, "\xC3\xA9 ").bytes == "\xC3\xA9 ");
    CHECK(token_of(kLevel, "<\xEF\xBD\x9Cx>").bytes == "<\xEF\xBD\x9Cx>");
    CHECK(token_of(kLevel, "\xF0\x9F\x98\x80").bytes == "\xF0\x9F\x98\x80");
}

TEST_CASE("what is complete, visible text by itself is flagged") {
    CHECK(token_of(kLevel, "a").flags == kText);
    CHECK(token_of(kLevel, "\xC3\xA4").flags == token_flag::kKnown);                  // byte 0xE4
    CHECK(token_of(kLevel, "a\xC3\xA4").flags == token_flag::kKnown);                 // a, 0xE4
    CHECK(token_of(kLevel, "\xC3\xAF\xC2\xBF\xC2\xBD").flags == token_flag::kKnown);  // U+FFFD's bytes
    CHECK(token_of(kLevel,
                   "\xC3\xAF\xC2\xBF\xC2\xBD"
                   "a")
              .flags == kText);
    CHECK(token_of(kLevel, "").flags == token_flag::kKnown);
    CHECK(token_of(kFallback, "a\xEF\xBF\xBD").flags == token_flag::kKnown);
    CHECK(token_of(kFallback,
                   "\xEF\xBF\xBD"
                   "a")
              .flags == kText);
}

TEST_CASE("byte fallback: metaspaces become spaces, <0xXX> a byte") {
    CHECK(token_of(kFallback, "\xE2\x96\x81the\xE2\x96\x81").bytes == " the ");
    CHECK(token_of(kFallback, "\xE2\x96\x82").bytes == "\xE2\x96\x82");
    CHECK(token_of(kFallback, "<0xE4>").bytes == "\xE4");
    CHECK(token_of(kFallback, "<0xE4>").flags == (token_flag::kKnown | token_flag::kByte));
    CHECK(token_of(kFallback, "<0xe4>").bytes == "\xE4");
    CHECK(token_of(kFallback, "<0x0A>").bytes == "\n");
    CHECK(token_of(kFallback, "<0x+F>").bytes == "\x0F");  // Rust's from_str_radix takes a sign
    for (const std::string_view text :
         {"<0xZZ>", "<0xE4", "<0xE4>>", "<0x-1>", "<0xE+>", "0xE4>>", "<0X41>", "<0xE>"}) {
        CHECK(token_of(kFallback, text).bytes == text);
        CHECK(token_of(kFallback, text).flags == kText);
    }
}

TEST_CASE("an id outside the vocabulary, or in a hole of it, has no token") {
    VocabBuilder builder;
    REQUIRE(builder.add_token(5, "a"));
    REQUIRE(builder.add_token(2, "b"));
    const auto vocab = builder.build();
    CHECK(vocab->size() == 6);
    for (const std::uint32_t id : {0U, 3U, 6U, 0xFFFFFFFFU}) {
        CHECK(vocab->token(id).flags == 0);
        CHECK(vocab->token(id).bytes.empty());
    }
    CHECK(vocab->token(2).bytes == "b");
    CHECK(vocab->token(5).bytes == "a");
}

TEST_CASE("an id is given once, and below the bound") {
    VocabBuilder builder;
    CHECK(builder.add_token(1, "a"));
    CHECK_FALSE(builder.add_token(1, "b"));
    CHECK_FALSE(builder.add_token(Vocab::kMaxTokenId, "c"));
    CHECK_FALSE(builder.add_added_token(Vocab::kMaxTokenId, "c", "c", false));
    CHECK_FALSE(builder.add_token(2, std::string(1 << 24, 'x')));
    CHECK_FALSE(builder.add_added_token(2, "x", std::string(1 << 24, 'x'), false));
    const auto vocab = builder.build();
    CHECK(vocab->size() == 2);
    CHECK(vocab->token(1).bytes == "a");
}

TEST_CASE("an added token takes the place of the model's, and keeps its raw content") {
    VocabBuilder builder(kFallback);
    REQUIRE(builder.add_token(1, "a"));
    REQUIRE(builder.add_token(0, "b"));
    REQUIRE(builder.add_added_token(7, "\xE2\x96\x81x", "x", false));
    REQUIRE(builder.add_added_token(1, "<s>", "<s>", true));
    REQUIRE(builder.add_added_token(7, "\xE2\x96\x81y", "y", false));
    const auto vocab = builder.build();
    CHECK(vocab->token(1).bytes == "<s>");
    CHECK(vocab->token(1).flags == (kText | token_flag::kAdded | token_flag::kSpecial));
    CHECK(vocab->token(7).bytes == " y");
    CHECK(vocab->token(7).flags == (kText | token_flag::kAdded));
    CHECK(vocab->added_content(1) == "<s>");
    CHECK(vocab->added_content(7) == "y");
    CHECK(vocab->added_content(0).empty());
    CHECK(vocab->added_content(8).empty());
}

TEST_CASE("a builder is empty after build") {
    VocabBuilder builder;
    REQUIRE(builder.add_token(1, "a"));
    CHECK(builder.build()->size() == 2);
    CHECK(builder.build()->size() == 0);
}

TEST_CASE("a text is taken as it stands, whatever the family") {
    for (const DecoderFamily family : {kLevel, kFallback}) {
        VocabBuilder builder(family);
        REQUIRE(builder.add_text(1, "\xC4\xA0\xE2\x96\x81"));  // Ġ▁
        REQUIRE(builder.add_text(2, "<0x41>"));
        REQUIRE(builder.add_text(3, ""));
        CHECK_FALSE(builder.add_text(2, "twice"));
        CHECK_FALSE(builder.add_text(Vocab::kMaxTokenId, "beyond"));
        const auto vocab = builder.build();
        CHECK(vocab->token(1).bytes == "\xC4\xA0\xE2\x96\x81");
        CHECK(vocab->token(2).bytes == "<0x41>");
        CHECK(vocab->token(2).flags == kText);
        CHECK(vocab->token(3).flags == token_flag::kKnown);
    }
}
