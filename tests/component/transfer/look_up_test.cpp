#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <cstring>
#include <mutex>

#include "component/transfer/transfer_fixture.h"

namespace {

constexpr const char* kHangingName = "hangs.test";

// Holds look-ups of kHangingName until it is opened.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    --inside_;
    changed_.notify_all();
  }
  void wait_for_one() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return inside_ > 0; });
  }
  void open() {
    std::unique_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return inside_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool open_ = false;
};

Gate& gate() {
  static auto* const gate = new Gate;  // outlives the thread that libcurl leaves alone
  return *gate;
}

}  // namespace

// Takes the place of the C library's for libcurl too.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  if (name != nullptr && std::strcmp(name, kHangingName) == 0) {
    gate().pass();
    return EAI_AGAIN;
  }
  static const auto real = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(name, service, hints, found);
}

namespace hubferry::transfer {
namespace {

TEST_F(TransferTest, DoesNotWaitForANameLookUpThatHangs) {
  start();
  Mail mail;
  mail.server = std::string("smtp://") + kHangingName;
  mail.from = "a@h";
  mail.to = {"b@h"};
  mail.timeout = Milliseconds(100);
  auto late = send(std::move(mail));
  refusal(std::move(late), ErrorCode::kTimeout, Disposition::kRetry);
  auto outcome = post({std::string("http://") + kHangingName + "/", {}, "x", Milliseconds(60'000)});
  gate().wait_for_one();
  transfer_.reset();
  refusal(std::move(outcome), ErrorCode::kClosed, Disposition::kRetry);
  gate().open();
}

}  // namespace
}  // namespace hubferry::transfer
