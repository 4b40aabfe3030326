#pragma once
#include <iosfwd>
#include <string>
#include <vector>

namespace hubferry::ctl {

class Clients;

// Where a command writes: results to `out`, progress, questions and problems to `error`.
struct Output {
  std::ostream& out;
  std::ostream& error;
  bool error_is_terminal = false;
};

// Who answers questions: nobody unless it is a terminal.
struct Input {
  std::istream* in = nullptr;
  bool is_terminal = false;
};

// What a command ends with.
inline constexpr int kSound = 0;     // done, nothing wrong
inline constexpr int kFound = 1;     // done as far as possible: damage was found, or something is left
inline constexpr int kUnusable = 2;  // wrong usage, or what it needs cannot be read

// Runs `hubferryctl ARGUMENTS...` and returns its exit code. `environment` holds "NAME=value" entries. Call once at a
// time; `spool send` and `dead-letter replay` block SIGINT and SIGTERM for the calling thread while they run, and
// threads inherit that.
int run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, Output output,
        Input input, Clients& clients);
// Without anybody to answer, with librdkafka's clients.
int run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, Output output);

}  // namespace hubferry::ctl
