#include "transfer/mail_exchange.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/ids.h"
#include "transfer/mail_message.h"
#include "transfer/url.h"

namespace hubferry::transfer {
namespace {

constexpr std::size_t kAnswerBytes = 200;  // of the server's last line, shown in errors

// Whether the server's last answer may be what ended it. libcurl has many codes for a refusal, and more with time.
bool may_be_refusal(CURLcode code) {
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return false;
    default:
      return true;
  }
}

std::string_view advice(CURLcode code, long answer) {
  if (code == CURLE_LOGIN_DENIED) return "check user and password, and that the server offers AUTH";
  if (code == CURLE_USE_SSL_FAILED)
    return "the server does not offer STARTTLS: try smtps://, or another port such as 587";
  if (answer == 530) return "the server wants a user and a password";
  if (answer >= 500) return "check sender, recipients and what the server lets this host send";
  return "the server is not ready: it may take the mail later";
}

}  // namespace

MailExchange::MailExchange(std::filesystem::path ca_file, Mail mail, Transfer::Sent sent)
    : Exchange(std::move(ca_file), mail.timeout), mail_(std::move(mail)), sent_(std::move(sent)) {}

std::string MailExchange::name() const {
  return "mail by " + show_url(mail_.server);
}

Status MailExchange::prepare(EasyOptions& options) {
  if (auto good = check_mail_server(mail_.server); !good) return good;
  const bool implicit_tls = mail_.server.starts_with("smtps:");
  if (!mail_.user.empty() && !implicit_tls && !mail_.require_tls) {
    return fail(ErrorCode::kInvalid, name() +
                                         ": the password would cross the network in the clear; require TLS, or use "
                                         "smtps://, or no user");
  }
  auto message = mail_message(mail_, wall_clock_ms(), id_text(random_id()) + id_text(random_id()));
  if (!message) return tl::make_unexpected(std::move(message.error()));
  message_ = std::move(*message);
  unread_ = message_;
  sender_ = "<" + mail_.from + ">";
  for (const std::string& to : mail_.to) append(recipients_, ("<" + to + ">").c_str());
  options.set(CURLOPT_URL, mail_.server.c_str())
      .set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
      .set(CURLOPT_REDIR_PROTOCOLS_STR, "smtps")
      .set(CURLOPT_USE_SSL, static_cast<long>(mail_.require_tls || implicit_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE))
      .set(CURLOPT_MAIL_FROM, sender_.c_str())
      .set(CURLOPT_MAIL_RCPT, recipients_.get())
      .set(CURLOPT_UPLOAD, 1L)
      .set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message_.size()))
      .set(CURLOPT_READFUNCTION, &MailExchange::on_read)
      .set(CURLOPT_READDATA, static_cast<void*>(this))
      .set(CURLOPT_HEADERFUNCTION, &MailExchange::on_answer)
      .set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  if (!mail_.user.empty()) {
    options.set(CURLOPT_USERNAME, mail_.user.c_str()).set(CURLOPT_PASSWORD, mail_.password.c_str());
  }
  return {};
}

std::size_t MailExchange::on_read(char* room, std::size_t, std::size_t size, void* self) noexcept {
  std::string_view& unread = static_cast<MailExchange*>(self)->unread_;
  const std::size_t taken = unread.copy(room, size);
  unread.remove_prefix(taken);
  return taken;
}

// Also that to QUIT comes here, after a refusal.
std::size_t MailExchange::on_answer(char* line, std::size_t, std::size_t size, void* self) noexcept {
  const bool refusal = size > 0 && (line[0] == '4' || line[0] == '5');
  if (refusal) static_cast<MailExchange*>(self)->refusal_.assign(line, std::min(size, kAnswerBytes));
  return size;
}

void MailExchange::refused(Error error) {
  sent_(tl::make_unexpected(std::move(error)));
}

void MailExchange::ended(CURLcode code) {
  if (code != CURLE_OK) return sent_(tl::make_unexpected(mail_error(code)));
  sent_({});
}

// What the server said, for the operator. Nothing of a refused login: a server may repeat what it was sent.
std::string MailExchange::answer_text(CURLcode code, long answer) const {
  const std::string number = std::to_string(answer);
  std::string text = refusal_.substr(0, refusal_.find_last_not_of("\r\n") + 1);
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c == '\x7f'; }, '?');
  const std::string& secret = mail_.password;
  const bool leaks =
      !secret.empty() && (text.find(secret) != std::string::npos || text.find(base64(secret)) != std::string::npos);
  return code == CURLE_LOGIN_DENIED || leaks || !text.starts_with(number) ? number : text;
}

Error MailExchange::mail_error(CURLcode code) const {
  long answer = 0;
  curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &answer);
  std::string_view what = "the server refused it";
  if (code == CURLE_LOGIN_DENIED) what = "login failed";
  if (code == CURLE_USE_SSL_FAILED) what = "no STARTTLS";
  const bool at_login = code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED;
  if (!may_be_refusal(code) || (answer < 400 && !at_login)) return error(code);
  const std::string said = answer < 400 ? "" : fmt::format(" ({})", answer_text(code, answer));
  return {ErrorCode::kUnavailable, fmt::format("{}: {}{}; {}", name(), what, said, advice(code, answer)),
          answer >= 400 && answer < 500 ? Disposition::kRetry : Disposition::kReject};
}

}  // namespace hubferry::transfer
