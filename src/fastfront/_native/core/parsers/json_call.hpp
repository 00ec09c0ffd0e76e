// SPDX-License-Identifier: Apache-2.0
// Reads one tool call that is a JSON object, {"name": ..., "arguments": ...}, its members in any order, and makes
// pieces of it as soon as its function's name is known and its arguments have begun. Knows nothing of what stands
// around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "call_reader.hpp"
#include "json_stream.hpp"

namespace fastfront {

/// How a format writes a call, and what vLLM's parser makes of arguments that are no object.
struct CallRules {
    std::string_view name = "name";            ///< the member with the function's name
    std::string_view arguments = "arguments";  ///< the member with its arguments
    std::string_view also = {};                ///< another name of that member; empty: none
    std::string_view id = {};                  ///< the member with the call's id; empty: none
    std::string_view missing = {};             ///< the arguments of a call without any; empty: it is malformed
    std::string_view null = "null";            ///< the arguments of a call whose are null; empty: it is malformed
    bool keyed = false;                        ///< {"get_weather": {...}}: the first member's name is the function's
    bool strings_are_text = false;  ///< arguments in a JSON string are that text; else the string with its quotes
    bool objects_only = false;      ///< a number, a list or a literal is malformed
    bool verbatim = false;          ///< an object is passed on as it stands
    bool lenient = false;           ///< control characters may stand in strings
    bool bare = false;              ///< no markup says that this is a call: it has to look like one from the start
};

class JsonCall final : public CallReader {
  public:
    /// Of a bare object, what is read before its name and the beginning of its arguments are known.
    static constexpr std::size_t kMaxBare = 8192;

    explicit JsonCall(const CallRules& rules) noexcept : rules_(rules) {}

    void begin(std::uint32_t call) override;
    /// From the object's '{' on.
    std::size_t push(std::string_view text, Pieces& out) override;
    void finish(Pieces& out) override;
    [[nodiscard]] State state() const noexcept override {
        return step_ == Step::done ? State::done : step_ == Step::failed ? State::failed : State::more;
    }
    [[nodiscard]] bool is_announced() const noexcept override { return announced_; }
    [[nodiscard]] std::string_view held() const noexcept override { return streaming_ ? arguments_.pending() : raw_; }

  private:
    enum class Step : std::uint8_t { open, key_or_end, key, colon, value, in_value, after, done, failed };
    enum class Member : std::uint8_t { name, arguments, id, other };

    std::size_t step(std::string_view text, Pieces& out);
    std::size_t read_key(std::string_view text);
    std::size_t read_value(std::string_view text, Pieces& out);
    bool begin_value(char c, Pieces& out);
    void end_key();
    void end_value(Pieces& out);
    void close(Pieces& out);
    bool settle_arguments();
    void announce(Pieces& out);
    void fail() noexcept { step_ = Step::failed; }

    const CallRules& rules_;
    Step step_ = Step::open;
    Member member_ = Member::other;
    bool in_key_ = false;
    bool announced_ = false;
    bool streaming_ = false;  // inside the arguments of an announced call
    bool has_name_ = false;
    bool has_arguments_ = false;  // read or being read
    char first_ = '\0';           // of the arguments
    std::uint32_t call_ = 0;
    JsonStream value_;  // a name, or a member's value
    JsonStream arguments_;
    std::string scratch_;  // what value_ writes
    std::string name_;
    std::string id_;
    std::string buffer_;  // arguments that cannot go out yet
    std::string raw_;
};

}  // namespace fastfront
