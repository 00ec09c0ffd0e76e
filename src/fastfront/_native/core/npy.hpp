// SPDX-License-Identifier: Apache-2.0
// An array in NumPy's .npy format, in base64, as vLLM puts routed_experts into answers (numpy2base64 in
// vllm/utils/serial_utils.py). Chunks of an answer are put together along the first dimension.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "wire_array.hpp"

namespace fastfront {

class NpyChunks {
  public:
    /// Take the first `rows` of the array behind what is there. Left out: a chunk of another type or shape.
    void push(const WireArray& array, std::size_t rows);
    [[nodiscard]] bool empty() const noexcept { return shape_.empty(); }
    /// Append the base64 text.
    void write(std::string& out) const;

  private:
    std::string dtype_;
    std::vector<std::size_t> shape_;
    std::string bytes_;
};

}  // namespace fastfront
