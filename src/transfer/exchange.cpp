#include "transfer/exchange.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace hubferry::transfer {
namespace {

struct Meaning {
  ErrorCode code;
  Disposition disposition;
  std::string_view advice;
  bool tell_words = false;  // libcurl's words for this error hold no secret (others may repeat a proxy's password)
};

// What is not known here may be tried again.
Meaning meaning(CURLcode code) {
  using enum ErrorCode;
  using enum Disposition;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {kUnavailable, kRetry, "check the host's name and DNS"};
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_PROXY:
      return {kUnavailable, kRetry,
              "check the proxy in the environment (https_proxy, http_proxy, all_proxy, no_proxy)"};
    case CURLE_COULDNT_CONNECT:
      return {kUnavailable, kRetry, "check host, port, the network, the firewall and the proxy if there is one"};
    case CURLE_SSL_CONNECT_ERROR:
      return {kUnavailable, kRetry, "check that the peer speaks TLS 1.2 or newer on this port", true};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {kUnavailable, kReject, "check the host's name, and that its authority is among those trusted", true};
    case CURLE_SSL_CACERT_BADFILE:
      return {kInvalid, kReject, "check the file of trusted authorities", true};
    case CURLE_URL_MALFORMAT:
      return {kInvalid, kReject, "correct the URL"};
    case CURLE_UNSUPPORTED_PROTOCOL:  // also an HTTP/0.9 answer
    case CURLE_WEIRD_SERVER_REPLY:
      return {kInvalid, kRetry, "the answer does not follow the protocol: check host and port"};
    case CURLE_OPERATION_TIMEDOUT:
      return {kTimeout, kRetry, "check the network and the peer, or allow more time"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return {kIo, kRetry, "the peer or something on the way broke the connection"};
    default:
      return {kInternal, kRetry, {}};
  }
}

}  // namespace

Exchange::Exchange(std::filesystem::path ca_file, Milliseconds timeout)
    : ca_file_(std::move(ca_file)), timeout_(std::max(timeout, Milliseconds(1))) {}

Status Exchange::begin(const std::atomic<bool>& stopping) {
  stopping_ = &stopping;
  deadline_ = SteadyClock::now() + timeout_;
  easy_.reset(curl_easy_init());
  if (!easy_) return fail(ErrorCode::kInternal, name() + ": libcurl gives no handle", Disposition::kRetry);
  EasyOptions options(easy_.get());
  options.set(CURLOPT_NOSIGNAL, 1L)
      .set(CURLOPT_QUICK_EXIT, 1L)  // a name look-up that hangs is left alone instead of waited for
      .set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()))
      .set(CURLOPT_FORBID_REUSE, 1L)
      .set(CURLOPT_ERRORBUFFER, words_.data())
      .set(CURLOPT_NOPROGRESS, 0L)
      .set(CURLOPT_XFERINFOFUNCTION, &Exchange::on_progress)
      .set(CURLOPT_XFERINFODATA, static_cast<void*>(this))
      .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!ca_file_.empty()) {
    options.set(CURLOPT_CAINFO, ca_file_.c_str())
        .set(CURLOPT_CAPATH, static_cast<char*>(nullptr))
        .set(CURLOPT_CA_CACHE_TIMEOUT, 0L);  // by default libcurl reads the file once a day
  }
  if (auto prepared = prepare(options); !prepared) return prepared;
  if (options.code() != CURLE_OK) return tl::make_unexpected(error(options.code()));
  return {};
}

void Exchange::closed() {
  refused({ErrorCode::kClosed, name() + ": not finished, HubFerry stops", Disposition::kRetry});
}

// Non-zero ends the exchange. libcurl asks also where it blocks and does not watch the timeout: after QUIT.
int Exchange::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  const auto& exchange = *static_cast<const Exchange*>(self);
  return *exchange.stopping_ || SteadyClock::now() >= exchange.deadline_ ? 1 : 0;
}

// How far it came, for one who has to find out why it took so long.
std::string Exchange::progress_text() const {
  curl_off_t connected = 0;
  curl_off_t answered = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_CONNECT_TIME_T, &connected);
  curl_easy_getinfo(easy_.get(), CURLINFO_STARTTRANSFER_TIME_T, &answered);
  const std::string_view got = connected == 0  ? "no connection"
                               : answered == 0 ? "connected, but no answer"
                                               : "no complete answer";
  return fmt::format("{} within {} ms", got, timeout_.count());
}

Error Exchange::error(CURLcode code) const {
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    if (*stopping_) return {ErrorCode::kClosed, name() + ": not finished, HubFerry stops", Disposition::kRetry};
    code = CURLE_OPERATION_TIMEDOUT;
  }
  const Meaning what = meaning(code);
  std::string message = fmt::format("{}: {}", name(), curl_easy_strerror(code));
  if (code == CURLE_OPERATION_TIMEDOUT) message = fmt::format("{}: {}", name(), progress_text());
  if (what.tell_words && words_[0] != '\0') message += fmt::format(" ({})", words_.data());
  long number = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &number);
  if (code == CURLE_COULDNT_CONNECT && number != 0) {
    message += fmt::format(": {}", std::generic_category().message(static_cast<int>(number)));
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    message += fmt::format("; trusted are {}", ca_file_.empty() ? "the system's authorities" : ca_file_.string());
  }
  if (!what.advice.empty()) message += fmt::format("; {}", what.advice);
  return {what.code, std::move(message), what.disposition};
}

}  // namespace hubferry::transfer
