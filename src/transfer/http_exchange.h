#pragma once
#include "transfer/exchange.h"
#include "transfer/transfer.h"

namespace hubferry::transfer {

class HttpExchange final : public Exchange {
 public:
  HttpExchange(std::filesystem::path ca_file, HttpPost post, Transfer::Done done);

  void refused(Error error) override;
  void ended(CURLcode code) override;

 private:
  Status prepare(EasyOptions& options) override;
  std::string name() const override;
  Status add_headers();
  static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* self) noexcept;

  const HttpPost post_;
  const Transfer::Done done_;
  ListPtr headers_;
  HttpAnswer answer_;
};

}  // namespace hubferry::transfer
