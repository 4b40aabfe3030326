#include "transfer/transfer.h"

#include <spdlog/fmt/fmt.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "transfer/driver.h"
#include "transfer/http_exchange.h"
#include "transfer/mail_exchange.h"

namespace hubferry::transfer {
namespace {

constexpr std::size_t kPostsAtOnce = 16;
constexpr std::size_t kMailsAtOnce = 1;

class CurlTransfer final : public Transfer {
 public:
  CurlTransfer(Options options, MultiPtr posts, MultiPtr mails)
      : options_(std::move(options)),
        posts_(std::move(posts), "transfer-http", kPostsAtOnce),
        mails_(std::move(mails), "transfer-mail", kMailsAtOnce) {}
  // A callback of one may still add to the other: both live until both have stopped.
  ~CurlTransfer() override {
    mails_.stop();
    posts_.stop();
  }

  void post(HttpPost post, Done done) override {
    posts_.add(std::make_unique<HttpExchange>(options_.ca_file, std::move(post), std::move(done)));
  }
  void send(Mail mail, Sent sent) override {
    mails_.add(std::make_unique<MailExchange>(options_.ca_file, std::move(mail), std::move(sent)));
  }

 private:
  const Options options_;
  Driver posts_;
  Driver mails_;
};

Status check_ca_file(const std::filesystem::path& path) {
  if (path.empty()) return {};
  const auto wrong = [&](const std::string& why) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: {}", path.string(), why));
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) return wrong(std::generic_category().message(errno));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.find("-----BEGIN ") == std::string::npos) return wrong("holds no PEM certificate");
  return {};
}

}  // namespace

Result<std::unique_ptr<Transfer>> Transfer::create(const Options& options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (auto good = check_ca_file(options.ca_file); !good) return tl::make_unexpected(std::move(good.error()));
  MultiPtr posts(curl_multi_init());
  MultiPtr mails(curl_multi_init());
  if (global != CURLE_OK || !posts || !mails) {
    return fail(ErrorCode::kInternal, fmt::format("libcurl does not start: {}", curl_easy_strerror(global)));
  }
  return std::make_unique<CurlTransfer>(options, std::move(posts), std::move(mails));
}

}  // namespace hubferry::transfer
