// SPDX-License-Identifier: Apache-2.0
// Cuts the model's text into the marks that a format expects in the state it is in, and the text between them, however
// both come in. The base of parsers whose formats are made of such marks. Knows no format.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "marker_scanner.hpp"
#include "output_parser.hpp"

namespace fastfront {

class MarkReader : public OutputParser {
  public:
    void push(std::string_view text, std::int64_t token, Pieces& out) final;
    void finish(Pieces& out) final;

  protected:
    /// What a mark means; the format's numbers, below 16.
    using Role = std::uint8_t;
    /// The format's numbers, below 16.
    using State = std::uint8_t;

    struct Mark {
        std::string_view text;
        Role role;
        std::int64_t id;  // kNoToken: found in the text; otherwise only the token is the mark
    };

    /// Marks, 32 at most, all before the first `expect`. An empty text is none. `text` outlives the reader.
    void add_mark(std::string_view text, Role role, const ParserSpec& spec);
    void expect(State state, std::initializer_list<Role> roles);
    [[nodiscard]] bool expects(Role role) const noexcept;

    /// Text without marks. Whoever changes the state here expects in the old state all that the new one expects.
    virtual void on_text(std::string_view text, Pieces& out) = 0;
    virtual void on_mark(const Mark& mark, Pieces& out) = 0;
    virtual void on_end(Pieces& out) = 0;

    State state_ = 0;

  private:
    static constexpr std::size_t kStates = 16;

    struct Expected {
        std::uint32_t roles = 0;
        MarkerScanner::Set in_text = 0;  // the marks that are found in the text
    };

    [[nodiscard]] std::string_view process(std::string_view text, bool is_final, Pieces& out);
    void settle(Pieces& out);

    std::vector<Mark> marks_;
    MarkerScanner scanner_;  // has them under the same numbers
    std::array<Expected, kStates> expected_{};
    std::string pending_;  // may be the beginning of a mark
};

}  // namespace fastfront
