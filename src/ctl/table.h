#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <variant>
#include <vector>

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

// 2026-11-21T10:00:00.000Z
std::string time_text(std::int64_t milliseconds);
// The two largest units down to seconds: "2d 3h", "5m 10s", "7s", "20ms".
std::string age_text(std::int64_t milliseconds);
// "1 event", "2 events".
std::string counted(std::uint64_t number, const std::string& noun);

}  // namespace hubferry::ctl
