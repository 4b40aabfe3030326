#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/human_text.h"

namespace hubferry::ctl {

// Rows for people, as an aligned table, or for machines, as one JSON object a line.
class Table {
 public:
  using Cell = std::variant<std::monostate, std::int64_t, bool, std::string>;  // monostate: unknown or none

  // `columns` are the members of the JSON objects ("end_offset"); people read them in capitals ("END OFFSET").
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}

  // One cell for each column.
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }

  // For people columns without any value are left out, and bytes that would upset a terminal are escaped.
  void write(std::ostream& out, bool json) const;

 private:
  void write_json(std::ostream& out) const;
  void write_text(std::ostream& out) const;

  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// A cell for a number that is negative when it is not known, for one that may be missing, for text that may be empty.
Table::Cell known(std::int64_t number);
Table::Cell known(const std::optional<std::int64_t>& number);
Table::Cell known(std::string text);

}  // namespace hubferry::ctl
