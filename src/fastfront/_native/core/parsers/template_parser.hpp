// SPDX-License-Identifier: Apache-2.0
// Reads an answer by the model's response template, which cuts it into regions of thinking, content and calls
// (vllm/parser/response_template.py, vllm/parser/chat_parsing/response_parser.py). All of it is one format: this reads
// thinking and calls, and a tool parser behind it nothing more. The end of the prompt is read first: it may have opened
// a region. Calls go out where their region ends, as far as they cannot before (template_call.hpp).
//
// What a region's text is not as the template says is content, markup included. What is in no region of the template's
// is dropped: that is what the template says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "output_parser.hpp"
#include "regex_search.hpp"
#include "response_template.hpp"
#include "template_call.hpp"
#include "template_values.hpp"

namespace fastfront {

/// A boundary of regions, for who asks about the prompt.
struct TemplateEvent {
    TemplateField::Role role;
    bool is_open;
    std::size_t size;  // of the markup; 0: the region begins or ends without
};

class TemplateParser final : public OutputParser {
  public:
    /// `prefix`: the prompt, behind its last start anchor. What is not read is content. `events`: where boundaries are
    /// written down; null: nowhere.
    TemplateParser(std::shared_ptr<const ResponseTemplate> source, std::string_view prefix, bool reads_thinking,
                   bool reads_calls, std::shared_ptr<const Tools> tools, std::vector<TemplateEvent>* events = nullptr);

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& out) override;

  private:
    struct Watch {
        const TemplateField* field;
        bool is_open;
        RegexSearch search;
    };
    struct Boundary {
        const Watch* watch = nullptr;
        std::size_t hold = 0;  // what is before it is text
    };

    void watch();
    [[nodiscard]] Boundary scan(bool is_last);
    void process(bool is_last, Pieces& out);
    void cross(const Watch& found, Pieces& out);
    void add_text(std::size_t end, Pieces& out);
    void open(const Watch& found, Pieces& out);
    void close(std::size_t begin, std::size_t end, Pieces& out);
    void end_calls(std::string_view markup, Pieces& out);
    void go_to(std::size_t place) noexcept;

    [[nodiscard]] const TemplateField* implicit() const noexcept {
        return template_->implicit ? &template_->fields[*template_->implicit] : nullptr;
    }
    /// The text between two places, as far as the model wrote it.
    [[nodiscard]] std::string_view written(std::size_t begin, std::size_t end) const noexcept;

    std::shared_ptr<const ResponseTemplate> template_;
    std::shared_ptr<const Tools> tools_;
    const bool reads_thinking_;
    const bool reads_calls_;
    std::vector<TemplateEvent>* const events_;

    std::vector<Watch> watches_;
    std::string text_;           // from base_ on
    std::size_t base_ = 0;       // bytes of the prefix and the answer before it
    std::size_t at_ = 0;         // how far all has been read
    std::size_t prefix_ = 0;     // bytes of the prefix
    char32_t before_ = 0;        // the character before at_
    std::size_t crossed_ = 0;    // where the last boundary ended
    std::size_t crossings_ = 0;  // without text, here

    const TemplateField* current_ = nullptr;  // null: no region
    bool is_open_ = false;
    TemplateCaptures captures_;
    std::string body_;  // of a region of calls
    std::string raw_;   // the same as the model wrote it, with what opened it
    std::uint32_t calls_ = 0;
    std::optional<TemplateCallShape>
        shape_;  // of the calls of the template, if they can go out before they are complete
    TemplateCallStream stream_;
    bool is_streaming_ = false;
};

/// Whether the prompt that ends with `prefix` has left the model's thinking (_reasoning_has_ended).
[[nodiscard]] bool has_template_thinking_ended(const std::shared_ptr<const ResponseTemplate>& source,
                                               std::string_view prefix, bool is_thinking_off);

}  // namespace fastfront
