// SPDX-License-Identifier: Apache-2.0
#include "parsed_answer.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "json_writer.hpp"

namespace fastfront {

namespace {

/// Random bits for ids, which have to be unique, not secret.
std::uint64_t random_bits() {
    thread_local std::mt19937_64 engine{[] {
        std::random_device entropy;
        return (std::uint64_t{entropy()} << 32) | entropy();
    }()};
    return engine();
}

std::string random_text(std::size_t size, std::string_view alphabet) {
    std::uint64_t bits = random_bits();
    std::string text(size, '\0');
    for (char& c : text) {
        c = alphabet[bits % alphabet.size()];
        bits /= alphabet.size();
    }
    return text;
}

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kLettersAndDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

}  // namespace

ParsedAnswer::ParsedAnswer(std::shared_ptr<const ParserPlan> plan, bool whole)
    : plan_(std::move(plan)), parser_(plan_->make()), whole_(whole) {
    if (plan_->count) {
        counter_.emplace(plan_->count, plan_->options.thinking);
    }
}

void ParsedAnswer::count(std::span<const std::uint32_t> token_ids) {
    if (counter_) {
        for (const std::uint32_t id : token_ids) {
            counter_->push(id);
        }
    }
}

Pieces& ParsedAnswer::step_pieces() noexcept {
    thread_local Pieces pieces;
    return pieces;
}

void ParsedAnswer::push(std::string_view text, std::span<const ShownSpecial> specials) {
    Pieces& pieces = step_pieces();
    pieces.clear();
    std::size_t at = 0;
    for (const ShownSpecial& special : specials) {
        if (special.begin > at) {
            parser_->push(text.substr(at, special.begin - at), kNoToken, pieces);
        }
        parser_->push(text.substr(special.begin, special.end - special.begin), special.id, pieces);
        at = special.end;
    }
    if (at < text.size()) {
        parser_->push(text.substr(at), kNoToken, pieces);
    }
    take_pieces();
}

void ParsedAnswer::finish() {
    Pieces& pieces = step_pieces();
    if (whole_) {
        pieces.clear();  // the pushed ones are kept already
    }
    parser_->finish(pieces);
    take_pieces();
}

void ParsedAnswer::give(const Pieces& pieces) {
    step_pieces() = pieces;
    take_pieces();
}

void ParsedAnswer::take_pieces() {
    const Pieces& pieces = step_pieces();
    news_ = calling_ = false;
    for (const OutputPiece& piece : pieces.all()) {
        if (!shows(piece)) {
            continue;
        }
        news_ = true;
        calling_ = calling_ || piece.kind == PieceKind::call_begin || piece.kind == PieceKind::arguments;
        called_ = called_ || piece.kind == PieceKind::call_begin;
        if (!whole_) {
            continue;
        }
        const std::string_view text = pieces.text(piece);
        switch (piece.kind) {
            case PieceKind::reasoning: reasoning_.append(text); break;
            case PieceKind::content: content_.append(text); break;
            case PieceKind::call_begin: calls_.push_back({id_of(piece), std::string(text), {}}); break;
            case PieceKind::arguments:
                if (!calls_.empty()) {
                    calls_.back().arguments.append(text);
                }
                break;
        }
    }
}

bool ParsedAnswer::shows(const OutputPiece& piece) const noexcept {
    switch (piece.kind) {
        case PieceKind::reasoning: return plan_->include_reasoning;
        case PieceKind::content: return true;
        case PieceKind::call_begin:
        case PieceKind::arguments: break;
    }
    return plan_->parallel_tool_calls || piece.call == 0;
}

std::string ParsedAnswer::id_of(const OutputPiece& piece) const {
    if (piece.id_size > 0) {
        return std::string(step_pieces().id(piece));
    }
    switch (plan_->call_ids) {
        case CallIds::kimi:
            return "functions." + std::string(step_pieces().text(piece)) + ":" +
                   std::to_string(plan_->options.first_call + piece.call);
        case CallIds::mistral: return random_text(9, kLettersAndDigits);
        case CallIds::random: break;
    }
    return "chatcmpl-tool-" + random_text(16, kHexDigits);
}

std::string_view ParsedAnswer::name_of_end(FinishReason reason) const noexcept {
    return called_ && reason == FinishReason::stop && !plan_->named ? "tool_calls" : name_of(reason);
}

void ParsedAnswer::append_delta(std::string& out) const {
    out.push_back('{');
    append_text(out, PieceKind::content, R"("content":")");
    append_text(out, PieceKind::reasoning, R"("reasoning":")");
    append_calls(out);
    out.push_back('}');
}

void ParsedAnswer::append_text(std::string& out, PieceKind kind, std::string_view member) const {
    const Pieces& pieces = step_pieces();
    bool open = false;
    for (const OutputPiece& piece : pieces.all()) {
        if (piece.kind != kind || !shows(piece)) {
            continue;
        }
        if (!open) {
            open = true;
            out.append(out.back() == '{' ? "" : ",").append(member);
        }
        append_json_escaped(out, pieces.text(piece));
    }
    if (open) {
        out.push_back('"');
    }
}

void ParsedAnswer::append_calls(std::string& out) const {
    const Pieces& pieces = step_pieces();
    const OutputPiece* previous = nullptr;
    bool open = false;  // an entry's arguments are being written
    for (const OutputPiece& piece : pieces.all()) {
        const bool begins = piece.kind == PieceKind::call_begin;
        if ((!begins && piece.kind != PieceKind::arguments) || !shows(piece)) {
            continue;
        }
        if (begins || previous == nullptr || previous->call != piece.call) {
            if (open) {
                out.append(R"("}},)");
            } else {
                out.append(out.back() == '{' ? "" : ",").append(R"("tool_calls":[)");
            }
            open = true;
            out.push_back('{');
            if (begins) {
                out.append(R"("id":)");
                append_json_string(out, id_of(piece));
                out.append(R"(,"type":"function",)");
            }
            out.append(R"("index":)");
            append_json_int(out, piece.call);
            out.append(R"(,"function":{)");
            if (begins) {
                out.append(R"("name":)");
                append_json_string(out, pieces.text(piece));
                out.push_back(',');
            }
            out.append(R"("arguments":")");
        }
        if (!begins) {
            append_json_escaped(out, pieces.text(piece));
        }
        previous = &piece;
    }
    if (open) {
        out.append(R"("}}])");
    }
}

void ParsedAnswer::append_message(std::string& out, std::string_view before) const {
    out.append(R"(,"content":)");
    if (content_.empty() && before.empty() && !plan_->forced) {
        out.append("null");
    } else {
        out.push_back('"');
        append_json_escaped(out, before);
        append_json_escaped(out, content_);
        out.push_back('"');
    }
    out.append(R"(,"refusal":null,"annotations":null,"audio":null,"function_call":null)");
    if (!calls_.empty()) {
        out.append(R"(,"tool_calls":[)");
        for (const Call& call : calls_) {
            out.append(&call == calls_.data() ? R"({"id":)" : R"(,{"id":)");
            append_json_string(out, call.id);
            out.append(R"(,"type":"function","function":{"name":)");
            append_json_string(out, call.name);
            out.append(R"(,"arguments":)");
            append_json_string(out, call.arguments);
            out.append("}}");
        }
        out.push_back(']');
    }
    out.append(R"(,"reasoning":)");
    if (reasoning_.empty()) {
        out.append("null");
    } else {
        append_json_string(out, reasoning_);
    }
}

}  // namespace fastfront
