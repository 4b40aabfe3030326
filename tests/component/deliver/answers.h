#pragma once
#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "deliver/dead_letter.h"
#include "deliver/handler.h"

namespace hubferry::deliver {

inline constexpr Milliseconds kPatience{30'000};

// Keeps the answers by offset, in the order in which they came.
class AnswerRecorder : public Answers {
 public:
  void answered(const WorkId& id, Outcome outcome) override {
    const std::lock_guard lock(mutex_);
    answers_.emplace_back(id.offset, std::move(outcome));
    changed_.notify_all();
  }
  // Whether so many came in time.
  bool wait(std::size_t count, Milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return answers_.size() >= count; });
  }
  std::vector<std::pair<std::int64_t, Outcome>> all() {
    const std::lock_guard lock(mutex_);
    return answers_;
  }
  // The last one about this offset.
  Outcome of(std::int64_t offset) {
    const auto answers = all();
    const auto found =
        std::find_if(answers.rbegin(), answers.rend(), [offset](const auto& answer) { return answer.first == offset; });
    if (found != answers.rend()) return found->second;
    throw std::runtime_error("no answer for offset " + std::to_string(offset));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::int64_t, Outcome>> answers_;
};

struct EventText {
  std::int64_t offset = 0;
  std::optional<std::string> key = std::nullopt;
  std::optional<std::string> value = "1";
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
  std::int32_t partition = 0;
};

// A record that owns its bytes.
inline std::shared_ptr<event::Record> record_of(EventText text) {
  auto owned = std::make_unique<EventText>(std::move(text));
  auto record = std::make_shared<event::Record>();
  record->topic = "orders";
  record->partition = owned->partition;
  record->offset = owned->offset;
  record->timestamp_ms = 1'700'000'000'000;
  record->key = owned->key;
  record->value = owned->value;
  for (const auto& [name, value] : owned->headers) {
    record->headers.push_back({name, value ? std::optional<std::string_view>(*value) : std::nullopt});
  }
  record->owner = {owned.release(), [](void* bytes) { delete static_cast<EventText*>(bytes); }};
  return record;
}

inline Delivery delivery_of(EventText text) {
  Delivery delivery;
  delivery.id = {text.partition, 1, text.offset};
  delivery.record = record_of(std::move(text));
  return delivery;
}

inline void deliver_one(Handler& handler, EventText text) {
  std::vector<Delivery> batch;
  batch.push_back(delivery_of(std::move(text)));
  handler.deliver(std::move(batch));
}

// A folder for one test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hubferry-deliver-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string content(const std::string& name) const {
    std::ifstream in(path_ / name);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::vector<std::string> lines(const std::string& name) const {
    std::istringstream in(content(name));
    std::vector<std::string> list;
    for (std::string line; std::getline(in, line);) list.push_back(line);
    return list;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> list;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) list.push_back(entry.path().filename());
    std::sort(list.begin(), list.end());
    return list;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace hubferry::deliver
