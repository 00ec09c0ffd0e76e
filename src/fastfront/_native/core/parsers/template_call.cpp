// SPDX-License-Identifier: Apache-2.0
#include "template_call.hpp"

#include <algorithm>

namespace fastfront {

namespace {

using Kind = JsonValue::Kind;

/// The member that `{content.member}` names; empty: it is no such placeholder.
std::string_view content_member(const JsonValue* value) noexcept {
    constexpr std::string_view kBegin = "{content.";
    if (value == nullptr || value->kind != Kind::string || !is_template_placeholder(value->text)) return {};
    std::string_view path = value->text;
    if (!path.starts_with(kBegin)) return {};
    path.remove_prefix(kBegin.size());
    path.remove_suffix(1);
    return path.find('.') == std::string_view::npos ? path : std::string_view();
}

}  // namespace

std::optional<TemplateCallShape> template_call_shape(const TemplateField& field) {
    const TemplateReader& reader = field.reader;
    const bool is_plain = reader.kind == TemplateReader::Kind::json && reader.delimiters.empty() &&
                          !reader.unquoted_keys && !reader.allow_non_json;
    if (!is_plain || !field.transform || field.transforms_each || field.joins) return std::nullopt;
    const JsonValue* function = field.transform->member("function");
    if (function == nullptr) return std::nullopt;
    if (function->kind == Kind::string) {
        if (function->text != "{content}") return std::nullopt;
        return TemplateCallShape{.name = "name", .arguments = "arguments"};
    }
    const JsonValue* name = function->member("name");
    const JsonValue* arguments = function->member("arguments");
    if (name == nullptr || arguments == nullptr || arguments->kind != Kind::string) return std::nullopt;
    if (const auto member = content_member(name), its = content_member(arguments); !member.empty() && !its.empty()) {
        return TemplateCallShape{.name = std::string(member), .arguments = std::string(its)};
    }
    if (arguments->text != "{content}" || name->kind != Kind::string || !field.open) return std::nullopt;
    const auto& groups = field.open->groups();
    const auto group =
        std::ranges::find_if(groups, [&](const std::string& it) { return name->text == "{" + it + "}"; });
    if (group == groups.end() || *group == "content") return std::nullopt;
    return TemplateCallShape{.name = *group, .arguments = {}, .is_captured = true};
}

void TemplateCallStream::begin(const TemplateCallShape& shape, const TemplateCaptures& captures, std::uint32_t call,
                               const Tools* tools) {
    shape_ = &shape;
    call_ = call;
    tools_ = tools;
    is_announced_ = false;
    step_ = Step::before;
    made_.clear();
    spaces_.clear();
    if (!shape.is_captured) {
        rules_.name = shape.name;
        rules_.arguments = shape.arguments;
        object_.begin(call);
        return;
    }
    const auto name = std::ranges::find(captures, shape.name, &TemplateCaptures::value_type::first);
    if (name == captures.end() || name->second.empty()) {
        step_ = Step::unknown;
    } else {
        name_ = name->second;
        value_.begin({});
    }
}

void TemplateCallStream::push(std::string_view text, Pieces& out) {
    std::size_t at = 0;
    if (step_ == Step::before) {
        while (at < text.size() && is_json_space(text[at])) ++at;
        if (at == text.size()) return;
        step_ = text[at] != '{' ? Step::unknown : shape_->is_captured ? Step::value : Step::object;
        if (step_ == Step::value) {
            is_announced_ = true;
            out.begin_call(call_, name_);
            arguments_.begin(call_, tools_ == nullptr ? nullptr : tools_->find(name_));
        }
    }
    if (step_ == Step::object) {
        at += object_.push(text.substr(at), made_);
        pass_on(out);
        if (object_.state() == CallReader::State::failed) return fail(text.substr(at), out);
        if (object_.state() == CallReader::State::done) step_ = Step::behind;
    } else if (step_ == Step::value) {
        scratch_.clear();
        at += value_.push(text.substr(at), scratch_);
        arguments_.push(scratch_, out);
        if (value_.state() == JsonStream::State::failed) return fail(text.substr(at), out);
        if (value_.state() == JsonStream::State::done) step_ = Step::behind;
    }
    if (step_ == Step::behind) {
        const std::size_t from = at;
        while (at < text.size() && is_json_space(text[at])) ++at;
        spaces_.append(text.substr(from, at - from));
        if (at < text.size()) return fail(text.substr(at), out);
    }
    if (step_ == Step::content) out.add_content(text.substr(at));
}

/// What the object's reader made goes out, the arguments by their types.
void TemplateCallStream::pass_on(Pieces& out) {
    if (step_ == Step::unknown) return;
    for (const OutputPiece& piece : made_.all()) {
        const std::string_view text = made_.text(piece);
        if (piece.kind == PieceKind::call_begin) {
            if (text.empty()) {
                step_ = Step::unknown;
                break;
            }
            is_announced_ = true;
            out.begin_call(call_, text);
            arguments_.begin(call_, tools_ == nullptr ? nullptr : tools_->find(text));
        } else if (piece.kind == PieceKind::arguments) {
            arguments_.push(text, out);
        }
    }
    made_.clear();
}

void TemplateCallStream::fail(std::string_view rest, Pieces& out) {
    if (!is_announced_) {
        step_ = Step::unknown;
        return;
    }
    arguments_.end(out);
    if (step_ == Step::object) out.add_content(object_.held());
    if (step_ == Step::value) out.add_content(value_.pending());
    out.add_content(spaces_);
    out.add_content(rest);
    step_ = Step::content;
}

void TemplateCallStream::end(Pieces& out) {
    if (!is_announced_ || step_ == Step::content) return;
    if (step_ == Step::object) {
        object_.finish(made_);
        pass_on(out);
    } else if (step_ == Step::value) {
        arguments_.push(value_.pending(), out);
    }
    arguments_.end(out);
}

}  // namespace fastfront
