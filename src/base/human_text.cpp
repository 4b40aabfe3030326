#include "base/human_text.h"

#include <array>
#include <ctime>

namespace hubferry {

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

}  // namespace hubferry
