// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "event_stream_parser.hpp"

using fastfront::EventStreamParser;

namespace {

std::vector<std::string> feed(EventStreamParser& parser, std::string_view bytes) {
    std::vector<std::string> events;
    std::string_view data;
    while (parser.next(bytes, data)) {
        events.emplace_back(data);
    }
    return events;
}

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("an event is its data, whatever ends its lines") {
    for (const std::string_view end : {"\n", "\r\n", "\r"}) {
        EventStreamParser parser;
        const std::string line(end);
        CHECK(feed(parser, "data: one" + line + line + "data:two" + line + line) == Events{"one", "two"});
    }
}

TEST_CASE("lines of data are joined; comments and other fields are stepped over; no data is no event") {
    EventStreamParser parser;
    CHECK(feed(parser, ": hi\nevent: x\n\ndata: a\nid: 1\ndata\ndata:  b\ndatax: c\n\n\n") == Events{"a\n\n b"});
}

TEST_CASE("an event comes once it is complete, however it is cut") {
    const std::string bytes = "data: one\r\n\r\ndata: two\ndata: three\n\n";
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        EventStreamParser parser;
        Events events = feed(parser, std::string(bytes.substr(0, cut)));
        for (std::string& event : feed(parser, std::string(bytes.substr(cut)))) {
            events.push_back(std::move(event));
        }
        CHECK(events == Events{"one", "two\nthree"});
    }
}

TEST_CASE("what is longer than the bound fails instead of growing") {
    const std::string half(EventStreamParser::kMaxEventBytes / 2 + 1, 'a');
    EventStreamParser one_line;
    CHECK(feed(one_line, "data: " + half).empty());
    CHECK_FALSE(one_line.failed());
    CHECK(feed(one_line, half).empty());
    CHECK(one_line.failed());
    EventStreamParser many_lines;
    CHECK(feed(many_lines, "data: " + half + "\ndata: " + half + "\n\n").empty());
    CHECK(many_lines.failed());
    many_lines.reset();
    CHECK(feed(many_lines, "data: a\n\n") == Events{"a"});
}
