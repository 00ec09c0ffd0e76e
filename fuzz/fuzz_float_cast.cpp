// SPDX-License-Identifier: Apache-2.0
// Checks that no matrix is read outside of its storage and that what is cast is what one element at a time gives.
// Input: seven bytes (types, offset, rows, columns, strides), then the storage.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "float_cast.hpp"

namespace {

using fastfront::Errc;
using fastfront::FloatMatrix;
using fastfront::FloatType;

void require(bool holds) {
    if (!holds) std::abort();
}

/// A number from a byte: small ones, and the largest there are.
std::size_t number(std::uint8_t byte) { return byte < 250 ? byte % 24 : SIZE_MAX / (byte - 249); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 7) return 0;
    // Of exactly that size, so that a sanitizer sees a read behind the end.
    const std::vector<std::uint8_t> storage(data + 7, data + size);
    const FloatMatrix matrix{storage,         static_cast<FloatType>(data[0] % 8),
                             number(data[2]), number(data[3]),
                             number(data[4]), number(data[5]),
                             number(data[6])};
    const FloatType to = static_cast<FloatType>(data[1] % 3);
    const bool within = fastfront::is_within(matrix);
    const std::size_t rows = std::min<std::size_t>(matrix.rows, 32);
    const std::size_t columns = std::min<std::size_t>(matrix.columns, 32);
    const std::size_t item = fastfront::width(to);
    std::vector<std::uint8_t> out(rows * columns * item);
    const bool fits = rows == matrix.rows && columns == matrix.columns;
    const Errc code = fastfront::cast_floats(matrix, to, out);
    require((code == Errc::ok) == (within && (fits || out.empty())));
    if (code != Errc::ok) return 0;
    std::vector<std::uint8_t> one(item);
    for (std::size_t i = 0; i < rows * columns; ++i) {
        FloatMatrix element = matrix;
        element.offset += i / columns * matrix.row_stride + i % columns * matrix.column_stride;
        element.rows = element.columns = 1;
        require(fastfront::cast_floats(element, to, one) == Errc::ok);
        require(std::equal(one.begin(), one.end(), out.begin() + static_cast<std::ptrdiff_t>(i * item)));
    }
    return 0;
}
