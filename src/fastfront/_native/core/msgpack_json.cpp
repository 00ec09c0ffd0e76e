// SPDX-License-Identifier: Apache-2.0
#include "msgpack_json.hpp"

#include "json_float.hpp"
#include "json_writer.hpp"
#include "msgpack_reader.hpp"
#include "utf8.hpp"

namespace fastfront {

namespace {

constexpr int kMaxDepth = 64;

void append_text(std::string& out, std::string_view text) {
    if (is_valid_utf8(text)) {
        append_json_string(out, text);
        return;
    }
    std::string valid;
    Utf8State state;
    append_lossy(state, text, valid);
    finish_lossy(state, valid);
    append_json_string(out, valid);
}

void append_value(std::string& out, MsgpackReader& reader, int depth);

void append_key(std::string& out, MsgpackReader& reader, int depth) {
    if (reader.next_is_string()) {
        append_text(out, reader.read_string());
        return;
    }
    // json.dumps makes strings of the other scalars.
    const std::uint8_t lead = reader.peek();
    const bool container = reader.next_is_array() || (lead & 0xf0) == 0x80 || lead == 0xde || lead == 0xdf;
    if (container) {
        reader.refuse(Errc::wrong_type);
        return;
    }
    out.push_back('"');
    append_value(out, reader, depth);
    out.push_back('"');
}

void append_value(std::string& out, MsgpackReader& reader, int depth) {
    const std::uint8_t lead = reader.peek();
    if (depth > kMaxDepth) {
        reader.refuse(Errc::out_of_range);
    } else if (reader.next_is_string()) {
        append_text(out, reader.read_string());
    } else if (lead == 0xcf) {
        append_json_int(out, reader.read_uint64());
    } else if (reader.next_is_int()) {
        append_json_int(out, reader.read_int());
    } else if (lead == 0xca || lead == 0xcb) {
        append_json_float(out, reader.read_double(), FloatStyle::python);
    } else if (lead == 0xc2 || lead == 0xc3) {
        reader.skip();
        out.append(lead == 0xc3 ? "true" : "false");
    } else if (reader.next_is_array()) {
        const std::uint32_t count = reader.read_array();
        out.push_back('[');
        for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
            if (i > 0) {
                out.push_back(',');
            }
            append_value(out, reader, depth + 1);
        }
        out.push_back(']');
    } else if ((lead & 0xf0) == 0x80 || lead == 0xde || lead == 0xdf) {
        const std::uint32_t count = reader.read_map();
        out.push_back('{');
        for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
            if (i > 0) {
                out.push_back(',');
            }
            append_key(out, reader, depth + 1);
            out.push_back(':');
            append_value(out, reader, depth + 1);
        }
        out.push_back('}');
    } else {
        reader.skip();  // nil, bytes, extensions
        out.append("null");
    }
}

}  // namespace

bool append_msgpack_as_json(std::string& out, std::span<const std::uint8_t> msgpack) {
    const std::size_t before = out.size();
    MsgpackReader reader(msgpack);
    append_value(out, reader, 0);
    if (!reader.ok() || !reader.at_end()) {
        out.resize(before);
        return false;
    }
    return true;
}

}  // namespace fastfront
