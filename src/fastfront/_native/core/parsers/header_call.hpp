// SPDX-License-Identifier: Apache-2.0
// Reads one tool call whose name stands before its arguments, `name<separator>{...}`; the arguments are passed on as
// they stand. Knows nothing of what stands around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "call_reader.hpp"
#include "json_stream.hpp"

namespace fastfront {

struct HeaderRules {
    std::span<const std::string_view> separators = {};  ///< what may stand between the name and the arguments
    std::string_view again = {};                        ///< what begins the next call: never part of a name
    bool brace = false;                                 ///< the arguments' brace is separator enough
    bool strip = false;                                 ///< spaces around the name are not part of it
    bool kimi = false;                                  ///< the header is `functions.name:0`, which is the call's id
    char end = '\0';  ///< what begins the markup behind a call that may have no arguments; 0: none may
};

class HeaderCall final : public CallReader {
  public:
    static constexpr std::size_t kMaxHeader = 1024;

    explicit HeaderCall(const HeaderRules& rules) noexcept : rules_(rules) {}

    void begin(std::uint32_t call) override;
    std::size_t push(std::string_view text, Pieces& out) override;
    /// What stands as it is has no part that waits.
    void finish(Pieces& /*out*/) override {}
    [[nodiscard]] State state() const noexcept override { return state_; }
    [[nodiscard]] bool is_announced() const noexcept override { return announced_; }
    [[nodiscard]] std::string_view held() const noexcept override { return held_; }

  private:
    bool take(char c, Pieces& out);
    bool take_header(char c);
    bool take_before_arguments(char c, Pieces& out);
    void end_header(std::size_t size);
    void announce(Pieces& out);
    void fail() noexcept { state_ = State::failed; }

    const HeaderRules& rules_;
    State state_ = State::more;
    bool announced_ = false;
    bool has_name_ = false;
    std::uint32_t call_ = 0;
    JsonStream arguments_;
    std::string held_;  // all until the call is announced
    std::string name_;
    std::string id_;
    std::string buffer_;
};

}  // namespace fastfront
