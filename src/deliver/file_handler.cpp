#include "deliver/file_handler.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/base64.h"
#include "base/ids.h"
#include "base/thread.h"
#include "event/origin.h"

namespace hubferry::deliver {
namespace {

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::value(text));
}

// The size of the file without an unfinished last line; nothing on a read error.
std::optional<off_t> end_of_last_line(int file, off_t size) {
  std::array<char, 4096> buffer{};
  while (size > 0) {
    const auto chunk = std::min<off_t>(size, static_cast<off_t>(buffer.size()));
    if (::pread(file, buffer.data(), static_cast<std::size_t>(chunk), size - chunk) != chunk) return std::nullopt;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(chunk));
    if (const auto at = bytes.rfind('\n'); at != std::string_view::npos) {
      return size - chunk + static_cast<off_t>(at) + 1;
    }
    size -= chunk;
  }
  return 0;
}

// A new file survives a crash only once its folder's entry is on disk, too.
bool sync_with_folder(int file, const std::string& path) {
  if (::fsync(file) != 0) return false;
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && ::fsync(directory.get()) == 0;
}

}  // namespace

std::string ndjson_line(const event::Record& record, event::JsonEvents& json) {
  std::string line = "{\"topic\":" + quoted(record.topic) + ",\"partition\":" + std::to_string(record.partition) +
                     ",\"offset\":" + std::to_string(record.offset) +
                     ",\"timestamp\":" + std::to_string(record.timestamp_ms);
  if (record.key) {
    // A JSON string of the key is valid exactly when the key is UTF-8.
    const std::string key = quoted(*record.key);
    line += json.valid(key) ? ",\"key\":" + key : ",\"key_base64\":\"" + base64(*record.key) + "\"";
  }
  for (const event::Header& header : record.headers) {
    if (header.name != event::kOriginHeader || !header.value) continue;
    if (const auto origin = event::decode_origin(*header.value)) {
      line += ",\"source\":\"" + id_text(origin->source) + "\",\"sequence\":" + std::to_string(origin->sequence) +
              ",\"epoch\":" + std::to_string(origin->epoch);
    }
    break;
  }
  if (!record.value) {
    line += ",\"value\":null";
  } else if (json.valid(*record.value)) {
    // Line feeds are only white space in JSON, but would end the line.
    line += ",\"value\":";
    const std::size_t at = line.size();
    line += *record.value;
    std::replace_if(
        line.begin() + static_cast<std::ptrdiff_t>(at), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  } else {
    line += ",\"value_base64\":\"" + base64(*record.value) + "\"";
  }
  line += "}\n";
  return line;
}

Result<std::unique_ptr<FileHandler>> FileHandler::open(const std::string& path) {
  const auto failed = [&path](const char* what) {
    return fail(ErrorCode::kIo, "cannot " + std::string(what) + " the handler's file " + path + ": " +
                                    std::strerror(errno) + "; check that its folder exists and is writable");
  };
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (!file) return failed("open");
  struct stat status = {};
  if (::fstat(file.get(), &status) != 0) return failed("examine");
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kInvalid, "the handler's file " + path + " is not a regular file");
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::kConflict,
                "the handler's file " + path + " is written by another process or route; give each one its own file");
  }
  const auto size = end_of_last_line(file.get(), status.st_size);
  if (!size) return failed("read");
  if (*size != status.st_size) {
    spdlog::warn("{}: cut off {} bytes of a line that a crash left unfinished; its event is delivered again", path,
                 status.st_size - *size);
    if (::ftruncate(file.get(), *size) != 0) return failed("repair");
  }
  if (!sync_with_folder(file.get(), path)) return failed("sync");
  return std::unique_ptr<FileHandler>(new FileHandler(path, std::move(file), *size));
}

FileHandler::FileHandler(std::string path, UniqueFd file, off_t size)
    : path_(std::move(path)), file_(std::move(file)), size_(size) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

FileHandler::~FileHandler() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  for (Work& work : waiting_) work.done({Verdict::kUnavailable, "the daemon is stopping", {}});
}

void FileHandler::deliver(std::shared_ptr<const event::Record> record, std::uint32_t, Done done) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({std::move(record), std::move(done)});
  changed_.notify_one();
}

void FileHandler::run(const std::stop_token& stop) {
  name_thread("file");
  for (;;) {
    std::vector<Work> work;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
      work.swap(waiting_);
    }
    const Outcome outcome = write(work);
    for (Work& each : work) each.done(outcome);
  }
}

Outcome FileHandler::write(const std::vector<Work>& work) {
  std::string lines;
  for (const Work& each : work) lines += ndjson_line(*each.record, json_);
  std::size_t written = 0;
  int error = 0;
  while (written < lines.size() && error == 0) {
    const ssize_t n =
        ::pwrite(file_.get(), lines.data() + written, lines.size() - written, size_ + static_cast<off_t>(written));
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (n < 0 && errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fdatasync(file_.get()) != 0) error = errno;
  if (error == 0) {
    size_ += static_cast<off_t>(lines.size());
    return {Verdict::kDone, {}, {}};
  }
  if (::ftruncate(file_.get(), size_) != 0) error = errno;
  return {Verdict::kUnavailable, "writing " + path_ + " failed: " + std::strerror(error), {}};
}

}  // namespace hubferry::deliver
