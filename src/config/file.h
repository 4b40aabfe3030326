#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/source.h"

namespace hubferry::config {

// The text of a file of at most 1 MiB. An error names `purpose` and the path.
Result<std::string> read_text_file(const std::string& path, std::string_view purpose);

// True if users outside the file's owner and group may read it.
bool readable_by_others(const std::string& path);

// The assignments of an INI file, in order, every key known and at most once; `name` is the file's name in errors.
//   [section]            prefix of the keys below it
//   key = value          trimmed; the value may contain =, ; and #
//   # or ;               a comment on a line of its own, or behind white space at a line's end
Result<std::vector<Assignment>> parse_file(const std::string& text, const std::string& name);

}  // namespace hubferry::config
