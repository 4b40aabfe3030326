#pragma once
#include <array>
#include <atomic>
#include <filesystem>
#include <string>
#include <type_traits>

#include "base/clock.h"
#include "base/result.h"
#include "transfer/handles.h"

namespace hubferry::transfer {

// Sets options of an easy handle and remembers the first refusal.
class EasyOptions {
 public:
  explicit EasyOptions(CURL* easy) : easy_(easy) {}

  template <class T>
  EasyOptions& set(CURLoption option, T value) {
    static_assert(std::is_same_v<T, long> || std::is_pointer_v<T>, "libcurl takes long, curl_off_t or a pointer");
    const CURLcode code = curl_easy_setopt(easy_, option, value);
    if (code_ == CURLE_OK) code_ = code;
    return *this;
  }
  CURLcode code() const { return code_; }

 private:
  CURL* easy_;
  CURLcode code_ = CURLE_OK;
};

// One request and its outcome, told exactly once by one of: refused(), ended(), closed(). Made by any thread; all
// calls come on its driver's thread.
class Exchange {
 public:
  // `ca_file`: PEM; empty: the system's authorities.
  Exchange(std::filesystem::path ca_file, Milliseconds timeout);
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Makes handle() ready to go. While libcurl blocks, it looks once a second at `stopping`, which must outlive this.
  Status begin(const std::atomic<bool>& stopping);
  CURL* handle() const { return easy_.get(); }

  // begin() failed with `error`.
  virtual void refused(Error error) = 0;
  // libcurl is done with it.
  virtual void ended(CURLcode code) = 0;
  void closed();

 protected:
  // Checks the request and sets what is particular to it. Pointers must stay valid as long as this.
  virtual Status prepare(EasyOptions& options) = 0;
  // Names the request in errors, without secrets: "POST https://host/path".
  virtual std::string name() const = 0;

  // What `code` means for the request.
  Error error(CURLcode code) const;

 private:
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;
  std::string progress_text() const;

  const std::filesystem::path ca_file_;
  const Milliseconds timeout_;
  Instant deadline_;
  const std::atomic<bool>* stopping_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> words_{};  // libcurl's own, for some errors
  EasyPtr easy_;
};

}  // namespace hubferry::transfer
