// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

#include "hash_index.hpp"

using fastfront::HashIndex;

namespace {

std::optional<std::uint32_t> find(const HashIndex& index, const std::vector<std::uint64_t>& hashes,
                                  std::uint64_t hash) {
    return index.find(hash, [&](std::uint32_t thing) { return hashes[thing] == hash; });
}

}  // namespace

TEST_CASE("an index finds what was inserted and not erased, as a map does") {
    for (const unsigned bits : {3u, 8u, 64u}) {  // few bits: many things have one home
        INFO("bits of a hash: ", bits);
        std::mt19937_64 random(bits);
        std::vector<std::uint64_t> hashes;  // by thing
        std::unordered_map<std::uint64_t, std::uint32_t> expected;
        HashIndex index;
        for (int step = 0; step < 20'000; ++step) {
            // The upper bits differ, which an index does not look at.
            const std::uint64_t low = bits == 64 ? random() : random() & ((1u << bits) - 1);
            const std::uint64_t hash = bits == 64 ? low : low | (random() % 4) << 60;
            const auto known = expected.find(hash);
            CHECK(find(index, hashes, hash) == (known == expected.end() ? std::nullopt : std::optional(known->second)));
            if (known == expected.end()) {
                index.insert(hash, static_cast<std::uint32_t>(hashes.size()));
                expected[hash] = static_cast<std::uint32_t>(hashes.size());
                hashes.push_back(hash);
            } else if (random() % 2 == 0) {
                index.erase(hash, known->second);
                expected.erase(known);
            }
            if (bits == 64 && expected.size() > 500) {
                const auto any = *expected.begin();
                index.erase(any.first, any.second);
                expected.erase(any.first);
            }
            CHECK(index.size() == expected.size());
        }
        for (const auto& [hash, thing] : expected) {
            CHECK(find(index, hashes, hash) == thing);
        }
    }
}

TEST_CASE("an empty index finds nothing") { CHECK(find(HashIndex(), {}, 7) == std::nullopt); }
