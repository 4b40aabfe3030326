#include "ctl/table.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <ostream>

#include "ctl/event_json.h"
#include "observe/json_text.h"

namespace hubferry::ctl {
namespace {

std::string text_of(const Table::Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "yes" : "no";
  if (const auto* text = std::get_if<std::string>(&cell)) return preview(*text, text->size());
  return "-";
}

std::string json_of(const Table::Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&cell)) return *flag ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&cell)) return observe::json_string(*text);
  return "null";
}

// Characters, as far as UTF-8 tells.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string heading(std::string column) {
  for (char& c : column) {
    if (c == '_') c = ' ';
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return column;
}

struct Column {
  std::vector<std::string> cells;  // the heading first
  std::size_t width = 0;
  bool right = false;  // numbers
};

std::string padded(const Column& column, std::size_t row, bool last) {
  const std::string& cell = column.cells[row];
  const std::string space(column.width - width_of(cell), ' ');
  if (column.right) return space + cell;
  return last ? cell : cell + space;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

void Table::write(std::ostream& out, bool json) const {
  if (json) {
    write_json(out);
  } else {
    write_text(out);
  }
}

void Table::write_json(std::ostream& out) const {
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      line += (line.empty() ? "{" : ",") + observe::json_string(columns_[i]) + ':' + json_of(row[i]);
    }
    out << line << "}\n";
  }
}

void Table::write_text(std::ostream& out) const {
  std::vector<Column> shown;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column column;
    bool any = false;
    column.cells.push_back(heading(columns_[i]));
    for (const auto& row : rows_) {
      any = any || !std::holds_alternative<std::monostate>(row[i]);
      column.right = column.right || std::holds_alternative<std::int64_t>(row[i]);
      column.cells.push_back(text_of(row[i]));
    }
    if (!any) continue;
    for (const auto& cell : column.cells) column.width = std::max(column.width, width_of(cell));
    shown.push_back(std::move(column));
  }
  for (std::size_t row = 0; !shown.empty() && row <= rows_.size(); ++row) {
    for (std::size_t i = 0; i < shown.size(); ++i) {
      out << (i == 0 ? "" : "  ") << padded(shown[i], row, i + 1 == shown.size());
    }
    out << '\n';
  }
}

Table::Cell known(std::int64_t number) {
  return number < 0 ? Table::Cell() : Table::Cell(number);
}
Table::Cell known(const std::optional<std::int64_t>& number) {
  return number ? Table::Cell(*number) : Table::Cell();
}
Table::Cell known(std::string text) {
  return text.empty() ? Table::Cell() : Table::Cell(std::move(text));
}

std::string time_text(std::int64_t milliseconds) {
  std::int64_t seconds = milliseconds / 1'000;
  std::int64_t rest = milliseconds % 1'000;
  if (rest < 0) {
    rest += 1'000;
    --seconds;
  }
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  if (gmtime_r(&time, &parts) == nullptr) return std::to_string(milliseconds);
  std::array<char, 80> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(1'000 + rest);
  fraction.front() = '.';
  return std::string(text.data(), length) + fraction + 'Z';
}

std::string age_text(std::int64_t milliseconds) {
  struct Unit {
    const char* name;
    std::int64_t size;
  };
  constexpr std::array<Unit, 5> kUnits{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
  if (milliseconds <= 0) return "0ms";
  std::size_t first = 0;
  while (kUnits[first].size > milliseconds) ++first;
  const std::int64_t count = milliseconds / kUnits[first].size;
  std::string text = std::to_string(count) + kUnits[first].name;
  if (first + 2 >= kUnits.size()) return text;  // seconds are exact enough
  const std::int64_t further = milliseconds % kUnits[first].size / kUnits[first + 1].size;
  return further == 0 ? text : text + ' ' + std::to_string(further) + kUnits[first + 1].name;
}

std::string counted(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

}  // namespace hubferry::ctl
