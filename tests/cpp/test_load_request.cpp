// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "load_request.hpp"

using fastfront::LoadBody;
using fastfront::LoadRequests;

TEST_CASE("a request is the head, the length and the body, the bodies in turn") {
    LoadRequests requests("POST / HTTP/1.1\r\ncontent-length: ", {{"one", {}}, {"three", {}}}, 0);
    REQUIRE(requests.valid());
    std::string out = "old";
    requests.next(out);
    CHECK(out == "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\none");
    requests.next(out);
    CHECK(out == "POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nthree");
    requests.next(out);
    CHECK(out.ends_with("one"));
    CHECK(requests.count() == 3);
}

TEST_CASE("marks get other letters in every request, the same for the same seed") {
    const LoadBody body{"<@@@@@@@@|@@@@@@@@>", {1, 10}};
    LoadRequests requests("", {body}, 5);
    LoadRequests again("", {body}, 5);
    LoadRequests other("", {body}, 6);
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        std::string out;
        std::string same;
        std::string different;
        requests.next(out);
        again.next(same);
        other.next(different);
        CHECK(out == same);
        CHECK(out != different);
        const std::string sent = out.substr(out.find("\r\n\r\n") + 4);
        CHECK(sent.substr(1, 8) == sent.substr(10, 8));
        CHECK(sent.find_first_not_of("abcdefghijklmnopqrstuvwxyz<|>") == std::string::npos);
        seen.insert(sent);
    }
    CHECK(seen.size() == 1000);
}

TEST_CASE("a mark outside its body makes no sense, nor do no bodies") {
    CHECK_FALSE(LoadRequests("", {}, 0).valid());
    CHECK_FALSE(LoadRequests("", {{"1234567", {0}}}, 0).valid());
    CHECK(LoadRequests("", {{"12345678", {0}}}, 0).valid());
    CHECK_FALSE(LoadRequests("", {{"12345678", {1}}}, 0).valid());
    CHECK_FALSE(LoadRequests("", {{"12345678", {static_cast<std::size_t>(-1)}}}, 0).valid());
}
