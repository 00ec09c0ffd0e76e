// SPDX-License-Identifier: Apache-2.0
// What answers tell of drafting: the expected text is what vLLM's to_dict() and response classes make of the same
// numbers.
#include <doctest/doctest.h>

#include "spec_decode_metrics.hpp"
#include "wire.hpp"

using namespace fastfront;

namespace {

std::string ints(std::initializer_list<std::uint64_t> values) {
    std::string out = wire::array(values.size());
    for (const std::uint64_t value : values) {
        out += wire::number(value);
    }
    return out;
}

std::string json(const std::string& bytes, bool whole) {
    std::string out;
    append_spec_decode_metrics(out, wire::span(bytes), whole);
    return out;
}

/// As vLLM's engine sends it: every member of the dataclass.
std::string sent(const std::string& accepted, const std::string& drafted) {
    return wire::map(5) + wire::text("num_spec_tokens") + wire::number(2) + wire::text("histogram") + ints({1, 2, 3}) +
           wire::text("num_draft_tokens") + wire::number(12) + wire::text("per_step_accepted") + accepted +
           wire::text("per_step_drafted") + drafted;
}

const std::string kNumbers =
    R"({"mean_acceptance_length":2.333333333333333,"draft_acceptance_rate":0.6666666666666666,)"
    R"("acceptance_histogram":[1,2,3],"num_spec_steps":6,"num_accepted_draft_tokens":8,"num_draft_tokens":12,)"
    R"("num_spec_tokens":2)";

}  // namespace

TEST_CASE("a whole answer has every member, a stream those that are known") {
    const std::string summary = sent(ints({}), ints({}));
    CHECK(json(summary, true) == kNumbers + R"(,"per_step_accepted":null,"per_step_drafted":null})");
    CHECK(json(summary, false) == kNumbers + "}");
    const std::string detailed = sent(ints({2, 0}), ints({2, 1}));
    CHECK(json(detailed, false) == kNumbers + R"(,"per_step_accepted":[2,0],"per_step_drafted":[2,1]})");
}

TEST_CASE("nothing drafted is no division by zero") {
    const std::string none = wire::map(1) + wire::text("num_spec_tokens") + wire::number(2);
    CHECK(json(none, false) == R"({"mean_acceptance_length":1.0,"draft_acceptance_rate":0.0,)"
                               R"("acceptance_histogram":[],"num_spec_steps":0,"num_accepted_draft_tokens":0,)"
                               R"("num_draft_tokens":0,"num_spec_tokens":2})");
}

TEST_CASE("what is no such map is passed over") {
    const std::string good = sent(ints({2, 0}), ints({2, 1}));
    for (std::size_t size = 0; size < good.size(); ++size) {
        CHECK(json(good.substr(0, size), true).empty());
    }
    CHECK(json(wire::map(1) + wire::text("histogram") + wire::text("x"), true).empty());
    CHECK(json(wire::array(1) + wire::number(1), true).empty());
}
