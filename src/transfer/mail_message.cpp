#include "transfer/mail_message.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "base/base64.h"

namespace hubferry::transfer {
namespace {

constexpr std::size_t kLineBytes = 76;         // RFC 2045, 6.7 and RFC 2047, 2
constexpr std::size_t kPlainBytes = 60;        // a subject that needs no second line
constexpr std::size_t kWordBytes = 39;         // 64 when encoded: "Subject: " fits before
constexpr std::size_t kMaxAddressBytes = 254;  // RFC 5321, 4.5.3.1.3

bool is_printable(char c) {
  return c >= ' ' && c < '\x7f';
}

// `text` with nothing in it that could disturb a line of a log.
std::string printable(std::string_view text) {
  std::string shown(text.substr(0, 100));
  std::replace_if(shown.begin(), shown.end(), [](char c) { return !is_printable(c); }, '?');
  return shown;
}

std::string date_text(std::int64_t at_ms) {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(at_ms / 1'000);
  std::tm at{};
  ::gmtime_r(&seconds, &at);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays[static_cast<std::size_t>(at.tm_wday)], at.tm_mday,
                     kMonths[static_cast<std::size_t>(at.tm_mon)], at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
}

// How many bytes from the front make a word of at most kWordBytes that does not end within a character.
std::size_t word_size(std::string_view text) {
  if (text.size() <= kWordBytes) return text.size();
  std::size_t size = kWordBytes;
  while (size > kWordBytes - 3 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return size;
}

std::string subject_text(std::string subject) {
  std::replace_if(
      subject.begin(), subject.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
  const bool plain = subject.size() <= kPlainBytes && std::all_of(subject.begin(), subject.end(), is_printable) &&
                     subject.find("=?") == std::string::npos;
  if (plain) return subject;
  std::string encoded;
  for (std::string_view rest = subject; !rest.empty();) {
    const std::size_t size = word_size(rest);
    encoded += fmt::format("{}=?utf-8?B?{}?=", encoded.empty() ? "" : "\r\n ", base64(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  return encoded;
}

// One line without its end, in quoted-printable (RFC 2045, 6.7).
void add_quoted(std::string& message, std::string_view line) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool as_it_is = c != '=' && ((c > ' ' && c < '\x7f') || ((c == ' ' || c == '\t') && !last));
    const std::size_t size = as_it_is ? 1 : 3;
    if (used + size > kLineBytes - 1) {  // a place for the "=" of a soft line break
      message += "=\r\n";
      used = 0;
    }
    message += as_it_is ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c));
    used += size;
  }
  message += "\r\n";
}

void add_text(std::string& message, std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find_first_of("\r\n");
    add_quoted(message, text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
}

}  // namespace

Status check_address(std::string_view address) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("mail address '{}': {}; the expected form is name@host", printable(address), why));
  };
  const auto is_forbidden = [](char c) {
    return !is_printable(c) || std::string_view(" <>()[]:;,\\\"").find(c) != std::string_view::npos;
  };
  if (address.size() > kMaxAddressBytes) return wrong("it is too long");
  if (std::any_of(address.begin(), address.end(), is_forbidden)) return wrong("it has a character that may not be");
  const auto at = address.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size() || at != address.rfind('@')) {
    return wrong("a name, one @ and a host are needed");
  }
  return {};
}

Result<std::string> mail_message(const Mail& mail, std::int64_t at_ms, std::string_view id) {
  if (auto good = check_address(mail.from); !good) return tl::make_unexpected(std::move(good.error()));
  if (mail.to.empty()) return fail(ErrorCode::kInvalid, "mail: it has no recipient");
  std::string recipients;
  for (const std::string& to : mail.to) {
    if (auto good = check_address(to); !good) return tl::make_unexpected(std::move(good.error()));
    recipients += (recipients.empty() ? "" : ",\r\n ") + to;
  }
  std::string message = fmt::format(
      "Date: {}\r\nFrom: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}@{}>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"
      "Auto-Submitted: auto-generated\r\n\r\n",
      date_text(at_ms), mail.from, recipients, subject_text(mail.subject), id,
      std::string_view(mail.from).substr(mail.from.find('@') + 1));
  add_text(message, mail.text);
  return message;
}

}  // namespace hubferry::transfer
