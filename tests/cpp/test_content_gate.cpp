// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "parsers/content_gate.hpp"

using namespace fastfront;

namespace {

/// Drives a gate and gathers what comes out.
class Driven {
  public:
    explicit Driven(const ContentRules& rules) : gate_(rules) {}

    Driven& text(std::string_view text) {
        gate_.text(text, pieces_);
        return *this;
    }
    Driven& raw(std::string_view text) {
        gate_.raw(text, pieces_);
        return *this;
    }
    Driven& markup(std::string_view text) {
        gate_.markup(text);
        return *this;
    }
    Driven& call() {
        gate_.call();
        return *this;
    }
    [[nodiscard]] std::string now() const {
        std::string out;
        for (const OutputPiece& piece : pieces_.all()) out += pieces_.text(piece);
        return out;
    }
    [[nodiscard]] std::string end() {
        gate_.finish(pieces_);
        return now();
    }

  private:
    ContentGate gate_;
    Pieces pieces_;
};

constexpr ContentRules kPlain{};
constexpr ContentRules kStrip{.strip = true, .drop_after = false};

}  // namespace

TEST_CASE("spaces before the first text wait for it, and go if there is only a call") {
    CHECK(Driven(kPlain).text(" \n").now().empty());
    CHECK(Driven(kPlain).text(" \n").text("a").now() == " \na");
    CHECK(Driven(kPlain).text(" \n").call().end().empty());
    CHECK(Driven(kPlain).text(" \n").end() == " \n");
}

TEST_CASE("text goes out at once, with the spaces behind it") { CHECK(Driven(kPlain).text("a \n").now() == "a \n"); }

TEST_CASE("text behind a call is dropped, but what was taken for a call is not, nor what follows it") {
    CHECK(Driven(kPlain).text("a").call().text("b").end() == "a");
    CHECK(Driven(kPlain).text("a").call().raw("<x>").text("b").end() == "a<x>b");
}

TEST_CASE("stripped, spaces at the end go if there was a call") {
    CHECK(Driven(kStrip).text("a \n").now() == "a");
    CHECK(Driven(kStrip).text("a \n").call().end() == "a");
    CHECK(Driven(kStrip).text("a \n").call().text("b\u3000").end() == "a \nb");
    CHECK(Driven(kStrip).text("a \n").end() == "a \n");
    CHECK(Driven(ContentRules{.strip = true, .trim = true}).text("a \n").end() == "a");
}

TEST_CASE("only line feeds are stripped before the first call where the format has it so") {
    CHECK(Driven(ContentRules{.strip_newlines = true}).text("a \n\n").call().end() == "a ");
}

TEST_CASE("texts around calls are joined where the format has it so") {
    const ContentRules rules{.strip = true, .drop_after = false, .join = true};
    CHECK(Driven(rules).text("a ").call().text(" b ").end() == "a\nb");
    CHECK(Driven(rules).call().text(" b ").end() == "b");
}

TEST_CASE("markup is text unless a call follows") {
    CHECK(Driven(kPlain).text("a").markup("<m>").text("\n").call().end() == "a");
    CHECK(Driven(kPlain).text("a").markup("<m>").text("\n").text("b").end() == "a<m>\nb");
    CHECK(Driven(kPlain).text("a").markup("<m>").end() == "a<m>");
    CHECK(Driven(kPlain).text("a").markup({}).text("\n").end() == "a");
}

TEST_CASE("spaces that are held are bounded, however they come") {
    const std::string spaces(3 * ContentGate::kMaxSpaces / 2, ' ');
    Driven whole(kPlain);
    Driven bytes(kPlain);
    whole.text(spaces);
    for (const char& c : spaces) bytes.text({&c, 1});
    CHECK(whole.now() == spaces);
    CHECK(whole.call().end() == bytes.call().end());
}
