// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "add_request.hpp"
#include "msgpack_reader.hpp"

using fastfront::AddRequest;
using fastfront::MsgpackReader;

namespace {

std::string hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) >> 4]);
        out.push_back("0123456789abcdef"[static_cast<unsigned char>(c) & 15]);
    }
    return out;
}

std::string encoded(std::int64_t value) {
    char bytes[9];
    return hex({bytes, fastfront::write_msgpack_int(bytes, value)});
}

std::string encoded(const AddRequest& request) {
    // Exactly as much room as is asked for: the sanitizer sees the byte that would be one too many.
    std::vector<char> room(fastfront::max_size(request));
    return {room.data(), fastfront::write(room.data(), request)};
}

}  // namespace

TEST_CASE("integers take the fewest bytes, on both sides of each boundary") {
    CHECK(encoded(0) == "00");
    CHECK(encoded(127) == "7f");
    CHECK(encoded(128) == "cc80");
    CHECK(encoded(255) == "ccff");
    CHECK(encoded(256) == "cd0100");
    CHECK(encoded(65535) == "cdffff");
    CHECK(encoded(65536) == "ce00010000");
    CHECK(encoded(4294967295) == "ceffffffff");
    CHECK(encoded(4294967296) == "cf0000000100000000");
    CHECK(encoded(-1) == "ff");
    CHECK(encoded(-32) == "e0");
    CHECK(encoded(-33) == "d0df");
    CHECK(encoded(-128) == "d080");
    CHECK(encoded(-129) == "d1ff7f");
    CHECK(encoded(-32769) == "d2ffff7fff");
    CHECK(encoded(std::numeric_limits<std::int64_t>::min()) == "d38000000000000000");
}

TEST_CASE("a request has all 22 positions, and its id in 16 digits") {
    std::string ids;
    fastfront::append_msgpack_ids(ids, std::vector<std::uint32_t>{1, 128, 65536});
    AddRequest request;
    request.wire_id = 0x0123456789abcdef;
    request.prompt_token_count = 3;
    const std::string_view parts[] = {std::string_view(ids).substr(0, 1), "", std::string_view(ids).substr(1)};
    request.prompt_token_ids = parts;
    request.sampling_params = "\x80";
    request.arrival_time = 1.5;
    request.external_req_id = "cmpl-1";
    CHECK(hex(encoded(request)) ==
          "dc0016b030313233343536373839616263646566"  // array of 22, "0123456789abcdef"
          "9301cc80ce00010000"                        // [1, 128, 65536]
          "c080c0cb3ff8000000000000c0c0c0c0c00000"    // nil, {}, nil, 1.5, five times nil, client 0, wave 0
          "00c0c2a6636d706c2d31c0c0c2c0c0");          // priority 0, nil, false, "cmpl-1", nil, nil, false, nil, nil
    request.reasoning = "\xc3\x81\xa1k\x07";
    CHECK(hex(encoded(request)).ends_with("a6636d706c2d31c381a16b07c2c0c0"));  // "cmpl-1", true, {"k": 7}, false, ...
}

TEST_CASE("lengths of arrays and strings have their boundaries, too") {
    for (const std::size_t count : {0u, 15u, 16u, 31u, 32u, 255u, 256u, 65535u, 65536u}) {
        std::string ids;
        fastfront::append_msgpack_ids(ids, std::vector<std::uint32_t>(count, 7));
        const std::string name(count, 'x');
        AddRequest request;
        request.prompt_token_count = count;
        const std::string_view whole[] = {ids};
        request.prompt_token_ids = whole;
        request.sampling_params = "\x80";
        request.external_req_id = name;
        request.data_parallel_rank = 3;
        const std::string bytes = encoded(request);
        const std::string head = count < 16      ? hex(std::string(1, static_cast<char>(0x90 | count)))
                                 : count < 65536 ? "dc"
                                                 : "dd";
        CHECK(hex(bytes).substr(40, 2) == head.substr(0, 2));
        // Read back as a whole: every length has to be right for the end to be the end.
        MsgpackReader reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
        reader.skip();
        CHECK(reader.ok());
        CHECK(reader.at_end());
    }
}
