// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "parsers/header_call.hpp"
#include "parsers/json_call.hpp"

using namespace fastfront;

namespace {

/// Name, id and arguments, a bar between them; then what is held, and how the call ended.
std::string read(CallReader& reader, std::string_view text) {
    constexpr std::string_view kStates[] = {"more", "done", "failed"};
    Pieces pieces;
    reader.begin(0);
    const std::size_t size = reader.push(text, pieces);
    std::string result;
    for (const OutputPiece& piece : pieces.all()) {
        result += pieces.text(piece);
        if (piece.kind == PieceKind::call_begin) result.append("|").append(pieces.id(piece)).append("|");
    }
    result.append(" held ").append(reader.held()).append(" ").append(kStates[static_cast<int>(reader.state())]);
    return result.append(" at ").append(std::to_string(size));
}

std::string read(const CallRules& rules, std::string_view text) {
    JsonCall reader(rules);
    return read(reader, text);
}

std::string read(const HeaderRules& rules, std::string_view text) {
    HeaderCall reader(rules);
    return read(reader, text);
}

constexpr CallRules kPlain{};
constexpr std::string_view kSeparators[] = {"<sep>"};

}  // namespace

TEST_CASE("a call goes out when its name is known and its arguments have begun") {
    CHECK(read(kPlain, R"({"name": "f", "arguments")") == R"( held {"name": "f", "arguments" more at 25)");
    CHECK(read(kPlain, R"({"name": "f", "arguments": {)") == "f||{ held  more at 28");
    CHECK(read(kPlain, R"({"arguments": {"a":1}, "name": "f")") == R"(f||{"a": 1} held  more at 34)");
}

TEST_CASE("what is behind the object is not the call's") {
    CHECK(read(kPlain, R"({"name": "f", "arguments": {}} x)") == "f||{} held  done at 30");
}

TEST_CASE("a call without a name, or without arguments where it must have some, fails with all of its text") {
    CHECK(read(kPlain, R"({"name": "f"})") == R"( held {"name": "f"} failed at 13)");
    CHECK(read(kPlain, R"({"arguments": {}})") == R"( held {"arguments": {}} failed at 17)");
    CHECK(read(CallRules{.missing = "{}"}, R"({"name": "f"})") == "f||{} held  done at 13");
}

TEST_CASE("arguments that break hold what cannot be placed") {
    CHECK(read(kPlain, R"({"name": "f", "arguments": {"a": trx)") == R"(f||{"a":  held tr failed at 35)");
    CHECK(read(kPlain, R"({"name": "f", "arguments": {}, x)") == "f||{} held ,  failed at 31");
}

TEST_CASE("arguments in a string are that text where the format has it so") {
    const CallRules rules{.null = {}, .strings_are_text = true, .objects_only = true};
    CHECK(read(rules, R"({"name": "f", "arguments": "{\"a\": 1}"})") == R"(f||{"a": 1} held  done at 40)");
    CHECK(read(rules, R"({"name": "f", "arguments": null})") == R"( held {"name": "f", "arguments":  failed at 27)");
    CHECK(read(kPlain, R"({"name": "f", "arguments": null})") == "f||null held  done at 32");
}

TEST_CASE("an id is the model's where the format has one") {
    CHECK(read(CallRules{.id = "id"}, R"({"id": "7", "name": "f", "arguments": {}})") == "f|7|{} held  done at 41");
}

TEST_CASE("the first member is the call where the format has it so") {
    CHECK(read(CallRules{.keyed = true}, R"({"f": {"a": 1}, "g": {}})") == R"(f||{"a": 1} held  done at 24)");
}

TEST_CASE("a bare object fails where it does not look like a call any more") {
    const CallRules rules{.bare = true};
    CHECK(read(rules, R"({"user": {)") == R"( held {"user":  failed at 9)");
    const std::string text = R"({"text": ")" + std::string(JsonCall::kMaxBare, 'x');
    JsonCall reader(rules);
    Pieces pieces;
    reader.begin(0);
    CHECK(reader.push(text, pieces) == JsonCall::kMaxBare);
    CHECK(reader.state() == CallReader::State::failed);
    CHECK(reader.held() == text.substr(0, JsonCall::kMaxBare));
}

TEST_CASE("arguments behind a name are passed on as they stand") {
    const HeaderRules rules{.separators = kSeparators};
    CHECK(read(rules, "f<sep> {\"a\":1.50 }x") == "f||{\"a\":1.50 } held  done at 18");
    CHECK(read(rules, "f<sep>5") == " held f<sep> failed at 6");
    CHECK(read(rules, "<sep>{}") == " held <sep> failed at 5");
}

TEST_CASE("a brace is separator enough where the format has it so") {
    CHECK(read(HeaderRules{.separators = kSeparators, .brace = true, .strip = true}, " f {}") ==
          "f||{} held  done at 5");
}

TEST_CASE("kimi's header is the id, and has the name in it") {
    const HeaderRules rules{.separators = kSeparators, .kimi = true, .end = '<'};
    CHECK(read(rules, " functions.f:12 <sep>{}") == "f|functions.f:12|{} held  done at 23");
    CHECK(read(rules, "f:0<sep><") == "f|f:0|{} held  done at 8");
    CHECK(read(rules, "f<sep>{}") == " held f<sep> failed at 6");
}

TEST_CASE("a name is bounded, and never has the next call's markup in it") {
    const HeaderRules rules{.separators = kSeparators, .again = "<call>"};
    CHECK(read(rules, "f<call>g<sep>{}") == " held f<call> failed at 7");
    HeaderCall reader(rules);
    Pieces pieces;
    reader.begin(0);
    CHECK(reader.push(std::string(2 * HeaderCall::kMaxHeader, 'x'), pieces) == HeaderCall::kMaxHeader);
    CHECK(reader.state() == CallReader::State::failed);
}
