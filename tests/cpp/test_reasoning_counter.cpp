// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <initializer_list>
#include <utility>

#include "parsers/reasoning_counter.hpp"

using namespace fastfront;

namespace {

using Ids = std::vector<std::vector<std::int64_t>>;

std::uint64_t counted(std::string_view name, Ids ids, std::initializer_list<std::int64_t> tokens,
                      Thinking thinking = Thinking::unsaid) {
    ReasoningCounter counter(std::make_shared<CountRule>(CountRule{find_count_format(name), std::move(ids)}), thinking);
    for (const std::int64_t token : tokens) counter.push(token);
    return counter.count();
}

}  // namespace

TEST_CASE("what stands between start and end counts, once for every level") {
    CHECK(counted("deepseek_r1", {{1}, {2}}, {9, 1, 9, 9, 1, 9, 2, 9, 2, 9}) == 4);
}

TEST_CASE("what the prompt has opened does not count where vLLM does not count it") {
    CHECK(counted("deepseek_r1", {{1}, {2}}, {9, 9, 2, 9}, Thinking::open) == 0);
    CHECK(counted("step3", {{2}}, {9, 9, 2, 9}) == 2);
}

TEST_CASE("a leading start is none of the count, a later one is") {
    CHECK(counted("hy_v4", {{1}, {2}}, {1, 9, 1, 9, 2, 9}) == 3);
}

TEST_CASE("a tool call ends thinking") { CHECK(counted("qwen3", {{2}, {3}, {1}}, {9, 9, 3, 9, 1, 9}) == 2); }

TEST_CASE("thinking that is closed counts nothing, unless it may begin again") {
    CHECK(counted("qwen3", {{2}, {3}, {1}}, {1, 9, 9}, Thinking::closed) == 0);
    CHECK(counted("deepseek_v4", {{1}, {2}, {3}}, {9, 1, 9, 9, 2, 9}, Thinking::closed) == 2);
}

TEST_CASE("markers of several tokens are found, and what only begins like one counts") {
    const Ids ids = {{1, 7, 3}, {2, 7, 3}, {1, 8, 3}};
    CHECK(counted("kimi_k3", ids, {1, 7, 3, 9, 2, 9, 2, 7, 3, 9}) == 3);
    CHECK(counted("kimi_k3", ids, {9, 2, 7}) == 3);
    CHECK(counted("kimi_k3", ids, {1, 8, 3, 9, 9}) == 0);
}

TEST_CASE("a name without a rule counts nothing") {
    CHECK(find_count_format("olmo3") == nullptr);
    CHECK(counted("olmo3", {}, {1, 2, 3}) == 0);
}
