// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "latency_histogram.hpp"

using fastfront::LatencyHistogram;

TEST_CASE("without samples everything is zero") {
    const LatencyHistogram times;
    CHECK(times.count() == 0);
    CHECK(times.quantile(0.5) == 0);
    CHECK(times.mean() == 0.0);
    CHECK(times.max() == 0);
}

TEST_CASE("quantiles are within 0.4 % of the sorted samples' nearest rank, for samples of every size") {
    std::mt19937_64 random(7);
    LatencyHistogram times;
    std::vector<std::uint64_t> sorted;
    double sum = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t value = random() >> (random() % 60 + 1);
        times.record(value);
        sorted.push_back(value);
        sum += static_cast<double>(value);
    }
    std::ranges::sort(sorted);
    CHECK(times.count() == sorted.size());
    CHECK(times.max() == sorted.back());
    CHECK(times.mean() == doctest::Approx(sum / 20000));
    for (const double q : {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::max(1.0, std::ceil(q * 20000)));
        const auto expected = static_cast<double>(sorted[rank - 1]);
        CHECK(std::abs(static_cast<double>(times.quantile(q)) - expected) <= expected / 256 + 0.5);
    }
}

TEST_CASE("small values are exact") {
    LatencyHistogram times;
    for (std::uint64_t value = 0; value < 256; ++value) {
        times.record(value);
    }
    CHECK(times.quantile(0.5) == 127);
    CHECK(times.quantile(1.0) == 255);
}

TEST_CASE("one record may stand for many, and for none") {
    LatencyHistogram times;
    times.record(5, 3);
    times.record(900, 0);
    CHECK(times.count() == 3);
    CHECK(times.max() == 5);
    CHECK(times.quantile(0.99) == 5);
}

TEST_CASE("the largest value has a bucket") {
    LatencyHistogram times;
    times.record(std::numeric_limits<std::uint64_t>::max());
    CHECK(times.count() == 1);
    CHECK(times.quantile(0.5) > std::numeric_limits<std::uint64_t>::max() / 256 * 255);
}
