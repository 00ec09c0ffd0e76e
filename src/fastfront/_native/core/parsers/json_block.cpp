// SPDX-License-Identifier: Apache-2.0
#include "json_block.hpp"

#include "py_json.hpp"
#include "py_number.hpp"

namespace fastfront {

namespace {

using Kind = JsonValue::Kind;

/// Whether Python takes the value for false.
bool is_falsy(const JsonValue& value) {
    switch (value.kind) {
        case Kind::null: return true;
        case Kind::boolean: return !value.truth;
        case Kind::integer:
        case Kind::number: return py_float(value.text) == 0.0;
        case Kind::string: return value.text.empty();
        case Kind::array: return value.items.empty();
        case Kind::object: return value.members.empty();
    }
    return false;
}

}  // namespace

std::optional<JsonBlock> read_json_block(std::string_view text, const Tools* tools) {
    const auto call = py_loads(text);
    const JsonValue* name = call ? call->member("name") : nullptr;
    if (name == nullptr || name->kind != Kind::string || tools == nullptr || tools->find(name->text) == nullptr) {
        return std::nullopt;
    }
    const JsonValue* arguments = call->member("arguments");
    if (arguments == nullptr) arguments = call->member("parameters");
    JsonBlock block{name->text, {}};
    if (arguments == nullptr || is_falsy(*arguments)) {
        block.arguments = "{}";
    } else if (arguments->kind == Kind::object) {
        py_dump(*arguments, block.arguments);
    } else {
        return std::nullopt;
    }
    return block;
}

}  // namespace fastfront
