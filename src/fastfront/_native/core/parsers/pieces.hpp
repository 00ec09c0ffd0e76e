// SPDX-License-Identifier: Apache-2.0
// What an output parser makes of the model's text: reasoning, content and tool calls, in the order of the text, in one
// reusable buffer. Knows no format, no JSON, no request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fastfront {

/// The token id of text that is no special token.
inline constexpr std::int64_t kNoToken = -1;

enum class PieceKind : std::uint8_t {
    reasoning,   ///< text of the model's thinking
    content,     ///< text of the answer
    call_begin,  ///< a tool call begins: its function's name, and its id if the model gave one
    arguments,   ///< more of a tool call's arguments, which are JSON when put together
};

/// One piece; its texts are in the Pieces that it belongs to.
struct OutputPiece {
    PieceKind kind = PieceKind::content;
    std::uint32_t call = 0;         // call_begin, arguments: which tool call, counted from 0 over the whole answer
    std::uint32_t begin = 0;        // where its text begins
    std::uint32_t size = 0;         // bytes of its text
    std::uint32_t id_size = 0;      // call_begin: bytes of the id that follows the name; 0: the server makes one
    std::int64_t token = kNoToken;  // content: the special token whose text this is, for the next parser
};

/// The pieces of one step. Neighbours of one kind are one piece.
class Pieces {
  public:
    void clear() noexcept {
        pieces_.clear();
        text_.clear();
    }
    [[nodiscard]] bool empty() const noexcept { return pieces_.empty(); }
    [[nodiscard]] const std::vector<OutputPiece>& all() const noexcept { return pieces_; }
    [[nodiscard]] std::string_view text(const OutputPiece& piece) const noexcept {
        return std::string_view(text_).substr(piece.begin, piece.size);
    }
    [[nodiscard]] std::string_view id(const OutputPiece& piece) const noexcept {
        return std::string_view(text_).substr(piece.begin + piece.size, piece.id_size);
    }

    void add_reasoning(std::string_view text) { add(PieceKind::reasoning, 0, text, kNoToken); }
    /// `token`: the special token that `text` is, if it is one: such pieces stay by themselves.
    void add_content(std::string_view text, std::int64_t token = kNoToken) { add(PieceKind::content, 0, text, token); }
    void begin_call(std::uint32_t call, std::string_view name, std::string_view id = {});
    void add_arguments(std::uint32_t call, std::string_view text) { add(PieceKind::arguments, call, text, kNoToken); }

  private:
    void add(PieceKind kind, std::uint32_t call, std::string_view text, std::int64_t token);

    std::vector<OutputPiece> pieces_;
    std::string text_;
};

}  // namespace fastfront
