#pragma once
#include <string_view>

#include "transfer/exchange.h"
#include "transfer/transfer.h"

namespace hubferry::transfer {

class MailExchange final : public Exchange {
 public:
  MailExchange(std::filesystem::path ca_file, Mail mail, Transfer::Sent sent);

  void refused(Error error) override;
  void ended(CURLcode code) override;

 private:
  Status prepare(EasyOptions& options) override;
  std::string name() const override;
  Error mail_error(CURLcode code) const;
  std::string answer_text(CURLcode code, long answer) const;
  static std::size_t on_read(char* room, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t on_answer(char* line, std::size_t, std::size_t size, void* self) noexcept;

  const Mail mail_;
  const Transfer::Sent sent_;
  std::string sender_;
  ListPtr recipients_;
  std::string message_;
  std::string_view unread_;  // of `message_`
  std::string refusal_;      // the server's last line that begins with 4 or 5
};

}  // namespace hubferry::transfer
