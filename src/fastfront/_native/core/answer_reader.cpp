// SPDX-License-Identifier: Apache-2.0
#include "answer_reader.hpp"

namespace fastfront {

void AnswerReader::reset() noexcept {
    http_.reset();
    events_.reset();
    body_.clear();
    excerpt_.clear();
    answer_ = Answer{};
    failed_ = false;
}

std::size_t AnswerReader::feed(std::string_view bytes) {
    std::string_view input = bytes;
    while (!input.empty() && !http_.done() && !failed()) {
        const auto piece = http_.next(input);
        answer_.status = http_.status();
        if (piece.empty()) {
            continue;
        }
        answer_.streamed = http_.event_stream() && answer_.status == 200;
        if (answer_.streamed) {
            on_events(piece);
        } else if (body_.size() + piece.size() > kMaxBodyBytes) {
            failed_ = true;
        } else {
            body_.append(piece);
        }
    }
    if (http_.done() && !failed_) {
        on_end();
    }
    return bytes.size() - input.size();
}

bool AnswerReader::end_of_input() {
    if (failed() || !http_.end_of_input()) {
        return false;
    }
    on_end();
    return done();
}

void AnswerReader::on_events(std::string_view bytes) {
    std::string_view data;
    while (events_.next(bytes, data)) {
        if (data == "[DONE]") {
            answer_.complete = true;
            continue;
        }
        const Completion found = scan_completion(data);
        if (!found.valid) {
            failed_ = true;
            return;
        }
        ++answer_.events;
        answer_.text_events += found.text ? 1 : 0;
        merge(found, data);
    }
    failed_ = failed_ || events_.failed();
}

void AnswerReader::on_end() {
    if (answer_.streamed || body_.empty()) {
        return;
    }
    const Completion found = scan_completion(body_);
    if (answer_.status == 200) {
        answer_.complete = found.valid && !found.error;
        failed_ = !found.valid;
    } else {
        excerpt_.assign(body_, 0, kExcerptBytes);
    }
    merge(found, body_);
    body_.clear();
}

void AnswerReader::merge(const Completion& found, std::string_view json) {
    if (found.error) {
        answer_.error = true;
        excerpt_.assign(json, 0, kExcerptBytes);
    }
    if (found.prompt_tokens >= 0) {
        answer_.prompt_tokens = found.prompt_tokens;
    }
    if (found.completion_tokens >= 0) {
        answer_.completion_tokens = found.completion_tokens;
    }
}

}  // namespace fastfront
