#include "control/notifier.h"

#include <atomic>
#include <mutex>

#include "config/file.h"
#include "config/values.h"

namespace hubferry::control {
namespace {

constexpr Milliseconds kTimeout = Member::kNoticeMayTake - Milliseconds(1'000);

}  // namespace

struct Notifier::Reached {
  std::atomic<bool> webhook = false;
  std::atomic<bool> mail = false;
};

// Calls `done` when the last of its ways has answered.
struct Notifier::Attempt {
  Attempt(std::shared_ptr<Reached> ways, std::function<void(Status)> then)
      : reached(std::move(ways)), done(std::move(then)) {}
  ~Attempt() { done(std::move(status)); }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void fail(Error error) {
    const std::lock_guard lock(mutex);
    if (status) status = tl::make_unexpected(std::move(error));
  }

  std::shared_ptr<Reached> reached;
  std::function<void(Status)> done;
  std::mutex mutex;
  Status status;
};

Result<std::unique_ptr<Notifier>> Notifier::create(const config::NotifySettings& settings) {
  auto transfer = transfer::Transfer::create({settings.ca_file});
  if (!transfer) return tl::make_unexpected(transfer.error());
  std::unique_ptr<Notifier> notifier(new Notifier(settings));
  notifier->transfer_ = std::move(*transfer);
  return notifier;
}

void Notifier::tell(const Notice& notice, const NoticeContext& context, std::function<void(Status)> done) {
  auto& [token, reached] = reached_[notice.breaker + (context.shared ? "" : "!")];
  if (token != notice.token) {
    token = notice.token;
    reached = std::make_shared<Reached>();
  }
  const auto attempt = std::make_shared<Attempt>(reached, std::move(done));
  if (!settings_.webhook_url.empty() && !reached->webhook) post(notice, context, attempt);
  if (!settings_.mail_server.empty() && !reached->mail) mail(notice, context, attempt);
}

void Notifier::post(const Notice& notice, const NoticeContext& context, const std::shared_ptr<Attempt>& attempt) {
  transfer::HttpPost post;
  post.url = settings_.webhook_url;
  post.headers = settings_.webhook_headers;
  post.headers.emplace_back("Content-Type: application/cloudevents+json; charset=utf-8");
  post.body = cloud_event(notice, context);
  post.timeout = kTimeout;
  transfer_->post(std::move(post), [attempt](Result<transfer::HttpAnswer> answer) {
    if (!answer) return attempt->fail(std::move(answer).error());
    if (answer->status / 100 == 2) {
      attempt->reached->webhook = true;
    } else {
      attempt->fail({ErrorCode::kUnavailable,
                     "the webhook answered " + std::to_string(answer->status) + ": " + answer->body.substr(0, 200),
                     Disposition::kRetry});
    }
  });
}

void Notifier::mail(const Notice& notice, const NoticeContext& context, const std::shared_ptr<Attempt>& attempt) {
  transfer::Mail mail;
  mail.server = settings_.mail_server;
  mail.user = settings_.mail_user;
  if (!settings_.mail_password_file.empty()) {
    auto password = config::read_text_file(settings_.mail_password_file.string(), "password file");
    if (!password) return attempt->fail(std::move(password).error());
    mail.password = config::trimmed(*password);
  }
  mail.from = settings_.mail_from;
  mail.to = settings_.mail_to;
  mail.subject = mail_subject(notice, context);
  mail.text = mail_text(notice, context);
  mail.require_tls = settings_.mail_require_tls;
  mail.timeout = kTimeout;
  transfer_->send(std::move(mail), [attempt](Status sent) {
    if (!sent) return attempt->fail(std::move(sent).error());
    attempt->reached->mail = true;
  });
}

}  // namespace hubferry::control
