// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "parsers/py_string.hpp"

using fastfront::PyString;

namespace {

struct Read {
    std::string text;
    std::size_t used = 0;
    PyString::State state = PyString::State::more;

    bool operator==(const Read&) const = default;
};

/// The literal read at once and byte by byte: they must be the same.
Read read(std::string_view prefix, std::string_view text, bool lenient = false) {
    PyString string;
    Read whole;
    string.begin(prefix, lenient);
    whole.used = string.push(text, whole.text);
    whole.state = string.state();
    Read slow;
    string.begin(prefix, lenient);
    while (slow.used < text.size() && string.state() == PyString::State::more) {
        slow.used += string.push(text.substr(slow.used, 1), slow.text);
    }
    slow.state = string.state();
    CHECK(slow == whole);
    return whole;
}

constexpr auto kDone = PyString::State::done;
constexpr auto kMore = PyString::State::more;
constexpr auto kFailed = PyString::State::failed;

}  // namespace

TEST_CASE("a literal ends at its quote, and what follows is not its own") {
    CHECK(read("", "'it\"s', x") == Read{"it\"s", 6, kDone});
    CHECK(read("", "\"\", x") == Read{"", 2, kDone});
    CHECK(read("", "'''a'b''c''', x") == Read{"a'b''c", 12, kDone});
}

TEST_CASE("escapes are Python's") {
    CHECK(read("", R"('\n\t\\\'\"\x41\101\0\u00e9\U0001F600\d')").text ==
          std::string("\n\t\\'\"AA\0\xc3\xa9\xf0\x9f\x98\x80\\d", 16));
    CHECK(read("", "'a\\\nb'").text == "ab");
    CHECK(read("", "'\\7x'").text == "\ax");
}

TEST_CASE("escapes that are wrong fail at the wrong byte") {
    CHECK(read("", R"('\xg')") == Read{"", 3, kFailed});
    CHECK(read("", R"('\U00110000')").state == kFailed);
    CHECK(read("", R"('\N{DASH}')").state == kFailed);
}

TEST_CASE("raw strings keep their backslashes, and a quote behind one is text") {
    CHECK(read("r", R"('\d\'\\')").text == R"(\d\'\\)");
}

TEST_CASE("f-strings are strings as long as nothing is formatted") {
    CHECK(read("f", "'{{x}}'").text == "{x}");
    CHECK(read("rf", "'\\{{\\d'").text == "\\{\\d");
    CHECK(read("f", "'{x}'").state == kFailed);
    CHECK(read("f", "'}'").state == kFailed);
}

TEST_CASE("lines end only between three quotes, and are line feeds there") {
    CHECK(read("", "'a\nb'") == Read{"a", 2, kFailed});
    CHECK(read("", "'''a\r\nb\rc'''").text == "a\nb\nc");
}

TEST_CASE("a lenient string ends where a value could end") {
    CHECK(read("", "'sed -n '1,9p' f' )", true) == Read{"sed -n '1,9p' f", 18, kDone});
    CHECK(read("", "'a\n\tb'}", true) == Read{"a\n\tb", 6, kDone});
    CHECK(read("", "'a'  ", true).state == kMore);
}

TEST_CASE("what is known to be complete says so") {
    PyString string;
    std::string out;
    string.begin("", false);
    string.push("''", out);
    CHECK(string.may_be_complete());
    string.push("'", out);
    CHECK_FALSE(string.may_be_complete());
}

TEST_CASE("prefixes that make no str are none") {
    for (const std::string_view prefix : {"", "r", "R", "f", "rf", "Fr", "u"}) CHECK(PyString::is_prefix(prefix));
    for (const std::string_view prefix : {"b", "rb", "ur", "rr", "x", "rfr"}) CHECK_FALSE(PyString::is_prefix(prefix));
}
