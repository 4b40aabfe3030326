// Runs a fuzz target without libFuzzer: each file of the corpus, then random mutations of them, until the time is up.
//   fuzz_X [--seconds S] [--runs N] [--seed N] CORPUS_FOLDER_OR_FILE...
// An input that breaks a promise, or takes longer than 10 seconds, is left in crash-X of the working directory.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "fuzz/fuzz.h"

// Of the address sanitizer, if it is linked in.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());  // NOLINT

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kMaxInput = 8192;
constexpr unsigned kPatienceSeconds = 10;

std::string crash_file;  // NOLINT: for the signal handler
const Bytes* current = nullptr;

void keep_input() {
  if (current == nullptr) return;
  const int fd = ::open(crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return;
  constexpr const char* kText = "the input is in ";
  (void)!::write(fd, current->data(), current->size());
  (void)!::write(STDERR_FILENO, kText, std::strlen(kText));
  (void)!::write(STDERR_FILENO, crash_file.c_str(), crash_file.size());
  (void)!::write(STDERR_FILENO, "\n", 1);
  ::close(fd);
}

void on_signal(int number) {
  keep_input();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Bytes> read_corpus(const std::vector<std::string>& places) {
  std::vector<std::filesystem::path> files;
  for (const auto& place : places) {
    if (!std::filesystem::is_directory(place)) {
      files.emplace_back(place);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(place)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Bytes> corpus;
  for (const auto& file : files) corpus.push_back(read(file));
  return corpus;
}

// What libFuzzer does without looking at the program: small changes, a few at a time.
class Mutator {
 public:
  Mutator(const std::vector<Bytes>& corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  Bytes next() {
    Bytes input = corpus_[below(corpus_.size())];
    for (std::uint64_t steps = 1 + below(4); steps > 0; --steps) change(input);
    if (input.size() > kMaxInput) input.resize(kMaxInput);
    return input;
  }

 private:
  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void change(Bytes& input) {
    const auto at = static_cast<std::ptrdiff_t>(below(input.size() + 1));
    const auto some = [&](const Bytes& of) {
      const auto from = static_cast<std::ptrdiff_t>(below(of.size() + 1));
      const auto count = static_cast<std::ptrdiff_t>(below(std::min<std::uint64_t>(64, of.size() + 1)));
      return Bytes(of.begin() + from, of.begin() + std::min(from + count, static_cast<std::ptrdiff_t>(of.size())));
    };
    switch (below(7)) {
      case 0:
        if (!input.empty()) input[below(input.size())] ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 1:
        if (!input.empty()) input[below(input.size())] = static_cast<std::uint8_t>(random_());
        break;
      case 2:
        write_number(input);
        break;
      case 3: {
        const auto count = static_cast<std::ptrdiff_t>(below(below(8) == 0 ? input.size() + 1 : 16));
        input.erase(input.begin() + at,
                    input.begin() + std::min(at + count, static_cast<std::ptrdiff_t>(input.size())));
        break;
      }
      case 4: {
        const Bytes piece = some(input);
        input.insert(input.begin() + at, piece.begin(), piece.end());
        break;
      }
      case 5: {
        const Bytes piece = some(corpus_[below(corpus_.size())]);
        input.insert(input.begin() + at, piece.begin(), piece.end());
        break;
      }
      default: {
        const Bytes& other = corpus_[below(corpus_.size())];
        input.resize(static_cast<std::size_t>(at));
        input.insert(input.end(), other.begin() + std::min(at, static_cast<std::ptrdiff_t>(other.size())), other.end());
      }
    }
  }

  // Values at which lengths and counts go wrong, little-endian.
  void write_number(Bytes& input) {
    constexpr std::array<std::uint64_t, 10> kNumbers{0,      1,          0x7F,       0xFF,       0x7FFF,
                                                     0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, UINT64_MAX, UINT64_MAX / 2};
    const std::uint64_t number = kNumbers[below(kNumbers.size())];
    const std::size_t width = std::size_t{1} << below(4);
    if (input.size() < width) return;
    const std::size_t at = below(input.size() - width + 1);
    for (std::size_t i = 0; i < width; ++i) input[at + i] = static_cast<std::uint8_t>(number >> (8 * i));
  }

  const std::vector<Bytes>& corpus_;
  std::mt19937_64 random_;
};

void run(const Bytes& input) {
  current = &input;
  ::alarm(kPatienceSeconds);
  (void)LLVMFuzzerTestOneInput(input.data(), input.size());
  ::alarm(0);
  current = nullptr;
}

struct Options {
  double seconds = 1;
  std::uint64_t runs = UINT64_MAX;
  std::uint64_t seed = std::random_device()();
  std::vector<std::string> places;
};

Options read_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const bool value = i + 1 < argc;
    if (word == "--seconds" && value) {
      options.seconds = std::strtod(argv[++i], nullptr);
    } else if (word == "--runs" && value) {
      options.runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--seed" && value) {
      options.seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      options.places.push_back(word);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  const std::string name = std::filesystem::path(argv[0]).filename().string();
  crash_file = "crash-" + name.substr(std::min<std::size_t>(5, name.size()));
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGALRM}) std::signal(number, on_signal);
  if (__sanitizer_set_death_callback != nullptr) __sanitizer_set_death_callback(keep_input);

  const std::vector<Bytes> corpus = read_corpus(options.places);
  if (corpus.empty()) {
    std::fprintf(stderr, "%s: name a corpus folder with at least one file\n", name.c_str());
    return 2;
  }
  std::printf("%s: seed %llu\n", name.c_str(), static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  run({});
  for (const Bytes& input : corpus) run(input);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(options.seconds);
  Mutator mutator(corpus, options.seed);
  std::uint64_t runs = 0;
  for (; runs < options.runs && std::chrono::steady_clock::now() < end; ++runs) run(mutator.next());
  std::printf("%s: %zu files and %llu mutations kept all promises\n", name.c_str(), corpus.size(),
              static_cast<unsigned long long>(runs));
  return 0;
}
