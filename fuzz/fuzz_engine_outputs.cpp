// SPDX-License-Identifier: Apache-2.0
// Invariant: whatever the engine sends, the pump survives, and what it hands out stays within the message.
//
// The input is one engine message; a response waits for the id that the corpus uses, so that mutations reach pipelines.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine_outputs.hpp"
#include "pump.hpp"

using namespace fastfront;

namespace {

std::shared_ptr<const Vocab> vocab() {
    VocabBuilder builder(DecoderFamily::byte_level, false);
    for (std::uint32_t id = 0; id < 94; ++id) {
        (void)builder.add_token(id, std::string(1, static_cast<char>(33 + id)));
    }
    return builder.build();
}

void put_id(std::vector<std::uint8_t>& message, std::uint64_t id) {
    // The corpus cannot know this process's wire ids: sixteen 'x' stand for one.
    const std::string text(16, 'x');
    for (std::size_t at = 0; at + 16 <= message.size(); ++at) {
        if (std::string(message.begin() + static_cast<std::ptrdiff_t>(at),
                        message.begin() + static_cast<std::ptrdiff_t>(at + 16)) == text) {
            for (int i = 0; i < 16; ++i) {
                message[at + static_cast<std::size_t>(i)] =
                    static_cast<std::uint8_t>("0123456789abcdef"[(id >> (60 - 4 * i)) & 15]);
            }
        }
    }
}

std::shared_ptr<const DetailsOptions> details(const std::shared_ptr<const Vocab>& vocab, unsigned choice) {
    auto logprobs = std::make_shared<LogprobsOptions>();
    logprobs->vocab = vocab;
    logprobs->chat = true;
    logprobs->shown = (choice & 1) != 0 ? 2 : -1;
    logprobs->as_token_ids = (choice & 2) != 0;
    auto options = std::make_shared<DetailsOptions>();
    options->logprobs = logprobs;
    options->wants_logprobs = options->wants_prompt_logprobs = options->wants_token_ids = true;
    options->shows_cached_tokens = options->shows_metrics = true;
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::shared_ptr<const Vocab> kVocab = vocab();
    Pump pump;
    if (pump.open() != Errc::ok) {
        return 0;
    }
    ResponseSpec spec;
    spec.options.kind = ResponseKind::chat_stream;
    auto options = std::make_shared<PipelineOptions>();
    options->stops = StopMatcher({"ab", "c"});
    spec.pipeline = options;
    PromptInfo prompt;
    if (!prompt.prime(kVocab, {}, {}, true)) {
        std::abort();
    }
    spec.prompts.push_back(prompt);
    // The first byte of a message says nothing worth mutating: it chooses what the answer has to carry.
    spec.details = details(kVocab, size == 0 ? 0 : data[0]);
    const auto response = std::make_shared<Response>(std::move(spec));
    pump.hub().add(response);

    std::vector<std::uint8_t> message(data, data + size);
    put_id(message, response->wire_id(0));
    EngineCoreOutputs outputs;
    if (outputs.decode(message) == Errc::ok) {
        for (const EngineCoreOutput& output : outputs.outputs) {
            if (output.token_begin + output.token_count > outputs.token_ids.size()) {
                std::abort();
            }
        }
        if (!outputs.utility_output.empty() &&
            (outputs.utility_output.data() < message.data() ||
             outputs.utility_output.data() + outputs.utility_output.size() > message.data() + message.size())) {
            std::abort();
        }
    }
    pump.process(message);
    // The second half again as the frames behind the message.
    pump.process(message, std::span<const std::uint8_t>(message).subspan(message.size() / 2));
    std::string bytes;
    response->take(bytes);
    ResponseHub::Batch batch;
    pump.hub().take(batch);
    (void)pump.remove(*response);
    if (pump.hub().waiting_ids() != 0) {
        std::abort();
    }
    return 0;
}
