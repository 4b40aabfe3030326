#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace hubferry::transfer {

struct HttpPost {
  std::string url;                   // http:// or https://
  std::vector<std::string> headers;  // "Name: value"; without a Content-Type none is sent
  std::string body;
  Milliseconds timeout{10'000};  // from its start to the end of the answer, name look-up and connecting included
};

struct HttpAnswer {
  int status = 0;    // any: the caller judges; redirects are not followed
  std::string body;  // cut at kMaxAnswerBytes, the rest is not read
  bool cut = false;
};
inline constexpr std::size_t kMaxAnswerBytes = 64 * 1024;

struct Mail {
  std::string server;  // smtp://host[:port] (default 25) or smtps://host[:port] (TLS from the start, default 465)
  std::string user;    // empty: no AUTH
  std::string password;
  std::string from;             // ASCII addresses like name@host, as all of `to`
  std::vector<std::string> to;  // all of them or none: one that is refused refuses the mail
  std::string subject;          // UTF-8; control characters become spaces
  std::string text;             // UTF-8, any line ends
  // For smtp://. True: STARTTLS before anything else, or no mail. False: no TLS at all, for a relay on a trusted
  // network, and then no `user` either.
  bool require_tls = true;
  Milliseconds timeout{15'000};  // from its start to the server's last answer
};

struct Options {
  std::filesystem::path ca_file{};  // PEM, read for each connection; empty: the system's authorities
};

// Rare outgoing requests by libcurl: TLS 1.2 or newer, the server's certificate has to come from the authorities and to
// name the host; proxies from the environment (https_proxy, no_proxy, ...); no connection is kept. Owns two threads:
// "transfer-http" has up to 16 posts under way, "transfer-mail" sends one mail after another (libcurl blocks while it
// waits for a mail server's last word). What is beyond waits in order, without a limit.
//
// Errors: kRetry for what may succeed later (kUnavailable: no connection, or a 4xx of the mail server; kTimeout; kIo:
// broken off; kClosed: shutting down), kReject for what cannot (kInvalid: URL, header or address; kUnavailable: the
// certificate is not trusted, or a 5xx of the mail server). Messages name an URL as show_url() does, and no password.
class Transfer {
 public:
  using Done = std::function<void(Result<HttpAnswer>)>;
  using Sent = std::function<void(Status)>;  // success: the server took the mail for all recipients

  // The error names the file that cannot be used.
  static Result<std::unique_ptr<Transfer>> create(const Options& options);
  // Calls what is under way or waits with kClosed, on the threads above; takes a few seconds at most. Not from a
  // callback.
  virtual ~Transfer() = default;

  // Any thread. `done` and `sent` are called exactly once, on the threads above, and must not block; they may post and
  // send.
  virtual void post(HttpPost post, Done done) = 0;
  virtual void send(Mail mail, Sent sent) = 0;
};

}  // namespace hubferry::transfer
