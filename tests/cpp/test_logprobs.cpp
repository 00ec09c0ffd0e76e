// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "logprobs.hpp"
#include "rows.hpp"

using namespace fastfront;

namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// 0 "a", 1 " b", 2 and 3 the two bytes of "é", 4 "\"".
std::shared_ptr<const Vocab> vocab() {
    VocabBuilder builder(DecoderFamily::byte_level, false);
    const char* texts[] = {"a",
                           "\xC4\xA0"
                           "b",
                           "\xC3\x83", "\xC2\xA9", "\""};
    for (std::uint32_t id = 0; id < 5; ++id) {
        REQUIRE(builder.add_token(id, texts[id]));
    }
    return builder.build();
}

/// Holds the message that the rows point into.
struct Rows {
    std::string bytes;
    EngineCoreOutputs outputs;

    Rows(std::size_t columns, const std::vector<std::int32_t>& ids, const std::vector<float>& values,
         const std::vector<std::int64_t>& ranks)
        : bytes(wire::message({rows::output(1, {0}, rows::logprobs(columns, ids, values, ranks))})) {
        REQUIRE(outputs.decode(wire::span(bytes)) == Errc::ok);
    }
    [[nodiscard]] const LogprobRows& rows() const { return outputs.extras.at(0).logprobs; }
};

LogprobsOptions options(bool chat) {
    LogprobsOptions result;
    result.vocab = vocab();
    result.chat = chat;
    result.shown = 2;
    return result;
}

std::string written(const LogprobsOptions& options, const Rows& rows, const std::vector<std::uint32_t>& tokens) {
    LogprobsWriter writer(std::make_shared<const LogprobsOptions>(options));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        writer.push(tokens[i], &rows.rows(), i);
    }
    std::string out;
    writer.write(out);
    return out;
}

}  // namespace

TEST_CASE("chat: the sampled token, its bytes and the first of the row") {
    const Rows rows(3, {0, 1, 4}, {-0.5F, -1.5F, kMinusInfinity}, {1});
    CHECK(written(options(true), rows, {0}) ==
          R"({"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[)"
          R"({"token":"a","logprob":-0.5,"bytes":[97]},{"token":" b","logprob":-1.5,"bytes":[32,98]}]}]})");
}

TEST_CASE("chat: top_logprobs 0 shows none, -1 and logprob_token_ids show all") {
    const Rows rows(2, {0, 4}, {-0.5F, kMinusInfinity}, {1});
    LogprobsOptions none = options(true);
    none.shown = 0;
    CHECK(written(none, rows, {0}) == R"({"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}]})");
    LogprobsOptions all = options(true);
    all.shown = -1;
    LogprobsOptions labels = options(true);
    labels.shown = 0;
    labels.show_all = true;
    CHECK(written(all, rows, {0}) == written(labels, rows, {0}));
    CHECK(written(all, rows, {0}).find(R"({"token":"\"","logprob":-9999.0,"bytes":[34]})") != std::string::npos);
}

TEST_CASE("ranks are told where they are asked for: the sampled token's own, the others' places") {
    const Rows rows(3, {1, 0, 4}, {-2.0F, -1.0F, -3.0F}, {7});
    LogprobsOptions ranked = options(true);
    ranked.ranks = true;
    CHECK(
        written(ranked, rows, {1}) ==
        R"({"content":[{"token":" b","logprob":-2.0,"bytes":[32,98],"rank":7,"top_logprobs":[)"
        R"({"token":" b","logprob":-2.0,"bytes":[32,98],"rank":7},{"token":"a","logprob":-1.0,"bytes":[97],"rank":1}]}]})");
}

TEST_CASE("a token that is given twice keeps its place and takes the later value") {
    const Rows rows(3, {1, 0, 1}, {-2.0F, -1.0F, -3.0F}, {2});
    CHECK(written(options(true), rows, {1}).find(R"("top_logprobs":[{"token":" b","logprob":-3.0)") !=
          std::string::npos);
}

TEST_CASE("of a row no more is kept than was asked for") {
    const Rows rows(3, {0, 0, 1}, {-0.5F, -0.5F, -1.5F}, {1});
    LogprobsOptions one = options(true);
    one.shown = -1;
    one.kept = 1;
    CHECK(written(one, rows, {0}) == R"({"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[)"
                                     R"({"token":"a","logprob":-0.5,"bytes":[97]}]}]})");
}

TEST_CASE("half a character is nothing, and the token that completes it is all of it") {
    const Rows rows(1, {2, 3}, {-0.5F, -0.25F}, {1, 1});
    CHECK(
        written(options(true), rows, {2, 3}) ==
        R"({"content":[{"token":"","logprob":-0.5,"bytes":[],"top_logprobs":[{"token":"","logprob":-0.5,"bytes":[]}]},)"
        R"({"token":"é","logprob":-0.25,"bytes":[195,169],"top_logprobs":)"
        R"([{"token":"é","logprob":-0.25,"bytes":[195,169]}]}]})");
}

TEST_CASE("tokens called by their ids: the sampled one's bytes are the text's, those of the others the name's") {
    const Rows rows(1, {0}, {-0.5F}, {1});
    LogprobsOptions named = options(true);
    named.as_token_ids = true;
    CHECK(written(named, rows, {0}) ==
          R"({"content":[{"token":"token_id:0","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"token_id:0",)"
          R"("logprob":-0.5,"bytes":[116,111,107,101,110,95,105,100,58,48]}]}]})");
}

TEST_CASE("completions: four lists, offsets in characters that go on from one writing to the next") {
    const Rows rows(2, {2, 1, 3, 0, 1, 0}, {-1.0F, -2.0F, -1.5F, -2.5F, -0.125F, -3.0F}, {1, 1, 1});
    LogprobsWriter writer(std::make_shared<const LogprobsOptions>(options(false)));
    std::string out;
    writer.push_first_of_prompt(0);
    writer.push(2, &rows.rows(), 0);
    writer.push(3, &rows.rows(), 1);
    writer.write(out);
    CHECK(out == R"({"text_offset":[0,1,1],"token_logprobs":[null,-1.0,-1.5],"tokens":["a","","é"],)"
                 R"("top_logprobs":[null,{"":-1.0," b":-2.0},{"é":-1.5,"a":-2.5}]})");
    out.clear();
    writer.push(1, &rows.rows(), 2);
    writer.write(out);
    CHECK(out ==
          R"({"text_offset":[2],"token_logprobs":[-0.125],"tokens":[" b"],"top_logprobs":[{" b":-0.125,"a":-3.0}]})");
}

TEST_CASE("completions: tokens of the same text are one member, with the last one's value") {
    const Rows rows(3, {2, 3, 0}, {-1.0F, -2.0F, -3.0F}, {1});
    CHECK(written(options(false), rows, {2}).find(R"("top_logprobs":[{"":-2.0,"a":-3.0}])") != std::string::npos);
}

TEST_CASE("nothing pushed is empty lists") {
    std::string out;
    LogprobsWriter(std::make_shared<const LogprobsOptions>(options(true))).write(out);
    LogprobsWriter(std::make_shared<const LogprobsOptions>(options(false))).write(out);
    CHECK(out == R"({"content":[]}{"text_offset":[],"token_logprobs":[],"tokens":[],"top_logprobs":[]})");
}

TEST_CASE("a token without a row has its text; what was never set is left out of streams") {
    LogprobsOptions stream = options(true);
    stream.style = FloatStyle::pydantic;
    for (const auto& [asked, expected] :
         {std::pair{options(true), R"({"content":[{"token":"a","logprob":-9999.0,"bytes":[97],"top_logprobs":[]}]})"},
          std::pair{stream, R"({"content":[{"token":"a","bytes":[97]}]})"}}) {
        LogprobsWriter writer(std::make_shared<const LogprobsOptions>(asked));
        writer.push(0, nullptr, 0);
        std::string out;
        writer.write(out);
        CHECK(out == expected);
    }
}

TEST_CASE("prompt_logprobs: null, then an object by id for each token") {
    const Rows rows(2, {0, 1, 2, 2, 3, 0}, {-1.0F, -2.0F, kMinusInfinity, -0.5F, -1.0F, -1.0F}, {5, 1, 2});
    LogprobsOptions asked = options(true);
    asked.prompt_kept = 1;
    PromptLogprobsWriter writer(std::make_shared<const LogprobsOptions>(asked));
    writer.push(rows.rows());
    std::string out;
    writer.write(out);
    CHECK(out ==
          R"([null,{"0":{"logprob":-1.0,"rank":5,"decoded_token":"a"},"1":{"logprob":-2.0,"rank":1,)"
          R"("decoded_token":" b"}},{"2":{"logprob":-0.5,"rank":1,"decoded_token":""}},)"
          R"({"3":{"logprob":-1.0,"rank":2,"decoded_token":"é"},"0":{"logprob":-1.0,"rank":1,"decoded_token":"a"}}])");
}

TEST_CASE("a leading space that a marker stands for is kept where the pre-tokenizer says so") {
    for (const bool restores : {false, true}) {
        VocabBuilder builder(DecoderFamily::byte_fallback, true, restores);
        REQUIRE(builder.add_token(0, "\xE2\x96\x81yes"));
        REQUIRE(builder.add_added_token(1, " added", " added", false));
        const auto made = builder.build();
        std::string scratch;
        CHECK(text_of_token(*made, 0, {}, scratch) == (restores ? " yes" : "yes"));
        CHECK(text_of_token(*made, 1, {}, scratch) == "added");
        CHECK(text_of_token(*made, 99, {}, scratch).empty());
    }
}

TEST_CASE("logprobs of other shapes than they have are refused") {
    const std::string good = rows::logprobs(2, {0, 1}, {-1.0F, -2.0F}, {1});
    EngineCoreOutputs outputs;
    CHECK(outputs.decode(wire::span(wire::message({rows::output(1, {0}, good)}))) == Errc::ok);
    const std::string ids = rows::array_of<std::int32_t>("<i4", {1, 2}, {0, 1});
    const std::string narrow = rows::array_of<float>("<f4", {1, 1}, {-1.0F});
    const std::string ranks = rows::array_of<std::int64_t>("<i8", {1}, {1});
    const std::string two_ranks = rows::array_of<std::int64_t>("<i8", {2}, {1, 1});
    const std::string wide = rows::array_of<float>("<f4", {1, 2}, {-1.0F, -2.0F});
    for (const std::string& bad : {wire::array(3) + ids + narrow + ranks, wire::array(3) + ids + wide + two_ranks,
                                   wire::array(3) + ids + ids + ranks, wire::array(2) + ids + wide}) {
        CHECK(outputs.decode(wire::span(wire::message({rows::output(1, {0}, bad)}))) != Errc::ok);
    }
}

TEST_CASE("owned rows outlive their message") {
    auto rows = std::make_unique<Rows>(2, std::vector<std::int32_t>{0, 1, 1, 4}, std::vector<float>{-1, -2, -3, -4},
                                       std::vector<std::int64_t>{7, 8});
    const OwnedLogprobRows owned(rows->rows());
    rows->bytes.assign(rows->bytes.size(), '\xff');
    rows.reset();
    LogprobRow row;
    row.read(owned.rows(), 1, -1);
    REQUIRE(row.entries().size() == 2);
    CHECK(row.entries()[0].token_id == 1);
    CHECK(row.entries()[0].rank == 8);
    CHECK(row.entries()[1].token_id == 4);
    CHECK(row.entries()[1].logprob == -4);
}

TEST_CASE("owned rows may be none") { CHECK(OwnedLogprobRows(LogprobRows()).rows().empty()); }
