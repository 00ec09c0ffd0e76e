// SPDX-License-Identifier: Apache-2.0
// A call in a region of a response template, on its way out while the model writes it. That is so where the region is
// plain JSON of one call, and the template only says where in it (or in what opened it) the function's name is and
// where its arguments are. All other regions are read when they are complete (template_values.hpp). Knows no regions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json_call.hpp"
#include "json_stream.hpp"
#include "pieces.hpp"
#include "response_template.hpp"
#include "template_values.hpp"
#include "tools.hpp"
#include "typed_arguments.hpp"

namespace fastfront {

/// What a template says of where a call's parts are.
struct TemplateCallShape {
    std::string name;       // the member with the function's name; or, if is_captured, the group
    std::string arguments;  // the member with its arguments; empty: all of the JSON
    bool is_captured = false;
};

/// Where the parts are of a call in such a region; none: not to be told before it is complete.
[[nodiscard]] std::optional<TemplateCallShape> template_call_shape(const TemplateField& field);

class TemplateCallStream {
  public:
    /// A region begins that becomes call number `call` if it is one. `shape` outlives it.
    void begin(const TemplateCallShape& shape, const TemplateCaptures& captures, std::uint32_t call,
               const Tools* tools);
    /// More of the region's text.
    void push(std::string_view text, Pieces& out);
    /// The region, or the answer, ends. What of a call that has gone out could not yet, goes now.
    void end(Pieces& out);

    /// The call has gone out: what follows is not the caller's.
    [[nodiscard]] bool is_announced() const noexcept { return is_announced_; }
    /// The text turned out to be more than the call; what came since has gone out as content.
    [[nodiscard]] bool has_failed() const noexcept { return step_ == Step::content; }

  private:
    enum class Step : std::uint8_t {
        before,   // spaces
        object,   // the object with all parts
        value,    // the arguments alone
        behind,   // spaces
        content,  // announced, and malformed
        unknown,  // not announced, and not to be
    };

    void pass_on(Pieces& out);
    void fail(std::string_view rest, Pieces& out);

    Step step_ = Step::unknown;
    bool is_announced_ = false;
    const TemplateCallShape* shape_ = nullptr;
    std::uint32_t call_ = 0;
    const Tools* tools_ = nullptr;
    std::string name_;
    CallRules rules_{.null = {}, .strings_are_text = true};
    JsonCall object_{rules_};
    JsonStream value_;
    TypedArguments arguments_;
    Pieces made_;
    std::string scratch_;
    std::string spaces_;
};

}  // namespace fastfront
