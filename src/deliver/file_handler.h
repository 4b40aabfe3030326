#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "deliver/handler.h"
#include "event/json_event.h"

namespace hubferry::deliver {

// One event as one line of NDJSON, with the line feed:
//   {"topic":"t","partition":0,"offset":7,"timestamp":1700000000000,"key":"k","source":"<16
//   hex>","sequence":1,"epoch":0,
//    "value":<the event>}
// A key or value that is not UTF-8 text or not JSON is given as "key_base64" or "value_base64"; a tombstone has
// "value":null. source, sequence and epoch are there when the record has a valid `hf` header.
std::string ndjson_line(const event::Record& record, event::JsonEvents& json);

// Appends each event as a line to one file. One thread ("file") writes everything that is waiting, then one fdatasync,
// then all of it is done: success means it is on disk. An error (full disk) fails those events; a partly written line
// is cut off again.
class FileHandler final : public Handler {
 public:
  static Result<std::unique_ptr<FileHandler>> open(const std::string& path);
  ~FileHandler() override;
  void deliver(std::shared_ptr<const event::Record> record, std::uint32_t attempt, Done done) override;

 private:
  struct Work {
    std::shared_ptr<const event::Record> record;
    Done done;
  };
  FileHandler(std::string path, UniqueFd file, off_t size);
  void run(const std::stop_token& stop);
  Outcome write(const std::vector<Work>& work);

  const std::string path_;
  UniqueFd file_;
  off_t size_;  // of complete, synced lines
  event::JsonEvents json_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<Work> waiting_;
  std::jthread thread_;  // last: ends before the rest goes
};

}  // namespace hubferry::deliver
