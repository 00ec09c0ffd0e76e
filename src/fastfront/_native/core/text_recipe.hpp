// SPDX-License-Identifier: Apache-2.0
// What a chat template does with the contents of a conversation of one shape, as a straight line: parts cut out of the
// contents, questions about them whose answers must be the expected ones, and the pieces that the prompt is joined
// from. Views are numbered: first the contents, then each cut's result. Knows nothing of templates, roles or Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text_view.hpp"

namespace fastfront {

/// str's methods that leave a part of the text.
enum class Cut : std::uint8_t { strip, lstrip, rstrip, before, after };

/// Yes-or-no questions about a text.
enum class Question : std::uint8_t { non_empty, contains, starts_with, ends_with, equals };

class TextRecipe {
  public:
    explicit TextRecipe(std::size_t contents) noexcept : contents_(contents), views_(contents) {}

    /// Cut a part out of a view; it becomes view number `views()`. Without `text`, strips whitespace. False: no such
    /// view, or nothing to split at.
    [[nodiscard]] bool add_cut(std::size_t view, Cut cut, std::optional<std::u32string_view> text);
    /// Ask about a view; the recipe holds where the answer is `answer`. False: no such view.
    [[nodiscard]] bool add_guard(std::size_t view, Question question, std::u32string_view text, bool answer);
    void add_literal(std::u32string_view text);
    /// False: no such view.
    [[nodiscard]] bool add_piece(std::size_t view);

    [[nodiscard]] std::size_t contents() const noexcept { return contents_; }
    [[nodiscard]] std::size_t views() const noexcept { return views_; }

    /// Fill `views`, of size views(), whose first contents() are given. False: a guard fails, and the rest is not
    /// filled.
    [[nodiscard]] bool evaluate(std::span<TextView> views) const noexcept;

    struct Extent {
        std::size_t size;   // characters
        char32_t max_char;  // 0x7F, 0xFF, 0xFFFF or 0x10FFFF
    };
    /// Measure the prompt that the evaluated views make.
    [[nodiscard]] Extent measure(std::span<TextView> views) const noexcept;
    /// Write it as characters of `width` bytes, to room for all of them.
    void write(std::span<const TextView> views, void* out, std::uint8_t width) const noexcept;

  private:
    enum class Kind : std::uint8_t { cut, guard };
    struct Step {
        std::uint32_t view;
        std::uint32_t needle;  // kNone: whitespace
        Kind kind;
        bool answer;
        Cut cut;
        Question question;
    };
    struct Literal {
        std::string bytes;
        TextView view;  // its data is set when it is used: the bytes may have moved
    };
    struct Piece {
        std::uint32_t index;
        bool is_literal;
    };
    static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

    [[nodiscard]] std::uint32_t add_needle(std::u32string_view text);
    [[nodiscard]] TextView text_of(const Piece& piece, std::span<const TextView> views) const noexcept;

    std::size_t contents_;
    std::size_t views_;
    std::vector<Step> steps_;
    std::vector<Piece> pieces_;
    // Messages of one role have them in common: each is kept once.
    std::vector<Needle> needles_;
    std::vector<Literal> literals_;
};

}  // namespace fastfront
