// SPDX-License-Identifier: Apache-2.0
// Reads tool calls made of tags, of any format that a TagFormat describes. Arguments go out as JSON while the values
// come in: strings as they are written, other types when they are complete.
//
// What is not as the format says:
// - A call without a valid name is content. So is a block that holds something else before its first call.
// - Inside a call, text between parameters, and a parameter that has no value, is content; the call goes on.
// - A value's end tag may be missing where the call ends (and before the next parameter, if the format says so).
// - At the end of the output an open call's arguments stay as they are. What of it has not gone out is content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "argument_writer.hpp"
#include "content_gate.hpp"
#include "json_arguments.hpp"
#include "mark_reader.hpp"
#include "tag_format.hpp"

namespace fastfront {

class TagParser final : public MarkReader {
  public:
    /// `format` outlives the parser.
    TagParser(const TagFormat& format, const ParserSpec& spec, const ParserOptions& options);

  private:
    static constexpr std::size_t kMaxName = 1024;  // bytes; a longer one is no name

    void on_text(std::string_view text, Pieces& out) override;
    void on_mark(const Mark& mark, Pieces& out) override;
    void on_end(Pieces& out) override;

    void on_mark_outside(const Mark& mark, Pieces& out);
    void on_mark_in_name(const Mark& mark, Pieces& out);
    void on_mark_in_call(const Mark& mark, Pieces& out);
    void on_mark_in_tag(const Mark& mark, Pieces& out);

    void give_back(Pieces& out);
    void leave() noexcept;
    [[nodiscard]] bool announce(Pieces& out);
    [[nodiscard]] bool announce_json(Pieces& out);
    void open_tag(const Mark& mark, Pieces& out);
    void end_call(const Mark& mark, Pieces& out);
    void body_text(std::string_view text, Pieces& out);
    void end_body(Pieces& out);

    void begin_value(Pieces& out);
    void end_value(const Mark& mark, Pieces& out);

    const TagFormat& format_;
    std::shared_ptr<const Tools> tools_;
    ContentGate gate_;

    bool in_block_ = false;
    bool block_shown_ = false;  // its opening tag went out as content, so its closing tag will
    bool call_shown_ = false;   // the last call was none and went out as content, so the layout behind it will
    std::string raw_;           // markup that nothing has come of yet, as the model wrote it
    std::size_t begin_ = 0;     // where in raw_ the name, tag, type or value begins

    std::uint32_t next_call_ = 0;
    ParameterTag parameter_;
    ArgumentWriter arguments_;
    const Tool* tool_ = nullptr;
    JsonArguments json_;
};

}  // namespace fastfront
