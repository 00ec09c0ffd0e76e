// SPDX-License-Identifier: Apache-2.0
// Invariant: an answer (HTTP, events and JSON together) is the same however its bytes were cut; one that fails
// fails either way.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "answer_reader.hpp"

namespace {

struct Outcome {
    fastfront::Answer answer;
    std::string excerpt;
    std::size_t taken = 0;
    bool done = false;
    bool failed = false;
    bool keep_alive = false;
};

/// Feed pieces of `step` bytes each (0: all at once), every one in memory of its own that is gone afterwards.
Outcome read(std::string_view bytes, std::size_t step) {
    fastfront::AnswerReader reader;
    std::size_t taken = 0;
    while (taken < bytes.size() && !reader.done() && !reader.failed()) {
        const std::string piece(bytes.substr(taken, step == 0 ? std::string_view::npos : step));
        const std::size_t used = reader.feed(piece);
        if (used > piece.size() || (used < piece.size() && !reader.done() && !reader.failed())) {
            std::abort();
        }
        taken += used;
    }
    reader.end_of_input();
    return {reader.answer(), std::string(reader.excerpt()), taken, reader.done(), reader.failed(), reader.keep_alive()};
}

bool same(const Outcome& a, const Outcome& b) {
    return a.answer.status == b.answer.status && a.answer.events == b.answer.events &&
           a.answer.text_events == b.answer.text_events && a.answer.prompt_tokens == b.answer.prompt_tokens &&
           a.answer.completion_tokens == b.answer.completion_tokens && a.answer.complete == b.answer.complete &&
           a.answer.error == b.answer.error && a.excerpt == b.excerpt && a.taken == b.taken && a.done == b.done &&
           a.keep_alive == b.keep_alive;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const Outcome whole = read(bytes, 0);
    for (const std::size_t step : {1U, 2U, 7U, 64U}) {
        const Outcome cut = read(bytes, step);
        if (whole.failed != cut.failed || (!whole.failed && !same(whole, cut))) {
            std::abort();
        }
    }
    return 0;
}
