// SPDX-License-Identifier: Apache-2.0
// What an engine output carries besides tokens, on its way into a response's details.
#include "response.hpp"

namespace fastfront {

ResponseDetails& Response::own_details() {
    if (!details_) {
        details_ = std::make_unique<ResponseDetails>(
            std::make_shared<const DetailsOptions>(DetailsOptions{.chat = writer_.is_chat()}));
    }
    return *details_;
}

void Response::take_details(Choice& choice, const EngineCoreOutput& output, const OutputExtras* extras,
                            std::span<const std::uint32_t> token_ids, bool ends) noexcept {
    // Of several sequences, the numbers of one are not the answer's.
    if (extras != nullptr && !extras->spec_decode_metrics.empty() && choices_.size() == 1) {
        own_details().on_spec_decode(extras->spec_decode_metrics, !writer_.streams());
    }
    if (!choice.details) {
        if (extras == nullptr || writer_.streams()) {
            return;
        }
        // Nobody asked, and the engine sends something: whole answers show it.
        choice.details = std::make_unique<AnswerDetails>(own_details().shared_options(), choice.prompt, true);
    }
    choice.details->push(output, extras, token_ids);
    details_->on_first(*choice.details);
    if (ends) {
        details_->on_end(choice.prompt, *choice.details, extras);
    }
}

void Response::hold_details(Choice& choice, const EngineCoreOutput& output, const OutputExtras* extras) noexcept {
    if (!choice.details && !writer_.streams()) {
        // From the first output on: what is held and the raw deltas have to be as many.
        choice.details = std::make_unique<AnswerDetails>(own_details().shared_options(), choice.prompt, true);
    }
    OutputExtras now;
    if (extras != nullptr) {
        now = *extras;
        now.routed_experts = {};
    }
    take_details(choice, output, extras == nullptr ? nullptr : &now, {}, output.finish_reason != FinishReason::none);
    if (choice.details) {
        choice.details->hold(output, extras);
    }
}

}  // namespace fastfront
