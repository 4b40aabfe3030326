#pragma once
#include <cstdint>
#include <string>

namespace hubferry {

// 2026-11-21T10:00:00.000Z, of milliseconds since the Unix epoch.
std::string time_text(std::int64_t milliseconds);
// The two largest units down to seconds: "2d 3h", "5m 10s", "7s", "20ms".
std::string age_text(std::int64_t milliseconds);
// "1 event", "2 events".
std::string counted(std::uint64_t number, const std::string& noun);

}  // namespace hubferry
