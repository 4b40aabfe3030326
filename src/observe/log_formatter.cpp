#include "observe/log_formatter.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string_view>

#include "observe/json_text.h"

namespace hubferry::observe {
namespace {

std::string_view level_name(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
      return "trace";
    case spdlog::level::debug:
      return "debug";
    case spdlog::level::info:
      return "info";
    case spdlog::level::warn:
      return "warn";
    default:
      return "error";
  }
}

// RFC 3339 in UTC with milliseconds: 2024-05-01T12:00:00.123Z.
void append_time(std::string& out, std::chrono::system_clock::time_point time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole).count();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  out.append(text.data(), size);
  const int more = std::snprintf(text.data(), text.size(), ".%03dZ", static_cast<int>(milliseconds));
  out.append(text.data(), static_cast<std::size_t>(more));
}

void append_text(std::string& out, std::string_view message) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    } else {
      out += c;
    }
  }
}

}  // namespace

void LogFormatter::format(const spdlog::details::log_msg& entry, spdlog::memory_buf_t& out) {
  const std::string_view message(entry.payload.data(), entry.payload.size());
  line_.clear();
  if (json_) {
    line_ += R"({"time":")";
    append_time(line_, entry.time);
    line_ += R"(","level":")";
    line_ += level_name(entry.level);
    line_ += R"(","message":)";
    append_json_string(line_, message);
    line_ += "}\n";
  } else {
    append_time(line_, entry.time);
    line_ += ' ';
    line_ += level_name(entry.level);
    line_ += ' ';
    append_text(line_, message);
    line_ += '\n';
  }
  out.append(line_.data(), line_.data() + line_.size());
}

}  // namespace hubferry::observe
