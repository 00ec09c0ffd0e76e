// SPDX-License-Identifier: Apache-2.0
// Invariant: a valid object stays valid and says the same with space around it; no beginning of it is valid by itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "completion_scanner.hpp"

namespace {

bool same(const fastfront::Completion& a, const fastfront::Completion& b) {
    return a.valid == b.valid && a.text == b.text && a.error == b.error && a.prompt_tokens == b.prompt_tokens &&
           a.completion_tokens == b.completion_tokens;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto found = fastfront::scan_completion(bytes);
    if (!found.valid) {
        return 0;
    }
    const std::string spaced = " \r\n\t" + std::string(bytes) + "\n ";
    if (!same(found, fastfront::scan_completion(spaced))) {
        std::abort();
    }
    const std::size_t end = bytes.find_last_of('}');
    for (std::size_t length = 0; length < end && length < 300; ++length) {
        const std::string beginning(bytes.substr(0, length));
        if (fastfront::scan_completion(beginning).valid) {
            std::abort();
        }
    }
    return 0;
}
