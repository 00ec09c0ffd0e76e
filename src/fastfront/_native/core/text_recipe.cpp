// SPDX-License-Identifier: Apache-2.0
#include "text_recipe.hpp"

#include <algorithm>

namespace fastfront {
namespace {

TextView cut_out(const TextView& text, Cut cut, const Needle* chars) noexcept {
    switch (cut) {
        case Cut::strip: return strip_right(strip_left(text, chars), chars);
        case Cut::lstrip: return strip_left(text, chars);
        case Cut::rstrip: return strip_right(text, chars);
        case Cut::before: return before_first(text, *chars);
        default: return after_last(text, *chars);
    }
}

bool ask(const TextView& text, Question question, const Needle& needle) noexcept {
    switch (question) {
        case Question::non_empty: return text.size != 0;
        case Question::contains: return find(text, needle) != kNotFound;
        case Question::starts_with: return starts_with(text, needle);
        case Question::ends_with: return ends_with(text, needle);
        default: return equals(text, needle);
    }
}

std::uint8_t width_of(char32_t max_char) noexcept { return max_char <= 0xFF ? 1 : max_char <= 0xFFFF ? 2 : 4; }

}  // namespace

std::uint32_t TextRecipe::add_needle(std::u32string_view text) {
    const auto known = std::ranges::find(needles_, text, &Needle::text);
    const auto index = known - needles_.begin();
    if (known == needles_.end()) needles_.emplace_back(text);
    return static_cast<std::uint32_t>(index);
}

bool TextRecipe::add_cut(std::size_t view, Cut cut, std::optional<std::u32string_view> text) {
    const bool splits = cut == Cut::before || cut == Cut::after;
    if (view >= views_ || views_ >= kNone || (splits && (!text || text->empty()))) return false;
    const std::uint32_t needle = text ? add_needle(*text) : kNone;
    steps_.push_back({static_cast<std::uint32_t>(view), needle, Kind::cut, false, cut, Question::non_empty});
    ++views_;
    return true;
}

bool TextRecipe::add_guard(std::size_t view, Question question, std::u32string_view text, bool answer) {
    if (view >= views_) return false;
    steps_.push_back({static_cast<std::uint32_t>(view), add_needle(text), Kind::guard, answer, Cut::strip, question});
    return true;
}

void TextRecipe::add_literal(std::u32string_view text) {
    const Needle stored(text);
    const TextView wide{stored.data(4), text.size(), 4, 0};
    const char32_t max_char = char_range(wide);
    const std::uint8_t width = width_of(max_char);
    std::string bytes(text.size() * width, '\0');
    copy_text(wide, bytes.data(), width);
    const auto known = std::ranges::find_if(
        literals_, [&](const Literal& other) { return other.view.width == width && other.bytes == bytes; });
    const auto index = static_cast<std::uint32_t>(known - literals_.begin());
    if (known == literals_.end()) literals_.push_back({std::move(bytes), {nullptr, text.size(), width, max_char}});
    pieces_.push_back({index, true});
}

bool TextRecipe::add_piece(std::size_t view) {
    if (view >= views_) return false;
    pieces_.push_back({static_cast<std::uint32_t>(view), false});
    return true;
}

bool TextRecipe::evaluate(std::span<TextView> views) const noexcept {
    std::size_t next = contents_;
    for (const Step& step : steps_) {
        const TextView& view = views[step.view];
        if (step.kind == Kind::cut) {
            views[next++] = cut_out(view, step.cut, step.needle == kNone ? nullptr : &needles_[step.needle]);
        } else if (ask(view, step.question, needles_[step.needle]) != step.answer) {
            return false;
        }
    }
    return true;
}

TextView TextRecipe::text_of(const Piece& piece, std::span<const TextView> views) const noexcept {
    if (!piece.is_literal) return views[piece.index];
    TextView text = literals_[piece.index].view;
    text.data = literals_[piece.index].bytes.data();
    return text;
}

TextRecipe::Extent TextRecipe::measure(std::span<TextView> views) const noexcept {
    Extent extent{0, 0x7F};
    for (const Piece& piece : pieces_) {
        if (!piece.is_literal) views[piece.index].max_char = char_range(views[piece.index]);
        const TextView text = text_of(piece, views);
        extent.size += text.size;
        extent.max_char = std::max(extent.max_char, text.max_char);
    }
    return extent;
}

void TextRecipe::write(std::span<const TextView> views, void* out, std::uint8_t width) const noexcept {
    auto* to = static_cast<std::uint8_t*>(out);
    for (const Piece& piece : pieces_) {
        const TextView text = text_of(piece, views);
        copy_text(text, to, width);
        to += text.size * width;
    }
}

}  // namespace fastfront
