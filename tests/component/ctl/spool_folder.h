#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "ctl/ctl.h"
#include "event/frame.h"
#include "spool/format.h"
#include "spool/spool.h"

namespace hubferry::ctl {

namespace fs = std::filesystem;

// The spool of the route "orders" in a real folder, and hubferryctl called on it.
class SpoolFolder : public ::testing::Test {
 protected:
  SpoolFolder() {
    std::string pattern = (fs::temp_directory_path() / "hubferry-ctl-XXXXXX").string();
    base_ = mkdtemp(pattern.data());
    directory_ = base_ / "orders";
    open();
  }
  ~SpoolFolder() override {
    spool_.reset();
    fs::remove_all(base_);
  }

  void open() {
    spool::Options options;
    options.directory = directory_;
    options.segment_bytes = spool::kMinSegmentBytes;
    auto spool = spool::Spool::open(spool::real_file_system(), options);
    ASSERT_TRUE(spool) << spool.error().message;
    spool_ = std::move(*spool);
  }
  void stop() { spool_.reset(); }

  // One block with one event each.
  void append(std::uint64_t count, const std::string& padding = "") {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string value = "{\"n\":" + std::to_string(++made_) + padding + "}";
      const std::string key = "k" + std::to_string(made_ % 7);
      event::OutboundEvent event;
      event.key = key;
      event.value = value;
      spool::RecordBatch batch;
      event::encode_frame(event, batch.add(static_cast<std::uint32_t>(event::frame_size(event))));
      std::promise<bool> done;
      spool_->append(std::move(batch), [&done](const auto& receipt) { done.set_value(receipt.has_value()); });
      ASSERT_TRUE(done.get_future().get());
    }
  }
  void acknowledge_to(std::uint64_t last) {
    while (*spool_->next()) {
    }
    for (std::uint64_t sequence = 1; sequence <= last; ++sequence) spool_->acknowledge(sequence);
  }

  fs::path segment(std::size_t index) const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (spool::parse_segment_name(entry.path().filename().string())) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found.at(index);
  }
  static void flip(const fs::path& path, std::uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  }
  std::map<std::string, std::string> contents() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(directory_)) {
      std::ostringstream bytes;
      if (entry.is_regular_file()) bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
      all[entry.path().string()] = bytes.str();
    }
    return all;
  }

  struct Called {
    int code = -1;
    std::string out;
    std::string error;
  };
  static Called call(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream error;
    const int code = run(arguments, {}, {out, error});
    return {code, out.str(), error.str()};
  }
  Called spool(const std::string& command, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments{"spool", command, directory_.string()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return call(arguments);
  }

  fs::path base_;
  fs::path directory_;
  std::unique_ptr<spool::Spool> spool_;
  std::uint64_t made_ = 0;
};

}  // namespace hubferry::ctl
