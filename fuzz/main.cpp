// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target without libFuzzer: every file named on the command line (or in a directory named there) as it is,
// then `--runs` inputs made from those files by seeded mutation. The same seed gives the same inputs on every machine.
// An input that brings the process down is printed first as hex, so that it can be saved and replayed.
#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t MAX_INPUT = 4096;

/// The input being run, for the crash report: a signal handler can reach nothing else.
const Bytes* current_input = nullptr;

void report_input() noexcept {
    if (current_input == nullptr) return;
    std::fprintf(stderr, "input (%zu bytes): ", current_input->size());
    for (const std::uint8_t byte : *current_input) std::fprintf(stderr, "%02x", byte);
    std::fprintf(stderr, "\n");
}

void on_crash(int signal_number) {
    report_input();
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
}

void run(const Bytes& input) {
    current_input = &input;
    // The copy has exactly the input's size on the heap, so that AddressSanitizer sees a read one byte past it.
    const Bytes exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    current_input = nullptr;
}

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
}

class Mutator {
  public:
    Mutator(std::uint64_t seed, const std::vector<Bytes>& corpus) : random_(seed), corpus_(corpus) {}

    Bytes next() {
        Bytes input = corpus_.empty() || below(8) == 0 ? noise() : corpus_[below(corpus_.size())];
        for (std::size_t changes = 1 + below(6); changes > 0; --changes) change(input);
        if (input.size() > MAX_INPUT) input.resize(MAX_INPUT);
        return input;
    }

  private:
    /// Not std::uniform_int_distribution, whose numbers differ between standard libraries.
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound); }

    std::uint8_t byte() {
        static constexpr std::uint8_t INTERESTING[] = {0x00, 0x01, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xca, 0xcf,
                                                       0xd9, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xed, 0xf0, 0xf4,
                                                       0xff, '"',  '\\', '\n', '{',  '}',  '<',  '>'};
        return below(2) == 0 ? INTERESTING[below(sizeof INTERESTING)] : static_cast<std::uint8_t>(random_());
    }

    Bytes noise() {
        Bytes input(below(256));
        for (std::uint8_t& value : input) value = byte();
        return input;
    }

    void change(Bytes& input) {
        const std::size_t at = below(input.size() + 1);
        const auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
        switch (below(6)) {
            case 0: input.insert(here, byte()); break;
            case 1:
                if (here != input.end()) *here = byte();
                break;
            case 2:
                if (here != input.end()) *here = static_cast<std::uint8_t>(*here ^ (1U << below(8)));
                break;
            case 3: input.erase(here, here + static_cast<std::ptrdiff_t>(below(input.size() - at + 1))); break;
            case 4:  // cut
                input.resize(at);
                break;
            default: {  // splice another input's part in
                if (corpus_.empty()) break;
                const Bytes& other = corpus_[below(corpus_.size())];
                const std::size_t from = below(other.size() + 1);
                const std::size_t count = below(other.size() - from + 1);
                const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
                input.insert(here, begin, begin + static_cast<std::ptrdiff_t>(count));
            }
        }
    }

    std::mt19937_64 random_;
    const std::vector<Bytes>& corpus_;
};

/// Reads `--name=123`; leaves `value` alone when `argument` is another option.
bool option(std::string_view argument, std::string_view name, std::uint64_t& value) {
    if (argument.substr(0, name.size()) != name) return false;
    const std::string_view digits = argument.substr(name.size());
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        std::fprintf(stderr, "not a number: %.*s\n", static_cast<int>(argument.size()), argument.data());
        std::exit(2);
    }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t runs = 100000;
    std::uint64_t seed = 1;
    std::vector<std::filesystem::path> paths;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        if (option(argument, "--runs=", runs) || option(argument, "--seed=", seed)) continue;
        if (std::filesystem::is_directory(argument)) {
            for (const auto& entry : std::filesystem::directory_iterator(argument)) paths.push_back(entry.path());
        } else if (std::filesystem::is_regular_file(argument)) {
            paths.emplace_back(argument);
        } else {
            std::fprintf(stderr, "usage: %s [--runs=N] [--seed=N] [FILE|DIRECTORY]...\nno such file: %s\n", argv[0],
                         argv[i]);
            return 2;
        }
    }
    std::sort(paths.begin(), paths.end());  // a directory's order is the file system's
    for (const int signal_number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal_number, on_crash);

    std::vector<Bytes> corpus;
    for (const auto& path : paths) {
        corpus.push_back(read_file(path));
        run(corpus.back());
    }
    std::printf("seed %llu, %zu files, %llu runs\n", static_cast<unsigned long long>(seed), corpus.size(),
                static_cast<unsigned long long>(runs));
    Mutator mutator(seed, corpus);
    for (std::uint64_t i = 0; i < runs; ++i) run(mutator.next());
    return EXIT_SUCCESS;
}
