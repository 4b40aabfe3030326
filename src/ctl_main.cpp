// hubferryctl: looks into and mends what hubferryd keeps.
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "ctl/ctl.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return hubferry::ctl::run(arguments, environment, {std::cout, std::cerr, ::isatty(STDERR_FILENO) != 0});
}
