#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "config/settings.h"
#include "control/notice_text.h"
#include "transfer/transfer.h"

namespace hubferry::control {

// Tells people by webhook and mail, whatever of the two is configured. One thread makes all calls.
class Notifier {
 public:
  // The error names the file that cannot be used.
  static Result<std::unique_ptr<Notifier>> create(const config::NotifySettings& settings);

  // `done` is called once, on one of transfer's threads: success when every way that is configured has taken it. A
  // further attempt for the same breaker and generation tries only the ways that failed. The mail's password is read
  // from its file each time. Takes Member::kNoticeMayTake at most.
  void tell(const Notice& notice, const NoticeContext& context, std::function<void(Status)> done);

 private:
  explicit Notifier(config::NotifySettings settings) : settings_(std::move(settings)) {}

  struct Attempt;
  // What an opening's earlier attempts have reached already. Shared with the callbacks.
  struct Reached;

  void post(const Notice& notice, const NoticeContext& context, const std::shared_ptr<Attempt>& attempt);
  void mail(const Notice& notice, const NoticeContext& context, const std::shared_ptr<Attempt>& attempt);

  const config::NotifySettings settings_;
  std::map<std::string, std::pair<std::string, std::shared_ptr<Reached>>> reached_;  // by breaker: token, ways
  std::unique_ptr<transfer::Transfer> transfer_;
};

}  // namespace hubferry::control
