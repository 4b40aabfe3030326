#pragma once
#include <string>
#include <string_view>

#include "event/json_event.h"
#include "spool/inspect.h"

namespace hubferry::ctl {

// The grammar of export_line(), as --help shows it.
inline constexpr std::string_view kExportFormat =
    "  sequence, source   where the event stands: its place in the spool, and the 16 hexadecimal digits of the "
    "spool's\n"
    "                     life it was accepted in, as the answer to the post told them\n"
    "  partition          only if the post named one\n"
    "  key                text; key_base64 if it is no text (UTF-8); neither: it has none\n"
    "  headers            [{\"name\", \"value\" or \"value_base64\" or neither}]; content-type is that of the post, "
    "and\n"
    "                     without one the value is JSON\n"
    "  value              the value itself, byte by byte, if it is JSON on one line; else value_base64\n"
    "  acknowledged       true; only with --all: the broker has it\n"
    "  frame_base64       instead of all but sequence and source: a record that this version cannot read\n";

struct ExportedLine {
  std::string text;  // with the line's end
  bool readable = true;
};

// One record of a spool in the form above.
ExportedLine export_line(const spool::InspectedRecord& record, event::JsonEvents& json);

// One record for people, without line end: "sequence 7  source 00..1f  partition any  key "k"  61 bytes  {"id":...".
std::string dump_line(const spool::InspectedRecord& record);

// At most `limit` bytes of text for a terminal: control characters and what is no UTF-8 as \xNN, "..." for the rest.
std::string preview(std::string_view bytes, std::size_t limit);

}  // namespace hubferry::ctl
