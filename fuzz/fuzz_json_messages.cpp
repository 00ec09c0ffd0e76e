// SPDX-License-Identifier: Apache-2.0
// Any bytes as a body: every place that is found lies in it, at what it is said to be, and objects follow one another.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "json_messages.hpp"

namespace {

void check(bool condition) {
    if (!condition) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view json(reinterpret_cast<const char*>(data), size);
    const std::size_t limit = size == 0 ? 0 : data[0] * std::size_t{4};
    std::size_t at = fastfront::find_messages(json, limit);
    check(at == fastfront::kNowhere || (at < limit && at < size));
    if (at == fastfront::kNowhere) {
        at = json.find('{');  // the rest is for any object
    }
    while (at < size) {
        check(json[at] == '{');
        const std::size_t end = fastfront::find_object_end(json, at);
        if (end == fastfront::kNowhere) {
            break;
        }
        check(end > at + 1 && end <= size && json[end - 1] == '}');
        check(fastfront::skip_json_space(json, end) >= end && fastfront::skip_json_space(json, end) <= size);
        const std::size_t next = fastfront::find_next_object(json, end);
        check(next == fastfront::kNowhere || next > end);
        at = next;
    }
    return 0;
}
