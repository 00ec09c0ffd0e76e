// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "parsers/regex.hpp"
#include "parsers/regex_search.hpp"

using namespace fastfront;

namespace {

Regex compiled(std::string_view pattern) {
    std::string error;
    auto regex = Regex::compile(pattern, error);
    INFO(pattern, ": ", error);
    REQUIRE(regex);
    return *regex;
}

std::string refused(std::string_view pattern) {
    std::string error;
    CHECK_FALSE(Regex::compile(pattern, error));
    return error;
}

/// The match in a text that comes character by character, and in all of it at once: they have to be the same. "-":
/// none.
std::string found(const Regex& regex, std::string_view text) {
    const auto shown = [&](RegexSearch& search, RegexSearch::State state) {
        if (state != RegexSearch::State::found) return std::string("-");
        return std::to_string(search.start()) + ":" +
               std::string(text.substr(search.start(), search.end() - search.start()));
    };
    RegexSearch at_once(regex);
    at_once.begin(0, 0);
    const std::string expected = shown(at_once, at_once.run(text, 0, true));
    RegexSearch slowly(regex);
    slowly.begin(0, 0);
    auto state = RegexSearch::State::none;
    for (std::size_t end = 0; end <= text.size() && state != RegexSearch::State::found; ++end) {
        if (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) continue;
        state = slowly.run(text.substr(0, end), 0, false);
    }
    if (state != RegexSearch::State::found) state = slowly.run(text, 0, true);
    CHECK(shown(slowly, state) == expected);
    return expected;
}

std::string found(std::string_view pattern, std::string_view text) { return found(compiled(pattern), text); }

}  // namespace

TEST_CASE("the leftmost match is found, and of several there Python's") {
    CHECK(found("b+", "aabbb") == "2:bbb");
    CHECK(found("b+?", "aabbb") == "2:b");
    CHECK(found("a|ab", "cab") == "1:a");
    CHECK(found("ab|a", "cab") == "1:ab");
    CHECK(found("a.*b", "xaab b\nb c") == "1:aab b\nb");
    CHECK(found("a.*?b", "xaab b") == "1:aab");
    CHECK(found("(?:ab){2,3}", "abxabababab") == "3:ababab");
    CHECK(found("[^<]*<x>", "ab<y>cd<x>") == "3:y>cd<x>");
    CHECK(found("[\\w.-]+@\\w+", "to a.b-c@d!") == "3:a.b-c@d");
    CHECK(found("\\d{3}", "12 123") == "3:123");
    CHECK(found("x", "abc") == "-");
    CHECK(found("", "ab") == "0:");
}

TEST_CASE("places are where Python has them") {
    CHECK(found("^a", "ba") == "-");
    CHECK(found("^a", "ab") == "0:a");
    CHECK(found("$", "ab") == "2:");
    CHECK(found("$", "ab\n") == "2:");
    CHECK(found("b$", "ab\nb") == "3:b");
    CHECK(found("b\\Z", "ab\n") == "-");
    CHECK(found("\\bb", "ab b") == "3:b");
    CHECK(found("a\\B", "a ab") == "2:a");
    CHECK(found("a(?=b)", "aab") == "1:a");
    CHECK(found("\n\n|(?=<)|$", "ab<") == "2:");
}

TEST_CASE("characters are those of UTF-8") {
    CHECK(found(".b", "éb") == "0:éb");
    CHECK(found("[à-ü]+", "aéèb") == "1:éè");
    CHECK(found("\\s", "a\xE3\x80\x80") == "1:\xE3\x80\x80");
    CHECK(found("\\u00e9\\x62", "éb") == "0:éb");
    CHECK(found("<｜x｜>", "a<｜y<｜x｜>") == "6:<｜x｜>");
}

TEST_CASE("groups are captured") {
    const Regex regex = compiled("<f=(?P<name>\\w+)(?: (?P<rest>.*?))?>");
    RegexSearch search(regex);
    search.begin(0, 0);
    const std::string_view text = "x <f=ab cd><f=e>";
    REQUIRE(search.run(text, 0, false) == RegexSearch::State::found);
    CHECK(text.substr(search.slot(2), search.slot(3) - search.slot(2)) == "ab");
    CHECK(text.substr(search.slot(4), search.slot(5) - search.slot(4)) == "cd");
    search.begin(search.end(), '>');
    REQUIRE(search.run(text.substr(11), 11, false) == RegexSearch::State::found);
    CHECK(search.slot(4) == RegexSearch::kNowhere);
}

TEST_CASE("of literals the longest counts, at once where no other is longer") {
    const Regex regex = Regex::literals(std::vector<std::string>{"<a>", "<a>\n", "<b>"});
    CHECK(found(regex, "x<a>\ny") == "1:<a>\n");
    CHECK(found(regex, "x<a>y") == "1:<a>");
    RegexSearch search(regex);
    search.begin(0, 0);
    CHECK(search.run("x<b>", 0, false) == RegexSearch::State::found);
    search.begin(0, 0);
    CHECK(search.run("x<a>", 0, false) == RegexSearch::State::pending);
    CHECK(search.start() == 1);
}

TEST_CASE("a match is bounded") {
    const Regex regex = compiled("<.*?>");
    const std::string within = "<" + std::string(RegexSearch::kMaxMatch - 2, 'x') + ">";
    CHECK(found(regex, within).size() == within.size() + 2);
    CHECK(found(regex, "<" + within) == "-");
}

TEST_CASE("what no automaton does is refused") {
    CHECK(refused("(a)\\1").starts_with("a backreference"));
    CHECK(refused("(?<=a)b").starts_with("lookbehind"));
    CHECK(refused("(?!a)b").starts_with("lookbehind, negative lookahead"));
    CHECK(refused("(?=a)b") == "a lookahead that is not the end");
    CHECK(refused("a++").starts_with("possessive repetition"));
    CHECK(refused("(?:a*)*") == "repetition of what may be empty");
    CHECK(refused("(?:a{200}){200}") == "it is too large");
    CHECK(refused("a{9999}").starts_with("a repetition out of range"));
    CHECK(refused("(a").starts_with("a missing parenthesis"));
    CHECK(refused("a)").starts_with("an unbalanced parenthesis"));
    CHECK(refused("[a").starts_with("a missing bracket"));
    CHECK(refused("\\").starts_with("a missing escape"));
    CHECK(refused("\\xZ1").starts_with("an escape that is not complete"));
    CHECK(refused("*a").starts_with("nothing to repeat"));
    CHECK(refused(std::string(100, '(')).starts_with("too many groups"));
}
