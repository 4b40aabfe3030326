// The commands that only read: verify, dump, export.
#include <ostream>

#include "ctl/event_json.h"
#include "ctl/spool_commands.h"
#include "spool/inspect.h"
#include "spool/read_only.h"

namespace hubferry::ctl {
namespace {

using spool::Inspection;

const char* text_of(Inspection::PositionState state) {
  switch (state) {
    case Inspection::PositionState::kMissing:
      return "missing: what the broker had acknowledged is partly forgotten";
    case Inspection::PositionState::kSound:
      return "sound";
    case Inspection::PositionState::kCorrupt:
      return "corrupt: what the broker had acknowledged is partly forgotten";
  }
  return "";
}

void print_counts(const std::filesystem::path& directory, const Inspection& found, std::ostream& out) {
  std::uint64_t file_bytes = 0;
  for (const auto& segment : found.segments) file_bytes += segment.file_bytes;
  const std::uint64_t acknowledged = found.records - found.unacknowledged;
  out << directory.string() << "\n  segments        " << found.segments.size() << " (" << file_bytes
      << " bytes on disk, " << found.spares << " spare files besides)\n  blocks          " << found.blocks
      << "\n  records         " << found.records << "\n  bytes           " << found.bytes << "\n  acknowledged    "
      << acknowledged << " (all up to sequence " << found.low_water << ")\n  unacknowledged  " << found.unacknowledged
      << "\n  position        " << text_of(found.position) << "\n  quarantine/     " << found.quarantine_files
      << " files, " << found.quarantine_bytes << " bytes\n  refused.ndjson  " << count_refused(directory)
      << " events\n";
}

// What damage means for who reads events.
int judge(const std::filesystem::path& directory, const Inspection& found, std::ostream& to) {
  for (const auto& line : found.damage) to << "damage: " << line << '\n';
  if (found.damage.empty()) return kSound;
  to << "DAMAGED: " << found.lost << " events that were not acknowledged are lost, the others are sound. ";
  if (found.set_aside == found.damage.size()) {
    to << "The damaged bytes are set aside, and go with their segment when the rest of it is acknowledged.\n";
  } else {
    to << "The daemon sets the damaged bytes aside at its next start, or at once: hubferryctl spool repair "
       << directory.string() << '\n';
  }
  return kFound;
}

struct Reading {
  SpoolArguments arguments;
  Output& output;
  std::uint64_t shown = 0;
  std::uint64_t unreadable = 0;

  template <class Show>
  int read(const Show& show) {
    if (auto checked = check_directory(arguments.directory); !checked) return complain(output, checked.error());
    const auto visit = [&](const spool::InspectedRecord& record) {
      if (record.acknowledged && !arguments.all) return true;
      if (arguments.limit && shown == *arguments.limit) return false;
      show(record);
      ++shown;
      return output.out.good();
    };
    const auto found = spool::inspect(spool::read_only_file_system(), arguments.directory, visit);
    if (!found) return complain(output, found.error());
    const int code = judge(arguments.directory, *found, output.error);
    if (unreadable == 0) return code;
    output.error << "hubferryctl: " << unreadable << " events cannot be read by this version; the hubferryctl of the "
                 << "daemon that accepted them can\n";
    return kFound;
  }
};

}  // namespace

int spool_verify(const SpoolArguments& arguments, Output& output) {
  if (auto checked = check_directory(arguments.directory); !checked) return complain(output, checked.error());
  auto found = spool::inspect(spool::read_only_file_system(), arguments.directory);
  if (!found) return complain(output, found.error());
  if (found->position == Inspection::PositionState::kCorrupt) {
    found->damage.push_back((arguments.directory / "position").string() +
                            " is corrupt; no event is missing, but acknowledged ones may be sent again");
  }
  print_counts(arguments.directory, *found, output.out);
  for (const auto& line : found->remarks) output.out << "note: " << line << '\n';
  const int code = judge(arguments.directory, *found, output.out);
  if (code == kSound) output.out << "sound\n";
  return code;
}

int spool_dump(const SpoolArguments& arguments, Output& output) {
  Reading reading{arguments, output};
  return reading.read([&output](const spool::InspectedRecord& record) { output.out << dump_line(record) << '\n'; });
}

int spool_export(const SpoolArguments& arguments, Output& output) {
  Reading reading{arguments, output};
  event::JsonEvents json;
  return reading.read([&](const spool::InspectedRecord& record) {
    const ExportedLine line = export_line(record, json);
    output.out << line.text;
    if (!line.readable) ++reading.unreadable;
  });
}

}  // namespace hubferry::ctl
