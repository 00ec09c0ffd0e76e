// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "answer_reader.hpp"

using fastfront::AnswerReader;

namespace {

const std::string kStreamHead = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const std::string kText = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";

std::string whole(int status, std::string_view body) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

}  // namespace

TEST_CASE("a stream's events are counted as they come") {
    AnswerReader reader;
    reader.feed(kStreamHead + "data: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n" + kText);
    CHECK(reader.answer().events == 2);
    CHECK(reader.answer().text_events == 1);
    CHECK_FALSE(reader.done());
    reader.feed(kText + kText + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":5}}\n\n");
    CHECK(reader.answer().text_events == 3);
    CHECK_FALSE(reader.answer().complete);
    reader.feed("data: [DONE]\n\n");
    CHECK(reader.answer().complete);
    CHECK(reader.answer().prompt_tokens == 4);
    CHECK(reader.answer().completion_tokens == 5);
    CHECK(reader.end_of_input());
    CHECK(reader.done());
}

TEST_CASE("a whole answer is read at its end") {
    AnswerReader reader;
    const std::string bytes = whole(200, R"({"choices":[{"text":"a"}],"usage":{"completion_tokens":1}})");
    CHECK(reader.feed(bytes + "HTTP") == bytes.size());
    CHECK(reader.done());
    CHECK(reader.answer().complete);
    CHECK_FALSE(reader.answer().streamed);
    CHECK(reader.answer().completion_tokens == 1);
}

TEST_CASE("an error is kept to be shown, up to a bound") {
    AnswerReader reader;
    reader.feed(whole(429, "{\"error\":{\"message\":\"" + std::string(1000, 'x') + "\"}}"));
    CHECK(reader.done());
    CHECK(reader.answer().error);
    CHECK_FALSE(reader.answer().complete);
    CHECK(reader.excerpt().size() == AnswerReader::kExcerptBytes);
    reader.reset();
    CHECK(reader.excerpt().empty());
    reader.feed(kStreamHead + kText + "data: {\"error\":{\"message\":\"gone\"}}\n\n");
    CHECK(reader.answer().error);
    CHECK(reader.excerpt() == "{\"error\":{\"message\":\"gone\"}}");
}

TEST_CASE("an error page need not be JSON") {
    AnswerReader reader;
    reader.feed(whole(502, "<html>Bad Gateway"));
    CHECK(reader.done());
    CHECK(reader.excerpt() == "<html>Bad Gateway");
}

TEST_CASE("events and bodies that are no JSON fail") {
    AnswerReader reader;
    reader.feed(kStreamHead + "data: {nonsense\n\n" + kText);
    CHECK(reader.failed());
    reader.reset();
    reader.feed(whole(200, "It works!"));
    CHECK(reader.failed());
    CHECK_FALSE(reader.done());
}

TEST_CASE("a body larger than the bound fails instead of growing") {
    AnswerReader reader;
    reader.feed("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n");
    const std::string megabyte(1024 * 1024, ' ');
    for (int i = 0; i < 16; ++i) {
        reader.feed(megabyte);
    }
    CHECK_FALSE(reader.failed());
    reader.feed(megabyte);
    CHECK(reader.failed());
}
