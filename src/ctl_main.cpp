// hubferryctl: looks into and mends what hubferryd keeps.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "ctl/clients.h"
#include "ctl/ctl.h"

int main(int argc, char** argv) {
  namespace ctl = hubferry::ctl;
  std::ios::sync_with_stdio(false);
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool error_is_terminal = ::isatty(STDERR_FILENO) != 0;
  const ctl::Input input{&std::cin, error_is_terminal && ::isatty(STDIN_FILENO) != 0};
  return ctl::run(arguments, environment, {std::cout, std::cerr, error_is_terminal}, input, ctl::kafka_clients());
}
