#include <ostream>

#include "ctl/spool_commands.h"
#include "spool/read_only.h"

namespace hubferry::ctl {
namespace {

// Opening checks the newest segment to the last byte, and of the others the headers; reading checks the rest.
Result<std::uint64_t> read_through(spool::Spool& spool) {
  std::uint64_t waiting = 0;
  for (int failures = 0;;) {
    const auto block = spool.next();
    if (!block) {
      if (block.error().disposition != Disposition::kRetry || ++failures > 100)
        return tl::make_unexpected(block.error());
      continue;
    }
    if (!*block) return waiting;
    for (auto sequence = (*block)->first_sequence(); sequence <= (*block)->last_sequence(); ++sequence) {
      if (!spool.acknowledged(sequence)) ++waiting;
    }
  }
}

}  // namespace

int spool_repair(const SpoolArguments& arguments, Output& output) {
  if (auto checked = check_directory(arguments.directory); !checked) return complain(output, checked.error());
  spool::DryRunFileSystem dry(spool::real_file_system());
  spool::FileSystem& files = arguments.dry_run ? dry : spool::real_file_system();
  spool::Options options;
  options.directory = arguments.directory;
  auto opened = OpenedSpool::open(files, options);
  if (!opened) return complain(output, opened.error());
  auto& spool = (*opened)->spool();
  const auto waiting = read_through(spool);
  std::vector<std::string> notices = (*opened)->notices();
  for (auto& notice : spool.notices()) notices.push_back(std::move(notice));
  const std::uint64_t quarantined = spool.statistics().quarantined_blocks;
  opened->reset();
  if (!arguments.dry_run) hand_over(arguments.directory);

  for (const auto& notice : notices) output.out << notice << '\n';
  if (!waiting) return complain(output, waiting.error());
  if (quarantined == 0) {
    output.out << "nothing had to be set aside";
  } else if (arguments.dry_run) {
    output.out << quarantined << " damaged places would be set aside";
  } else {
    output.out << quarantined << " damaged places were set aside, see "
               << (arguments.directory / "quarantine").string();
  }
  output.out << "; " << *waiting << " events wait to be sent\n";
  if (arguments.dry_run) output.out << "(--dry-run: nothing was changed)\n";
  return quarantined == 0 ? kSound : kFound;
}

}  // namespace hubferry::ctl
