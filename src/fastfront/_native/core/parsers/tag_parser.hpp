// SPDX-License-Identifier: Apache-2.0
// Reads tool calls made of tags, of any format that a TagFormat describes. Arguments go out as JSON while the values come
// in: strings as they are written, other types when they are complete.
//
// What is not as the format says:
// - A call without a valid name is content. So is a block that holds something else before its first call.
// - Inside a call, text between parameters, and a parameter that has no value, is content; the call goes on.
// - A value's end tag may be missing where the call ends (and before the next parameter, if the format says so).
// - At the end of the output an open call's arguments stay as they are. What of it has not gone out is content.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "argument_writer.hpp"
#include "layout_gate.hpp"
#include "output_parser.hpp"
#include "tag_format.hpp"

namespace fastfront {

class TagParser final : public OutputParser {
  public:
    /// `format` outlives the parser.
    TagParser(const TagFormat& format, const ParserSpec& spec, const ParserOptions& options);

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& out) override;

  private:
    enum class State : std::uint8_t { outside, inside, opening, name, between, tag, behind_tag, type, value };
    static constexpr std::size_t kStates = 9;
    static constexpr std::size_t kMaxName = 1024;  // bytes; a longer one is no name

    enum class Role : std::uint8_t {
        block_open,
        block_close,
        call_open,
        name_close,
        call_close,
        parameter_open,
        tag_close,
        type_open,
        type_close,
        value_open,
        value_close,
        layout,
    };
    struct Mark {
        std::string_view text;
        Role role;
        std::int64_t id;
    };
    /// What may stand in a state.
    struct Expected {
        std::uint16_t roles = 0;
        std::array<char, 4> first{};  // the first bytes of what may
        std::uint8_t first_count = 0;
    };
    struct Found {
        std::size_t at;    // where it begins; without mark: how far the text is text
        const Mark* mark;  // null: none, or not complete
    };

    void add_mark(std::string_view text, Role role, const ParserSpec& spec);
    void expect(State state, std::initializer_list<Role> roles);
    [[nodiscard]] bool expects(Role role) const noexcept;
    [[nodiscard]] Found find(std::string_view text, bool is_final) const noexcept;
    [[nodiscard]] std::string_view process(std::string_view text, bool is_final, Pieces& out);
    void settle(Pieces& out);

    void on_text(std::string_view text, Pieces& out);
    void on_mark(const Mark& mark, Pieces& out);
    void on_mark_outside(const Mark& mark, Pieces& out);
    void on_mark_in_name(const Mark& mark, Pieces& out);
    void on_mark_in_call(const Mark& mark, Pieces& out);
    void on_mark_in_tag(const Mark& mark, Pieces& out);

    void give_back(Pieces& out);
    void leave(State outside) noexcept { state_ = in_block_ ? State::inside : outside; }
    [[nodiscard]] bool announce(Pieces& out);
    void open_tag(const Mark& mark, Pieces& out);
    void end_call(const Mark& mark, Pieces& out);

    void begin_value(Pieces& out);
    void end_value(const Mark& mark, Pieces& out);

    const TagFormat& format_;
    std::shared_ptr<const Tools> tools_;
    std::vector<Mark> marks_;
    std::array<Expected, kStates> expected_{};
    LayoutGate gate_;

    State state_ = State::outside;
    bool in_block_ = false;
    bool block_shown_ = false;  // its opening tag went out as content, so its closing tag will
    std::string pending_;       // may be the beginning of a mark
    std::string raw_;           // markup that nothing has come of yet, as the model wrote it
    std::size_t begin_ = 0;     // where in raw_ the name, tag, type or value begins

    std::uint32_t next_call_ = 0;
    ParameterTag parameter_;
    ArgumentWriter arguments_;
};

}  // namespace fastfront
