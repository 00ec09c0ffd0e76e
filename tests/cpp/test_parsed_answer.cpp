// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "parsed_answer.hpp"

using namespace fastfront;

namespace {

constexpr std::int64_t kThinkEnd = 7;

/// A format for tests: "~" at the front of a push is reasoning, "name(" begins a call, ")" ends it; a special token
/// shows as [id]. What follows "?" waits for the end.
class ToyParser final : public OutputParser {
  public:
    void push(std::string_view text, std::int64_t token, Pieces& out) override {
        if (token != kNoToken) {
            out.add_content("[" + std::to_string(token) + "]", token);
        } else if (text.starts_with('~')) {
            out.add_reasoning(text.substr(1));
        } else if (text.ends_with('(')) {
            out.begin_call(calls_++, text.substr(0, text.size() - 1));
        } else if (text.starts_with('{')) {
            out.add_arguments(calls_ - 1, text);
        } else if (text.starts_with('?')) {
            held_ = text.substr(1);
        } else {
            out.add_content(text);
        }
    }
    void finish(Pieces& out) override { out.add_content(held_); }

  private:
    std::uint32_t calls_ = 0;
    std::string held_;
};

std::unique_ptr<OutputParser> make_toy(const ParserSpec&, const ParserOptions&) {
    return std::make_unique<ToyParser>();
}

const ParserEntry kToy{"toy", make_toy, {}};

ParserPlan plan_of_toy() {
    ParserPlan plan;
    plan.spec = std::make_shared<ParserSpec>();
    plan.tools = &kToy;
    return plan;
}

ParsedAnswer make(bool whole, const ParserPlan& plan = plan_of_toy()) {
    return ParsedAnswer(std::make_shared<const ParserPlan>(plan), whole);
}

std::string delta_of(ParsedAnswer& answer, std::string_view text) {
    answer.push(text, {});
    std::string out;
    answer.append_delta(out);
    return out;
}

/// The ids of calls are random: what is around them is compared.
std::string without_ids(std::string text) {
    constexpr std::string_view kPrefix = "chatcmpl-tool-";
    for (std::size_t at = text.find(kPrefix); at != std::string::npos; at = text.find(kPrefix, at + 1)) {
        CHECK(text.find_first_not_of("0123456789abcdef", at + kPrefix.size()) == at + kPrefix.size() + 16);
        text.erase(at + kPrefix.size(), 16);
    }
    return text;
}

}  // namespace

TEST_CASE("text is content, thinking is reasoning") {
    auto answer = make(false);
    CHECK(delta_of(answer, "say \"a\"") == R"({"content":"say \"a\""})");
    CHECK(answer.has_news());
    CHECK(delta_of(answer, "~hm") == R"({"reasoning":"hm"})");
}

TEST_CASE("a step without anything to show is an empty delta") {
    auto answer = make(false);
    CHECK(delta_of(answer, "?later") == "{}");
    CHECK_FALSE(answer.has_news());
}

TEST_CASE("what was held back comes with the end") {
    auto answer = make(false);
    answer.push("?later", {});
    answer.finish();
    std::string out;
    answer.append_delta(out);
    CHECK(out == R"({"content":"later"})");
}

TEST_CASE("a call has a head, then arguments under its index") {
    auto answer = make(false);
    CHECK(
        without_ids(delta_of(answer, "f(")) ==
        R"({"tool_calls":[{"id":"chatcmpl-tool-","type":"function","index":0,"function":{"name":"f","arguments":""}}]})");
    CHECK(delta_of(answer, "{\"a\":") == R"({"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":"}}]})");
    CHECK(delta_of(answer, "{1}") == R"({"tool_calls":[{"index":0,"function":{"arguments":"{1}"}}]})");
}

TEST_CASE("pieces of one step are one delta, each kind joined") {
    auto answer = make(false);
    const std::vector<ShownSpecial> specials{{2, 3, 7}};
    answer.push("ab#", specials);
    std::string out;
    answer.append_delta(out);
    CHECK(out == R"({"content":"ab[7]"})");
}

TEST_CASE("a special token reaches the parser alone, with its id") {
    auto answer = make(false);
    const std::vector<ShownSpecial> specials{{0, 4, kThinkEnd}, {6, 10, 8}};
    answer.push("<a/>bc<b/>", specials);
    std::string out;
    answer.append_delta(out);
    CHECK(out == R"({"content":"[7]bc[8]"})");
}

TEST_CASE("a whole message has its parts, and null for what is not there") {
    auto answer = make(true);
    for (const std::string_view text : {"~so", "~ on", "x", "f(", "{\"a\":1}", "g(", "{}"}) {
        answer.push(text, {});
    }
    answer.finish();
    std::string out;
    answer.append_message(out);
    CHECK(without_ids(out) ==
          R"(,"content":"x","refusal":null,"annotations":null,"audio":null,"function_call":null,"tool_calls":[)"
          R"({"id":"chatcmpl-tool-","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},)"
          R"({"id":"chatcmpl-tool-","type":"function","function":{"name":"g","arguments":"{}"}}],"reasoning":"so on")");
    auto silent = make(true);
    silent.finish();
    out.clear();
    silent.append_message(out);
    CHECK(out ==
          R"(,"content":null,"refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null)");
}

TEST_CASE("content is never null where a call was forced") {
    auto plan = plan_of_toy();
    plan.forced = true;
    auto answer = make(true, plan);
    answer.push("f(", {});
    std::string out;
    answer.append_message(out);
    CHECK(out.starts_with(R"(,"content":"",)"));
}

TEST_CASE("reasoning that is not asked for is not shown") {
    auto plan = plan_of_toy();
    plan.include_reasoning = false;
    auto answer = make(false, plan);
    CHECK(delta_of(answer, "~hm") == "{}");
    CHECK_FALSE(answer.has_news());
}

TEST_CASE("without parallel calls the first is shown only") {
    auto plan = plan_of_toy();
    plan.parallel_tool_calls = false;
    auto answer = make(false, plan);
    CHECK(delta_of(answer, "f(") != "{}");
    CHECK(delta_of(answer, "g(") == "{}");
    CHECK(delta_of(answer, "{}") == "{}");
}

TEST_CASE("the end has a name of its own after a call, unless the function was named or the text was cut") {
    auto plan = plan_of_toy();
    for (const bool named : {false, true}) {
        plan.named = named;
        auto answer = make(false, plan);
        CHECK(answer.name_of_end(FinishReason::stop) == "stop");
        answer.push("f(", {});
        CHECK(answer.name_of_end(FinishReason::stop) == (named ? "stop" : "tool_calls"));
        CHECK(answer.name_of_end(FinishReason::length) == "length");
    }
}

TEST_CASE("ids look as the model's family has them") {
    auto plan = plan_of_toy();
    plan.call_ids = CallIds::kimi;
    plan.options.first_call = 2;
    auto kimi = make(false, plan);
    CHECK(delta_of(kimi, "f(").find(R"("id":"functions.f:2")") != std::string::npos);
    plan.call_ids = CallIds::mistral;
    auto mistral = make(false, plan);
    const std::string delta = delta_of(mistral, "f(");
    const std::size_t begin = delta.find(R"("id":")") + 6;
    CHECK(delta.find('"', begin) - begin == 9);
}

TEST_CASE("reasoning tokens are counted by the plan's rule, and told by nobody without one") {
    auto plan = plan_of_toy();
    auto silent = make(false, plan);
    silent.count(std::vector<std::uint32_t>{1, 9, 9});
    CHECK(silent.reasoning_tokens() == -1);
    plan.count = std::make_shared<CountRule>(CountRule{find_count_format("deepseek_r1"), {{1}, {2}}});
    auto telling = make(true, plan);
    CHECK(telling.reasoning_tokens() == 0);
    telling.count(std::vector<std::uint32_t>{1, 9, 9});
    telling.count(std::vector<std::uint32_t>{9, 2, 9});
    CHECK(telling.reasoning_tokens() == 3);
}
