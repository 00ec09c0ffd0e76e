// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "parsers/json_stream.hpp"

using fastfront::JsonStream;

namespace {

struct Result {
    JsonStream::State state;
    std::string written;
    std::size_t read;
    std::string pending;

    bool operator==(const Result&) const = default;
};

Result read(std::string_view text, std::size_t step, JsonStream::Options options) {
    JsonStream stream;
    stream.begin(options);
    Result result{};
    for (std::size_t at = 0; at < text.size() && stream.state() == JsonStream::State::more; at += step) {
        result.read += stream.push(text.substr(at, step), result.written);
    }
    result.state = stream.state();
    result.pending = stream.pending();
    return result;
}

/// The same at every step.
Result read(std::string_view text, JsonStream::Options options = {}) {
    const Result whole = read(text, text.size(), options);
    for (std::size_t step = 1; step < text.size(); ++step) CHECK(read(text, step, options) == whole);
    return whole;
}

std::string written(std::string_view text) {
    const Result result = read(text);
    CHECK(result.state == JsonStream::State::done);
    CHECK(result.read == text.size());
    CHECK(result.pending.empty());
    return result.written;
}

bool fails_at(std::string_view text, std::size_t at) {
    const Result result = read(text);
    return result.state == JsonStream::State::failed && result.read == at;
}

std::string number(std::string_view text) {
    JsonStream stream;
    std::string out;
    stream.begin({});
    CHECK(stream.push(text, out) == text.size());
    stream.finish(out);
    return out;
}

}  // namespace

TEST_CASE("a value is written with Python's separators") {
    CHECK(written(R"({"a":1,"b":[true,false ,null],"c":{}})") == R"({"a": 1, "b": [true, false, null], "c": {}})");
    CHECK(written("{ }") == "{}");
    CHECK(written("[\n[ ] ,\t{\r}]") == "[[], {}]");
    CHECK(written(R"("x")") == R"("x")");
}

TEST_CASE("escapes are decoded and written as Python writes them") {
    CHECK(written(R"("\u00e9\/\u0041")") == "\"é/A\"");
    CHECK(written(R"("\ud83d\ude00")") == "\"😀\"");
    CHECK(written(R"("\"\\\b\f\n\r\t\u0001\u007f")") == "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\x7f\"");
}

TEST_CASE("an unpaired surrogate stays an escape") {
    CHECK(written(R"("\ud83dx")") == R"("\ud83dx")");
    CHECK(written(R"("\uDE00\uD83D")") == R"("\ude00\ud83d")");
    CHECK(written(R"("\ud83d\ud83d\ude00\ud83d\n")") == "\"\\ud83d😀\\ud83d\\n\"");
}

TEST_CASE("NaN and Infinity are values, as in Python") {
    CHECK(written("[NaN,Infinity,-Infinity]") == "[NaN, Infinity, -Infinity]");
}

TEST_CASE("numbers are Python's") {
    CHECK(number("-0") == "0");
    CHECK(number("123456789012345678901234567890") == "123456789012345678901234567890");
    CHECK(number("1.50") == "1.5");
    CHECK(number("-0.0") == "-0.0");
    CHECK(number("1e5") == "100000.0");
    CHECK(number("1E15") == "1000000000000000.0");
    CHECK(number("1e16") == "1e+16");
    CHECK(number("123456789.125e8") == "1.23456789125e+16");
    CHECK(number("0.0001") == "0.0001");
    CHECK(number("0.00001") == "1e-05");
    CHECK(number("1.5e-300") == "1.5e-300");
    CHECK(number("1e400") == "Infinity");
    CHECK(number("-1e400") == "-Infinity");
    CHECK(number("1e-400") == "0.0");
    CHECK(number("0.1e99999999999999999999") == "Infinity");
    CHECK(number("0e99999999999999999999") == "0.0");
}

TEST_CASE("what is no JSON fails at its first wrong byte") {
    CHECK(fails_at("{1", 1));
    CHECK(fails_at(R"({"a" 1)", 5));
    CHECK(fails_at(R"({"a":1,})", 7));
    CHECK(fails_at("[1,]", 3));
    CHECK(fails_at("[1}", 2));
    CHECK(fails_at("[01", 2));
    CHECK(fails_at("[1.]", 3));
    CHECK(fails_at("[-]", 2));
    CHECK(fails_at("[1e+]", 4));
    CHECK(fails_at("[nul1", 4));
    CHECK(fails_at(R"(["\x)", 3));
    CHECK(fails_at(R"(["\u12g)", 6));
    CHECK(fails_at("[\"a\nb", 3));
    CHECK(fails_at(" 1", 0));
}

TEST_CASE("what cannot be written yet is pending") {
    CHECK(read(R"({"a": tr)").pending == "tr");
    CHECK(read(R"({"a": 12)").pending == "12");
    CHECK(read(R"({"a": "x\u00)").pending == R"(\u00)");
    CHECK(read(R"({"a": "x\ud83d\u)").pending == R"(\ud83d\u)");
    CHECK(read(R"({"a": "xy)").written == R"({"a": "xy)");
}

TEST_CASE("a number that stands alone ends with the text") {
    JsonStream stream;
    std::string out;
    stream.begin({});
    stream.push("12", out);
    CHECK(stream.state() == JsonStream::State::more);
    stream.finish(out);
    CHECK(stream.state() == JsonStream::State::done);
    CHECK(out == "12");
}

TEST_CASE("verbatim, a value is written as it stands, and nothing waits") {
    const std::string text = "{ \"a\" :1.50,\n\"b\":\"\\u00e9\"}";
    const Result result = read(text, {.verbatim = true});
    CHECK(result.state == JsonStream::State::done);
    CHECK(result.written == text);
    CHECK(read("{\"a\": tr", {.verbatim = true}).written == "{\"a\": tr");
}

TEST_CASE("lenient, control characters stand in strings, and are escaped on the way out") {
    CHECK(read("\"a\n\x01\"", {.lenient = true}).written == "\"a\\n\\u0001\"");
}

TEST_CASE("depth and digits are bounded") {
    CHECK(read(std::string(JsonStream::kMaxDepth, '['), 1, {}).state == JsonStream::State::more);
    CHECK(read(std::string(JsonStream::kMaxDepth + 1, '['), 1, {}).state == JsonStream::State::failed);
    CHECK(read("[" + std::string(JsonStream::kMaxDigits, '1') + "]", 7, {}).state == JsonStream::State::done);
    CHECK(read("[" + std::string(JsonStream::kMaxDigits + 1, '1') + "]", 7, {}).state == JsonStream::State::failed);
}

TEST_CASE("a written string can be decoded") {
    std::string out;
    fastfront::append_json_decoded(out, R"("a\"\\\n\u0001é\ud83d")");
    CHECK(out == "a\"\\\n\x01é\uFFFD");
}
