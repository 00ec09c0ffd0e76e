// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "add_request.hpp"
#include "id_run.hpp"

using fastfront::IdRun;

TEST_CASE("a run has its text, its ids as MessagePack, and the last of them") {
    std::mt19937 random(5);
    for (const std::size_t count : {0u, 1u, 31u, 32u, 33u, 1000u}) {
        for (const std::size_t text_size : {0u, 1u, 7u, 8u, 4096u}) {
            std::vector<std::uint32_t> ids(count);
            std::ranges::generate(ids, [&] { return static_cast<std::uint32_t>(random()) >> (random() % 32); });
            const std::string text(text_size, 't');
            std::string expected;
            fastfront::append_msgpack_ids(expected, ids);
            const auto run = IdRun::of(ids, text);
            CHECK(run->text() == text);
            CHECK(run->msgpack() == expected);
            CHECK(run->count() == count);
            const std::size_t tail = std::min(count, IdRun::kTail);
            CHECK(std::ranges::equal(run->tail(), std::span(ids).last(tail)));
            CHECK(run->bytes() >= text.size() + expected.size());
            CHECK(run->bytes() < text.size() + expected.size() + 256);
        }
    }
}

TEST_CASE("a run lives as long as anybody holds it") {
    auto run = IdRun::of(std::vector<std::uint32_t>{1, 70'000}, "text");
    const std::weak_ptr<const IdRun> watched = run;
    const auto other = run;
    run.reset();
    CHECK(other->text() == "text");
    CHECK(watched.use_count() == 1);
}
