// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

#include "parsers/py_calls.hpp"
#include "parsers/registry.hpp"

using namespace fastfront;

namespace {

/// Content as it is, calls as name<arguments>.
std::string shown(const Pieces& pieces) {
    std::string text;
    for (const OutputPiece& piece : pieces.all()) {
        if (piece.kind == PieceKind::arguments) {
            text.insert(text.size() - 1, pieces.text(piece));
        } else {
            text += pieces.text(piece);
            if (piece.kind == PieceKind::call_begin) text += "<>";
        }
    }
    return text;
}

/// The pieces of the whole text, pushed at once and then byte by byte: they must be the same.
std::string parsed(std::string_view name, std::string_view text) {
    const ParserEntry* entry = find_tool_parser(name);
    REQUIRE(entry != nullptr);
    Pieces whole;
    const auto at_once = entry->make({}, {});
    at_once->push(text, kNoToken, whole);
    at_once->finish(whole);
    Pieces cut;
    const auto slowly = entry->make({}, {});
    for (const char& byte : text) slowly->push({&byte, 1}, kNoToken, cut);
    slowly->finish(cut);
    CHECK(shown(cut) == shown(whole));
    return shown(whole);
}

}  // namespace

TEST_CASE("a list of calls at the beginning of an answer is calls") {
    CHECK(parsed("pythonic", "[f(a='x', b=[1, None]), g()]\n") == "f<{\"a\": \"x\", \"b\": [1, null]}>g<{}>");
    CHECK(parsed("pythonic", " [f(a=1)]") == " [f(a=1)]");
    CHECK(parsed("pythonic", "[1, 2] and more") == "[1, 2] and more");
}

TEST_CASE("llama4's markers go with calls only") {
    CHECK(parsed("llama4_pythonic", "<|python_start|>[f(a=1)]<|python_end|>") == "f<{\"a\": 1}>");
    CHECK(parsed("llama4_pythonic", "<|python_start|>x<|python_end|>") == "<|python_start|>x<|python_end|>");
}

TEST_CASE("olmo3's calls stand on lines") {
    CHECK(parsed("olmo3", "<function_calls>\nf(a=1)\ng(b='x')\n</function_calls>") == "f<{\"a\": 1}>g<{\"b\": \"x\"}>");
    CHECK(parsed("olmo3", "<function_calls>f(a=1) g(b=2)</function_calls>") == "f<{\"a\": 1}> g(b=2)</function_calls>");
}

TEST_CASE("lfm2's echo is dropped, other text is not") {
    const std::string calls = "<|tool_call_start|>[f(a=1)]<|tool_call_end|>";
    CHECK(parsed("lfm2", calls + "[f(a=1)]<|tool_call_end|>Done.") == "f<{\"a\": 1}>Done.");
    CHECK(parsed("lfm2", calls + "[f(a=2)] Done.") == "f<{\"a\": 1}>[f(a=2)] Done.");
}

TEST_CASE("what is malformed is content, once, with its markers") {
    const std::string broken = "<|tool_call_start|>[f(1), g(a=2)]<|tool_call_end|>";
    CHECK(parsed("lfm2", broken) == broken);
}

TEST_CASE("a value without an end is not held beyond its bound") {
    const std::string digits(20000, '1');
    CHECK(parsed("pythonic", "[f(a=" + digits) == "f<>a=" + digits);
    const auto parser = find_tool_parser("pythonic")->make({}, {});
    Pieces pieces;
    parser->push("[f(a=" + digits, kNoToken, pieces);
    CHECK(shown(pieces).size() > 20000);
}
