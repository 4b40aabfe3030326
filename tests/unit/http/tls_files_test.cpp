#include "http/tls_files.h"

#include <gtest/gtest.h>

#include "component/http/certificates.h"

namespace hubferry::http {
namespace {

using testing_http::Authority;
using testing_http::encrypted;
using testing_http::Folder;
using testing_http::Identity;

constexpr Milliseconds kLook{10'000};

class TlsFilesTest : public testing::Test {
 protected:
  void replace(const Identity& identity) {
    put("c.pem", identity.certificate);
    put("k.pem", identity.key);
  }
  // Old enough to be left alone until it is replaced.
  void put(const std::string& name, const std::string& text) {
    folder_.replace(name, text);
    std::filesystem::last_write_time(folder_ / name,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
  std::unique_ptr<TlsFiles> open() {
    auto files = TlsFiles::open(folder_ / "c.pem", folder_ / "k.pem", {}, start_);
    EXPECT_TRUE(files) << files.error().message;
    return files ? std::move(*files) : nullptr;
  }

  Folder folder_;
  Authority authority_;
  const Instant start_ = SteadyClock::now();
};

TEST_F(TlsFilesTest, LooksAtTheFilesEvery10Seconds) {
  replace(authority_.issue());
  const auto files = open();
  const TlsContext first = files->context(start_);
  replace(authority_.issue());
  EXPECT_EQ(files->context(start_ + kLook - Milliseconds(1)), first);
  const TlsContext second = files->context(start_ + kLook);
  EXPECT_NE(second, first);
  EXPECT_EQ(files->context(start_ + kLook * 2), second);
}

TEST_F(TlsFilesTest, KeepsTheOldIdentityUntilCertificateAndKeyBelongTogether) {
  replace(authority_.issue());
  const auto files = open();
  const TlsContext first = files->context(start_);
  const Identity renewed = authority_.issue();
  put("c.pem", renewed.certificate);
  EXPECT_EQ(files->context(start_ + kLook), first);
  std::filesystem::remove(folder_ / "k.pem");
  EXPECT_EQ(files->context(start_ + kLook * 2), first);
  put("k.pem", renewed.key);
  EXPECT_NE(files->context(start_ + kLook * 3), first);
}

TEST_F(TlsFilesTest, KeepsTheContextWhenAFileWasWrittenAgainWithTheSameText) {
  const Identity identity = authority_.issue();
  replace(identity);
  const auto files = open();
  const TlsContext first = files->context(start_);
  replace(identity);
  EXPECT_EQ(files->context(start_ + kLook), first);
  files->reload();
  EXPECT_EQ(files->context(start_ + kLook), first);
}

TEST_F(TlsFilesTest, OfAClientAreReadAgainWhenOneOfThemChanges) {
  replace(authority_.issue());
  put("ca.pem", authority_.pem());
  const auto files = TlsFiles::open_for_client(folder_ / "ca.pem", folder_ / "c.pem", folder_ / "k.pem", start_);
  ASSERT_TRUE(files) << files.error().message;
  const TlsContext first = (*files)->context(start_);
  EXPECT_TRUE(has_certificate(first));
  put("ca.pem", "damaged");
  EXPECT_EQ((*files)->context(start_ + kLook), first);
  put("ca.pem", Authority("another").pem());
  const TlsContext second = (*files)->context(start_ + kLook * 2);
  EXPECT_NE(second, first);
  replace(authority_.issue());
  EXPECT_NE((*files)->context(start_ + kLook * 3), second);
}

TEST_F(TlsFilesTest, OfAClientMayBeNone) {
  const auto files = TlsFiles::open_for_client({}, {}, {}, start_);
  ASSERT_TRUE(files) << files.error().message;
  const TlsContext first = (*files)->context(start_);
  ASSERT_TRUE(first);
  EXPECT_FALSE(has_certificate(first));
  EXPECT_EQ((*files)->context(start_ + kLook), first);
}

TEST_F(TlsFilesTest, KnowsWhenTheCertificateHasExpired) {
  const Identity good = authority_.issue();
  const auto valid = server_context({{"c", good.certificate}, {"k", good.key}, {}});
  ASSERT_TRUE(valid);
  EXPECT_TRUE(validity_of(*valid).valid);
  EXPECT_NE(validity_of(*valid).until.find("GMT"), std::string::npos);
  testing_http::Wish wish;
  wish.valid_until = -60;
  const Identity old = authority_.issue(wish);
  const auto expired = server_context({{"c", old.certificate}, {"k", old.key}, {}});
  ASSERT_TRUE(expired);
  EXPECT_FALSE(validity_of(*expired).valid);
}

TEST_F(TlsFilesTest, AnEncryptedKeyIsNamedInsteadOfAskingForItsPassphrase) {
  const Identity good = authority_.issue();
  const auto context = server_context({{"c.pem", good.certificate}, {"k.pem", encrypted(good.key)}, {}});
  ASSERT_FALSE(context);
  EXPECT_NE(context.error().message.find("k.pem: the key is encrypted"), std::string::npos) << context.error().message;
}

}  // namespace
}  // namespace hubferry::http
