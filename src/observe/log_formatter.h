#pragma once
#include <spdlog/formatter.h>

#include <memory>
#include <string>

namespace hubferry::observe {

// One line an entry whatever the message holds: text escapes control characters, JSON is always valid. spdlog calls it
// under its sink's lock.
class LogFormatter final : public spdlog::formatter {
 public:
  explicit LogFormatter(bool json) : json_(json) {}
  void format(const spdlog::details::log_msg& entry, spdlog::memory_buf_t& out) override;
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LogFormatter>(json_); }

 private:
  bool json_;
  std::string line_;
};

}  // namespace hubferry::observe
