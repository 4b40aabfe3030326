#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ctl/ctl.h"
#include "ctl/session.h"
#include "ctl/spool_arguments.h"
#include "ingest/idempotency_log.h"
#include "observe/metrics.h"
#include "spool/file_system.h"
#include "spool/spool.h"

namespace hubferry::ctl {

// Each runs one command and returns the exit code.
int spool_verify(const SpoolArguments& arguments, Output& output);
int spool_dump(const SpoolArguments& arguments, Output& output);
int spool_export(const SpoolArguments& arguments, Output& output);
int spool_repair(const SpoolArguments& arguments, Output& output);
int spool_send(const SpoolArguments& arguments, const std::vector<std::string>& environment, Output& output);

// An error unless it is the folder of one route; if it holds such folders the error names them.
Status check_directory(const std::filesystem::path& directory);

// Events that brokers refused for good: the lines of refused.ndjson.
std::uint64_t count_refused(const std::filesystem::path& directory);

// A spool as the daemon opens it, locked until it is destroyed. The log of Idempotency-Keys is opened too, because a
// key may so far be known from the spool's last block only.
class OpenedSpool {
 public:
  // kConflict: a daemon uses it; the message says what to do.
  static Result<std::unique_ptr<OpenedSpool>> open(spool::FileSystem& files, const spool::Options& options);

  spool::Spool& spool() { return *spool_; }
  // What opening found: notices of the spool and lost Idempotency-Keys.
  const std::vector<std::string>& notices() const { return notices_; }

 private:
  OpenedSpool(spool::FileSystem& files, const std::filesystem::path& directory);

  observe::Metrics metrics_;
  ingest::IdempotencyLog idempotency_log_;
  std::unique_ptr<spool::Spool> spool_;
  std::vector<std::string> notices_;
};

// Gives files that root made in a directory of another user to that user, so that the daemon can open them.
void hand_over(const std::filesystem::path& directory);

}  // namespace hubferry::ctl
