// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "letters.hpp"
#include "request_pipeline.hpp"

using namespace fastfront;

namespace {

RequestPipeline make(std::vector<std::string> stops, bool include = false, std::size_t min_tokens = 0,
                     bool keep_all = false) {
    auto options = std::make_shared<PipelineOptions>();
    options->stops = StopMatcher(std::move(stops));
    options->include_stop_str_in_output = include;
    options->min_tokens = min_tokens;
    options->keep_all_text = keep_all;
    Detokenizer detokenizer(letters::vocab());
    (void)detokenizer.prime({}, true);
    return RequestPipeline(options, detokenizer);
}

/// A pipeline that hides special tokens, but for <mark>.
RequestPipeline make_watching(std::vector<std::string> stops = {}) {
    auto options = std::make_shared<PipelineOptions>();
    options->stops = StopMatcher(std::move(stops));
    options->shown_specials = std::make_shared<const std::vector<std::uint32_t>>(1, letters::kMark);
    Detokenizer detokenizer(letters::vocab());
    (void)detokenizer.prime({}, true);
    return RequestPipeline(options, detokenizer);
}

std::vector<std::uint32_t> around_mark(std::string_view before, std::string_view behind) {
    auto tokens = letters::tokens(before);
    tokens.push_back(letters::kMark);
    const auto rest = letters::tokens(behind);
    tokens.insert(tokens.end(), rest.begin(), rest.end());
    return tokens;
}

/// Push `text` cut at the given sizes; what was shown, joined, and the last step.
struct Run {
    std::string shown;
    PipelineStep last;
};

Run run(RequestPipeline& pipeline, const std::string& text, std::size_t first_cut, std::size_t second_cut,
        FinishReason at_end = FinishReason::length) {
    Run result;
    const std::size_t cuts[] = {0, first_cut, second_cut, text.size()};
    for (int i = 0; i < 3; ++i) {
        const auto piece = letters::tokens(std::string_view(text).substr(cuts[i], cuts[i + 1] - cuts[i]));
        result.last = pipeline.push(piece, i == 2 ? at_end : FinishReason::none, {});
        result.shown += result.last.text;
        if (result.last.finish_reason != FinishReason::none) {
            break;
        }
    }
    return result;
}

}  // namespace

TEST_CASE("without stop strings all text is shown at once") {
    auto pipeline = make({});
    CHECK(pipeline.push(letters::tokens("Hello"), FinishReason::none, {}).text == "Hello");
    CHECK(pipeline.push(letters::tokens(" you"), FinishReason::length, {}).text == " you");
    CHECK(pipeline.num_tokens() == 9);
}

TEST_CASE("the last token of an engine-stopped request is counted and not shown") {
    auto pipeline = make({});
    const auto step = pipeline.push(letters::tokens("ab"), FinishReason::stop, {});
    CHECK(step.text == "a");
    CHECK(step.token_count == 2);
    auto including = make({}, true);
    CHECK(including.push(letters::tokens("ab"), FinishReason::stop, {}).text == "ab");
}

TEST_CASE("text that may begin a stop string is held back until it is decided") {
    auto pipeline = make({"END"});
    CHECK(pipeline.push(letters::tokens("abE"), FinishReason::none, {}).text == "a");
    CHECK(pipeline.push(letters::tokens("x"), FinishReason::none, {}).text == "b");
    CHECK(pipeline.push({}, FinishReason::length, {}).text == "Ex");
}

TEST_CASE("a stop string ends the request at every cut, and nothing of it is shown") {
    const std::string text = "one two END three";
    for (std::size_t a = 0; a <= text.size(); ++a) {
        for (std::size_t b = a; b <= text.size(); ++b) {
            auto pipeline = make({"never", "END"});
            const Run result = run(pipeline, text, a, b);
            CHECK(result.shown == "one two ");
            CHECK(result.last.finish_reason == FinishReason::stop);
            CHECK(result.last.stop_reason.text == "END");
            CHECK(result.last.stopped_by_string);
            // Tokens behind the stop string never happened, however they arrived.
            CHECK(pipeline.num_tokens() == 11);
        }
    }
}

TEST_CASE("include_stop_str_in_output shows the stop string and nothing behind it, at every cut") {
    const std::string text = "one END two";
    for (std::size_t a = 0; a <= text.size(); ++a) {
        for (std::size_t b = a; b <= text.size(); ++b) {
            auto pipeline = make({"END"}, true);
            CHECK(run(pipeline, text, a, b).shown == "one END");
        }
    }
}

TEST_CASE("a stop string within min_tokens does not count, one behind it does") {
    auto pipeline = make({"x"}, false, 3);
    CHECK(pipeline.push(letters::tokens("axb"), FinishReason::none, {}).finish_reason == FinishReason::none);
    const auto step = pipeline.push(letters::tokens("cx"), FinishReason::none, {});
    CHECK(step.finish_reason == FinishReason::stop);
    CHECK(step.text == "c");
}

TEST_CASE("a whole response shows everything at the end, and nothing before") {
    auto pipeline = make({"END"}, false, 0, true);
    CHECK(pipeline.push(letters::tokens("abc"), FinishReason::none, {}).text.empty());
    CHECK(pipeline.push(letters::tokens("dENDe"), FinishReason::none, {}).text == "abcd");
}

TEST_CASE("a long stream with a stop string keeps a small buffer and loses nothing") {
    auto pipeline = make({"stop here"});
    std::string shown;
    std::string sent;
    for (int i = 0; i < 20'000; ++i) {
        const std::string piece = i % 7 == 0 ? "st" : "op h";
        sent += piece;
        shown += pipeline.push(letters::tokens(piece), FinishReason::none, {}).text;
    }
    shown += pipeline.push({}, FinishReason::length, {}).text;
    CHECK(shown == sent);
}

TEST_CASE("text made outside goes through the same stages") {
    auto options = std::make_shared<PipelineOptions>();
    options->stops = StopMatcher({"END"});
    RequestPipeline pipeline(options, std::nullopt);
    CHECK(pipeline.needs_texts());
    const std::vector<std::string> first{"one ", "", "E"};
    CHECK(pipeline.push_texts(3, first, FinishReason::none, {}).text == "one");
    const std::vector<std::string> second{"ND", " more"};
    const auto step = pipeline.push_texts(2, second, FinishReason::none, {});
    CHECK(step.text == " ");
    CHECK(step.token_count == 1);
    CHECK(step.stopped_by_string);
}

TEST_CASE("a watched special token is text, and its place is told") {
    auto pipeline = make_watching();
    const auto step = pipeline.push(around_mark("ab", "c"), FinishReason::none, {});
    CHECK(step.text == "ab<mark>c");
    REQUIRE(step.specials.size() == 1);
    CHECK(step.specials[0].begin == 2);
    CHECK(step.specials[0].end == 8);
    CHECK(step.specials[0].id == letters::kMark);
}

TEST_CASE("special tokens that nobody watches stay hidden, and the text that looks like one is text") {
    auto pipeline = make_watching();
    const std::vector<std::uint32_t> other{letters::kOther};
    CHECK(pipeline.push(other, FinishReason::none, {}).text.empty());
    const auto step = pipeline.push(letters::tokens("<mark>"), FinishReason::none, {});
    CHECK(step.text == "<mark>");
    CHECK(step.specials.empty());
}

TEST_CASE("each step tells of its own special tokens only") {
    auto pipeline = make_watching();
    CHECK(pipeline.push(around_mark("a", ""), FinishReason::none, {}).specials.size() == 1);
    CHECK(pipeline.push(letters::tokens("b"), FinishReason::none, {}).specials.empty());
    const auto step = pipeline.push(around_mark("", "c"), FinishReason::length, {});
    REQUIRE(step.specials.size() == 1);
    CHECK(step.specials[0].begin == 0);
}

TEST_CASE("a special token is shown whole or not at all while text is held back for a stop string") {
    auto pipeline = make_watching({"stop!"});  // holds four characters back
    std::string shown;
    std::size_t specials = 0;
    for (const std::uint32_t token : around_mark("ab", "cdefgh")) {
        const std::vector<std::uint32_t> one{token};
        const auto step = pipeline.push(one, FinishReason::none, {});
        for (const ShownSpecial& special : step.specials) {
            CHECK(step.text.substr(special.begin, special.end - special.begin) == "<mark>");
        }
        specials += step.specials.size();
        shown += step.text;
    }
    shown += pipeline.push(letters::tokens("i"), FinishReason::length, {}).text;
    CHECK(shown == "ab<mark>cdefghi");
    CHECK(specials == 1);
}

TEST_CASE("a special token that a stop string cuts is none") {
    auto pipeline = make_watching({"rk>x"});
    const auto step = pipeline.push(around_mark("ab", "x"), FinishReason::none, {});
    CHECK(step.stopped_by_string);
    CHECK(step.text == "ab<ma");
    CHECK(step.specials.empty());
}

TEST_CASE("places stay right after old text has been dropped") {
    auto pipeline = make_watching({"never"});
    for (int i = 0; i < 3000; ++i) {
        const auto step = pipeline.push(around_mark("abc", "d"), FinishReason::none, {});
        for (const ShownSpecial& special : step.specials) {
            REQUIRE(step.text.substr(special.begin, special.end - special.begin) == "<mark>");
        }
    }
}

TEST_CASE("with an interval the first output is shown, then every so many tokens, then the rest") {
    auto options = std::make_shared<PipelineOptions>();
    options->stream_interval = 3;
    Detokenizer detokenizer(letters::vocab());
    (void)detokenizer.prime({}, true);
    RequestPipeline pipeline(options, detokenizer);
    std::vector<std::string> shown;
    const auto push = [&](std::string_view text, FinishReason finish = FinishReason::none) {
        const PipelineStep step = pipeline.push(letters::tokens(text), finish, {});
        shown.push_back(step.withheld ? "-" : std::string(step.text));
        CHECK((!step.withheld || step.text.empty()));
    };
    push("");  // nothing yet: it does not count as the first
    push("a");
    push("b");
    push("cd");
    push("e");
    push("f", FinishReason::length);
    CHECK(shown == std::vector<std::string>{"", "a", "-", "bcd", "-", "ef"});
}
