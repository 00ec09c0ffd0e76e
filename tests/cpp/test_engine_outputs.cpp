// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "engine_outputs.hpp"
#include "wire.hpp"

using namespace fastfront;

TEST_CASE("a wire id is exactly 16 lower-case hex digits") {
    CHECK(parse_wire_id("00000000000000ff") == 255u);
    CHECK(parse_wire_id("ffffffffffffffff") == 0xffffffffffffffffu);
    for (const char* bad : {"", "ff", "00000000000000FF", "00000000000000f", "0000000000000000f", "cmpl-00000000000"}) {
        CHECK_FALSE(parse_wire_id(bad));
    }
}

TEST_CASE("a step with running and ending requests is decoded") {
    const auto bytes = wire::message({wire::output(1, {5, 151643}), wire::output(2, {7}, "\x00", wire::token_reason(9)),
                                      wire::output(3, {}, "\x01")},
                                     2.5);
    EngineCoreOutputs outputs;
    REQUIRE(outputs.decode(wire::span(bytes)) == Errc::ok);
    REQUIRE(outputs.outputs.size() == 3);
    CHECK(outputs.timestamp == 2.5);
    CHECK(outputs.outputs[0].ours);
    CHECK(outputs.outputs[0].request_id == 1);
    CHECK(outputs.outputs[0].finish_reason == FinishReason::none);
    REQUIRE(outputs.tokens_of(outputs.outputs[0]).size() == 2);
    CHECK(outputs.tokens_of(outputs.outputs[0])[1] == 151643);
    CHECK(outputs.outputs[1].finish_reason == FinishReason::stop);
    CHECK(outputs.outputs[1].stop_reason.kind == StopReason::Kind::token);
    CHECK(outputs.outputs[1].stop_reason.token == 9);
    CHECK(outputs.outputs[2].finish_reason == FinishReason::length);
    CHECK(outputs.tokens_of(outputs.outputs[2]).empty());
}

TEST_CASE("a request id that is not ours is marked, and its output does not disturb the others") {
    const std::string foreign = wire::array(2) + wire::text("cmpl-1") + wire::array(1) + "\x05";
    const auto bytes = wire::message({foreign, wire::output(4, {6})});
    EngineCoreOutputs outputs;
    REQUIRE(outputs.decode(wire::span(bytes)) == Errc::ok);
    CHECK_FALSE(outputs.outputs[0].ours);
    CHECK(outputs.outputs[1].ours);
    CHECK(outputs.tokens_of(outputs.outputs[1])[0] == 6);
}

TEST_CASE("fields that a later release appends are passed over") {
    const std::string longer =
        wire::array(20) + wire::text("0000000000000001") + wire::array(1) + "\x05" + wire::nils(17) + wire::text("new");
    std::string bytes = wire::array(11) + wire::number(0) + wire::array(1) + longer + wire::nils(1) + wire::real(1.0) +
                        wire::nils(6) + wire::text("newer");
    EngineCoreOutputs outputs;
    REQUIRE(outputs.decode(wire::span(bytes)) == Errc::ok);
    CHECK(outputs.outputs.at(0).token_count == 1);
}

TEST_CASE("a finish reason that a later release adds still ends the request") {
    const auto bytes = wire::message({wire::output(1, {}, "\x2a")});
    EngineCoreOutputs outputs;
    REQUIRE(outputs.decode(wire::span(bytes)) == Errc::ok);
    CHECK(outputs.outputs[0].finish_reason == FinishReason::stop);
}

TEST_CASE("a utility output is handed on as it came") {
    const std::string utility = wire::array(3) + wire::number(7) + wire::nils(2);
    const std::string bytes =
        wire::array(5) + wire::number(1) + wire::array(0) + wire::nils(1) + wire::real(0.0) + utility;
    EngineCoreOutputs outputs;
    REQUIRE(outputs.decode(wire::span(bytes)) == Errc::ok);
    CHECK(outputs.engine_index == 1);
    CHECK(std::string(outputs.utility_output.begin(), outputs.utility_output.end()) == utility);
}

TEST_CASE("a message cut at any byte is an error, never a crash") {
    const auto whole =
        wire::message({wire::output(1, {5, 300, 70000}), wire::output(2, {7}, "\x00", wire::text("stop"))});
    EngineCoreOutputs outputs;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of exact size, so that a sanitizer sees a read behind the end.
        const std::string cut(whole, 0, size);
        CHECK(outputs.decode(wire::span(cut)) != Errc::ok);
    }
}
