#include "ctl/ctl.h"

#include <exception>
#include <ostream>

#include "ctl/command.h"

namespace hubferry::ctl {
namespace {

int dispatch(const std::vector<std::string>& arguments, Session& session) {
  const auto parsed = parse(arguments);
  if (!parsed) return complain(session.output, parsed.error());
  if (parsed->help.empty()) return parsed->command->run(parsed->options, session);
  session.output.out << parsed->help;
  return kSound;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, Output output,
        Input input, Clients& clients) {
  try {
    Session session{environment, output, input, clients};
    const int code = dispatch(arguments, session);
    output.out.flush();
    if (output.out.good()) return code;
    output.error << "hubferryctl: cannot write to standard output; what was written is incomplete\n";
  } catch (const std::exception& error) {
    output.error << "hubferryctl: " << error.what() << '\n';
  }
  return kUnusable;
}

int run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, Output output) {
  return run(arguments, environment, output, {}, kafka_clients());
}

}  // namespace hubferry::ctl
