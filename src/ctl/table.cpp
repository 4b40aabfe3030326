#include "ctl/table.h"

#include <algorithm>
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

}  // namespace hubferry::ctl
