// SPDX-License-Identifier: Apache-2.0
#include "npy.hpp"

#include <algorithm>
#include <cstdint>

#include "json_writer.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kMagic{"\x93NUMPY\x01\x00", 8};
/// Magic, header length and header together are a multiple of this.
constexpr std::size_t kAlignment = 64;
/// numpy.lib.format: room for the first dimension to grow in place.
constexpr std::size_t kGrowthDigits = 21;

void append_base64(std::string& out, std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t bits = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            bits = bits << 8 | (j < count ? static_cast<std::uint8_t>(bytes[i + j]) : 0U);
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out.push_back(j <= count ? kDigits[bits >> (18 - 6 * j) & 63] : '=');
        }
    }
}

}  // namespace

void NpyChunks::push(const WireArray& array, std::size_t rows) {
    if (shape_.empty()) {
        dtype_ = array.dtype;
        shape_.assign(array.shape.begin(), array.shape.begin() + static_cast<std::ptrdiff_t>(array.dimensions));
        shape_[0] = 0;
    }
    if (dtype_ != array.dtype || shape_.size() != array.dimensions ||
        !std::equal(shape_.begin() + 1, shape_.end(), array.shape.begin() + 1)) {
        return;
    }
    rows = std::min(rows, array.shape[0]);
    const std::size_t row_bytes = array.shape[0] == 0 ? 0 : array.bytes.size() / array.shape[0];
    bytes_.append(reinterpret_cast<const char*>(array.bytes.data()), rows * row_bytes);
    shape_[0] += rows;
}

void NpyChunks::write(std::string& out) const {
    std::string header = "{'descr': '" + dtype_ + "', 'fortran_order': False, 'shape': (";
    std::string first;
    append_json_int(first, shape_[0]);
    for (std::size_t i = 0; i < shape_.size(); ++i) {
        if (i > 0) {
            header.append(", ");
        }
        append_json_int(header, shape_[i]);
    }
    header.append(shape_.size() == 1 ? ",), }" : "), }");
    header.append(kGrowthDigits - std::min(kGrowthDigits, first.size()), ' ');
    const std::size_t unpadded = kMagic.size() + 2 + header.size() + 1;
    header.append((kAlignment - unpadded % kAlignment) % kAlignment, ' ').push_back('\n');
    std::string file(kMagic);
    file.push_back(static_cast<char>(header.size() & 0xff));
    file.push_back(static_cast<char>(header.size() >> 8));
    append_base64(out, file.append(header).append(bytes_));
}

}  // namespace fastfront
