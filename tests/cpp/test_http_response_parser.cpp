// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "http_response_parser.hpp"

using fastfront::HttpResponseParser;

namespace {

struct Read {
    std::string body;
    std::size_t taken = 0;
};

/// Everything that the parser takes of `bytes`.
Read read(HttpResponseParser& parser, std::string_view bytes) {
    Read result;
    std::string_view input = bytes;
    while (!input.empty() && !parser.done() && !parser.failed()) {
        result.body.append(parser.next(input));
    }
    result.taken = bytes.size() - input.size();
    return result;
}

bool fails(std::string_view bytes) {
    HttpResponseParser parser;
    (void)read(parser, bytes);
    return parser.failed();
}

}  // namespace

TEST_CASE("a body of a told length ends there, and what follows is the next response's") {
    HttpResponseParser parser;
    const auto got = read(parser, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 500");
    CHECK(parser.done());
    CHECK(parser.status() == 200);
    CHECK(parser.keep_alive());
    CHECK(got.body == "abc");
    CHECK(got.taken == 41);
    parser.reset();
    CHECK(parser.status() == 0);
    CHECK(read(parser, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").body.empty());
    CHECK(parser.done());
    CHECK(parser.status() == 404);
}

TEST_CASE("chunks are put together; extensions and trailers have no meaning") {
    HttpResponseParser parser;
    const auto got = read(parser,
                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Type: Text/Event-Stream;x=y\r\n\r\n"
                          "2;a=b\r\nab\r\nA \r\n0123456789\r\n0\r\nx: y\r\n\r\n");
    CHECK(parser.done());
    CHECK(parser.event_stream());
    CHECK(got.body == "ab0123456789");
}

TEST_CASE("without a length the body goes on until the connection ends, and there is no next response") {
    HttpResponseParser parser;
    CHECK(read(parser, "HTTP/1.1 200 OK\r\n\r\nabc").body == "abc");
    CHECK_FALSE(parser.done());
    CHECK(parser.end_of_input());
    CHECK(parser.done());
    CHECK_FALSE(parser.keep_alive());
}

TEST_CASE("a connection that ends inside a response is no end of it") {
    for (const std::string_view bytes : {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
                                         "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n"}) {
        HttpResponseParser parser;
        (void)read(parser, bytes);
        CHECK_FALSE(parser.end_of_input());
    }
}

TEST_CASE("interim responses are stepped over, bodiless statuses end with their head") {
    HttpResponseParser parser;
    (void)read(parser, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
    CHECK(parser.done());
    CHECK(parser.status() == 204);
}

TEST_CASE("whether the connection stays follows version and connection header") {
    const auto keeps = [](std::string_view version, std::string_view header) {
        HttpResponseParser parser;
        (void)read(parser, std::string("HTTP/") + std::string(version) + " 200 OK\r\ncontent-length: 0\r\n" +
                               std::string(header) + "\r\n");
        REQUIRE(parser.done());
        return parser.keep_alive();
    };
    CHECK(keeps("1.1", ""));
    CHECK_FALSE(keeps("1.1", "connection: x, Close\r\n"));
    CHECK_FALSE(keeps("1.0", ""));
    CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

TEST_CASE("what two readers could take differently is refused") {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    CHECK(fails(ok + "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n"));
    CHECK(fails(ok + "content-length: 3\r\ncontent-length: 3\r\n\r\n"));
    CHECK(fails(ok + "content-length: +3\r\n\r\n"));
    CHECK(fails(ok + "content-length: 99999999999999999999\r\n\r\n"));
    CHECK(fails(ok + "transfer-encoding: gzip, chunked\r\n\r\n"));
    CHECK(fails(ok + "a: b\r\n c\r\n\r\n"));
    CHECK(fails(ok + "a : b\r\n\r\n"));
    CHECK(fails(ok + "a: b\n\r\n"));
    CHECK(fails(ok + "transfer-encoding: chunked\r\n\r\nxyz\r\n"));
    CHECK(fails(ok + "transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n"));
    CHECK(fails(ok + "transfer-encoding: chunked\r\n\r\n1\r\nab\r\n"));
    CHECK(fails("HTTP/2 200 OK\r\n"));
    CHECK(fails("HTTP/1.1 20 OK\r\n"));
    CHECK(fails("HTTP/1.1 2000\r\n"));
    CHECK(fails("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    CHECK(fails("\r\n"));
}

TEST_CASE("a head without end is refused at the bound") {
    const std::string head = "HTTP/1.1 200 OK\r\nx: " + std::string(HttpResponseParser::kMaxHeadBytes, 'a');
    CHECK(fails(head));
    CHECK(fails("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: " +
                std::string(HttpResponseParser::kMaxHeadBytes, 'a')));
}
