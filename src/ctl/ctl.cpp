#include "ctl/ctl.h"

#include <exception>
#include <ostream>

#include "ctl/arguments.h"
#include "ctl/spool_commands.h"

namespace hubferry::ctl {
namespace {

int execute(const SpoolArguments& arguments, const std::vector<std::string>& environment, Output& output) {
  switch (arguments.command) {
    case SpoolCommand::kVerify:
      return spool_verify(arguments, output);
    case SpoolCommand::kDump:
      return spool_dump(arguments, output);
    case SpoolCommand::kExport:
      return spool_export(arguments, output);
    case SpoolCommand::kRepair:
      return spool_repair(arguments, output);
    case SpoolCommand::kSend:
      return spool_send(arguments, environment, output);
  }
  return kUnusable;
}

int dispatch(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, Output& output) {
  const auto parsed = parse(arguments);
  if (!parsed) return complain(output, parsed.error());
  if (parsed->help.empty()) return execute(parsed->spool, environment, output);
  output.out << parsed->help;
  return kSound;
}

}  // namespace

int complain(Output& output, const Error& error) {
  output.error << "hubferryctl: " << error.message << '\n';
  return kUnusable;
}

int run(const std::vector<std::string>& arguments, const std::vector<std::string>& environment, Output output) {
  try {
    const int code = dispatch(arguments, environment, output);
    output.out.flush();
    if (output.out.good()) return code;
    output.error << "hubferryctl: cannot write to standard output; what was written is incomplete\n";
  } catch (const std::exception& error) {
    output.error << "hubferryctl: " << error.what() << '\n';
  }
  return kUnusable;
}

}  // namespace hubferry::ctl
