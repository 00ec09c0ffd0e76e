// SPDX-License-Identifier: Apache-2.0
#include "template_parser.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "chain.hpp"
#include "families.hpp"
#include "regex_syntax.hpp"

namespace fastfront {

namespace {

using Role = TemplateField::Role;

/// Regions that begin and end at one place, one after the other; then the text goes on.
constexpr std::size_t kMaxCrossings = 8;

std::unique_ptr<OutputParser> make(const ParserSpec& spec, const ParserOptions& options, bool reads_thinking,
                                   bool reads_calls) {
    if (spec.response_template == nullptr) return std::make_unique<NothingMore>();
    const std::string_view prefix = options.prefix == nullptr ? std::string_view() : *options.prefix;
    return std::make_unique<TemplateParser>(spec.response_template, prefix, reads_thinking, reads_calls, options.tools);
}

std::unique_ptr<OutputParser> make_reasoning(const ParserSpec& spec, const ParserOptions& options) {
    return make(spec, options, true, options.tools != nullptr);
}

std::unique_ptr<OutputParser> make_tools(const ParserSpec& spec, const ParserOptions& options) {
    if (options.behind_reasoning) return std::make_unique<NothingMore>();
    return make(spec, options, false, options.tools != nullptr);
}

}  // namespace

TemplateParser::TemplateParser(std::shared_ptr<const ResponseTemplate> source, std::string_view prefix,
                               bool reads_thinking, bool reads_calls, std::shared_ptr<const Tools> tools,
                               std::vector<TemplateEvent>* events)
    : template_(std::move(source)),
      tools_(std::move(tools)),
      reads_thinking_(reads_thinking),
      reads_calls_(reads_calls),
      events_(events),
      prefix_(prefix.size()),
      current_(implicit()) {
    for (const TemplateField& field : template_->fields) {
        if (field.open) watches_.push_back({&field, true, RegexSearch(*field.open)});
        if (field.role == Role::tools) shape_ = template_call_shape(field);
        if (field.close) watches_.push_back({&field, false, RegexSearch(*field.close)});
    }
    watch();
    Pieces nothing;
    text_ = prefix;
    process(false, nothing);
}

void TemplateParser::push(std::string_view text, std::int64_t /*token*/, Pieces& out) {
    text_.append(text);
    process(false, out);
}

void TemplateParser::finish(Pieces& out) {
    if (base_ + text_.size() > prefix_) process(true, out);
}

std::string_view TemplateParser::written(std::size_t begin, std::size_t end) const noexcept {
    begin = std::clamp(prefix_, begin, end);
    return std::string_view(text_).substr(begin - base_, end - begin);
}

/// Begin to look for all that may stand here.
void TemplateParser::watch() {
    for (Watch& watch : watches_) watch.search.begin(at_, before_);
}

/// The first boundary that counts in the region that is open now.
TemplateParser::Boundary TemplateParser::scan(bool is_last) {
    const std::size_t end = base_ + text_.size();
    const bool is_explicit = current_ != nullptr && current_ != implicit();
    Boundary boundary{.watch = nullptr, .hold = end};
    std::size_t limit = RegexSearch::kNowhere;
    const auto rank = [](const Watch& watch) {
        return std::tuple(watch.search.start(), ~(watch.search.end() - watch.search.start()), watch.is_open ? 0 : 1,
                          std::string_view(watch.field->name));
    };
    for (Watch& watch : watches_) {
        const bool counts =
            is_explicit ? !watch.is_open && watch.field == current_ : watch.is_open || watch.field == implicit();
        if (!counts) continue;
        switch (watch.search.run(std::string_view(text_), base_, is_last, limit)) {
            case RegexSearch::State::none: break;
            case RegexSearch::State::pending:
                boundary.hold = std::min(boundary.hold, watch.search.start());
                limit = std::min(limit, watch.search.start());
                break;
            case RegexSearch::State::found:
                if (boundary.watch == nullptr || rank(watch) < rank(*boundary.watch)) boundary.watch = &watch;
                limit = std::min(limit, watch.search.start());
        }
    }
    if (boundary.watch != nullptr && boundary.watch->search.start() >= boundary.hold) boundary.watch = nullptr;
    return boundary;
}

void TemplateParser::process(bool is_last, Pieces& out) {
    while (true) {
        const Boundary boundary = scan(is_last);
        if (boundary.watch == nullptr) {
            add_text(boundary.hold, out);
            break;
        }
        cross(*boundary.watch, out);
    }
    if (is_last) close(at_, at_, out);
    text_.erase(0, at_ - base_);
    base_ = at_;
}

void TemplateParser::cross(const Watch& found, Pieces& out) {
    const std::size_t begin = found.search.start();
    const std::size_t end = found.search.end();
    crossings_ = begin == crossed_ && end == crossed_ ? crossings_ + 1 : 0;
    add_text(begin, out);
    if (found.is_open) {
        close(begin, begin, out);
        open(found, out);
    } else {
        close(begin, end, out);
    }
    go_to(end);
    if (crossings_ > kMaxCrossings) {  // nothing is here but boundaries: on to the next character
        const std::size_t rest = at_ - base_;
        add_text(at_ + (rest < text_.size() ? decode_char(std::string_view(text_).substr(rest)).size : 0), out);
        crossings_ = 0;
    }
    crossed_ = at_;
    watch();
}

void TemplateParser::go_to(std::size_t place) noexcept {
    if (place == at_) return;
    std::size_t last = place - base_ - 1;  // the last character's first byte
    while (last > 0 && (static_cast<std::uint8_t>(text_[last]) & 0xC0U) == 0x80) --last;
    before_ = decode_char(std::string_view(text_).substr(last)).c;
    at_ = place;
}

/// The text up to `end` belongs to the region.
void TemplateParser::add_text(std::size_t end, Pieces& out) {
    if (end == at_) return;
    const std::string_view text = std::string_view(text_).substr(at_ - base_, end - at_);
    const std::string_view shown = written(at_, end);
    if (current_ != nullptr) {
        if (!is_open_ && events_ != nullptr) events_->push_back({current_->role, true, 0});
        is_open_ = true;
        if (current_->role == Role::tools && reads_calls_) {
            if (is_streaming_) stream_.push(text, out);
            if (!is_streaming_ || !stream_.is_announced()) {
                body_.append(text);
                raw_.append(shown);
            }
        } else if (current_->role == Role::thinking && reads_thinking_) {
            out.add_reasoning(shown);
        } else {
            out.add_content(shown);
        }
    }
    go_to(end);
}

void TemplateParser::open(const Watch& found, Pieces& out) {
    const RegexSearch& search = found.search;
    current_ = found.field;
    is_open_ = true;
    captures_.clear();
    const auto& groups = search.regex().groups();
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const std::size_t begin = search.slot(2 * i + 2);
        const std::size_t end = search.slot(2 * i + 3);
        if (begin == RegexSearch::kNowhere || end == RegexSearch::kNowhere) continue;
        captures_.emplace_back(groups[i], text_.substr(begin - base_, end - begin));
    }
    body_.clear();
    raw_.assign(written(search.start(), search.end()));
    if (events_ != nullptr) events_->push_back({current_->role, true, search.end() - search.start()});
    if (current_->role != Role::tools) return;
    if (!reads_calls_) out.add_content(raw_);
    is_streaming_ = reads_calls_ && shape_ && search.start() >= prefix_;
    if (is_streaming_) stream_.begin(*shape_, captures_, calls_, tools_.get());
}

/// The region ends with the markup between two places, or without any.
void TemplateParser::close(std::size_t begin, std::size_t end, Pieces& out) {
    if (current_ != nullptr && is_open_) {
        if (events_ != nullptr) events_->push_back({current_->role, false, end - begin});
        if (current_->role == Role::tools) end_calls(written(begin, end), out);
    }
    current_ = implicit();
    is_open_ = false;
    captures_.clear();
    body_.clear();
    raw_.clear();
    is_streaming_ = false;
}

void TemplateParser::end_calls(std::string_view markup, Pieces& out) {
    if (!reads_calls_) {
        out.add_content(markup);
        return;
    }
    if (is_streaming_ && stream_.is_announced()) {
        stream_.end(out);
        if (stream_.has_failed()) out.add_content(markup);
        ++calls_;
        return;
    }
    const auto calls = template_calls(*current_, body_, captures_, tools_.get());
    if (!calls) {
        out.add_content(raw_);
        out.add_content(markup);
        return;
    }
    for (const TemplateCall& call : *calls) {
        out.begin_call(calls_, call.name);
        out.add_arguments(calls_, call.arguments);
        ++calls_;
    }
}

bool has_template_thinking_ended(const std::shared_ptr<const ResponseTemplate>& source, std::string_view prefix,
                                 bool is_thinking_off) {
    const auto thinking = std::ranges::find(source->fields, Role::thinking, &TemplateField::role);
    if (thinking == source->fields.end()) return true;
    if (thinking->repeats) return false;
    std::vector<TemplateEvent> events;
    TemplateParser parser(source, prefix, true, true, nullptr, &events);
    bool is_open = false;
    Role open = Role::content;
    for (const TemplateEvent& event : events) {
        if (!event.is_open && event.role == Role::thinking) return true;
        is_open = event.is_open;
        open = event.role;
    }
    if (is_open && open != Role::thinking) return true;
    events.clear();
    Pieces nothing;
    parser.push(std::string_view("\0", 1), kNoToken, nothing);  // what is held at the prompt's end is settled by it
    for (const TemplateEvent& event : events) {
        if (event.role != Role::thinking) {
            if (event.is_open && event.size > 0) return true;
        } else {
            return !event.is_open;
        }
    }
    return !is_open && is_thinking_off;
}

std::span<const ParserEntry> template_reasoning_parsers() noexcept {
    static const ParserEntry entries[] = {{"beam", make_reasoning, {}}, {"hf", make_reasoning, {}}};
    return entries;
}

std::span<const ParserEntry> template_tool_parsers() noexcept {
    static const ParserEntry entries[] = {{"beam", make_tools, {}}, {"hf", make_tools, {}}};
    return entries;
}

}  // namespace fastfront
