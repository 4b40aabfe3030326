#include "loading.h"

namespace hubferry::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class IngestChecks : public Loading {
 protected:
  static std::string option(const std::string& key, const std::string& value) {
    return "--ingest." + key + "=" + value;
  }
  const std::string tls_certificate_ = option("tls.certificate-file", "/c.pem");
  const std::string tls_key_ = option("tls.key-file", "/k.pem");
  const std::string client_ca_ = option("tls.client-ca-file", "/ca.pem");
  const std::string token_ = option("bearer-token-file", "/tokens");
};

TEST_F(IngestChecks, LoopbackNeedsNothing) {
  for (const char* address : {"127.0.0.1:1", "localhost:1", "[::1]:1", "127.9.9.9:1"}) {
    EXPECT_THAT(good(kProduce, {option("listen", address)}).warnings, IsEmpty()) << address;
  }
}

TEST_F(IngestChecks, OtherAddressesNeedOneOfThreeWays) {
  for (const char* address : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "127.example.com:1", "host:1"}) {
    EXPECT_THAT(bad(kProduce, {option("listen", address)}),
                AllOf(HasSubstr(address), HasSubstr("ingest.bearer-token-file"), HasSubstr("ingest.tls.client-ca-file"),
                      HasSubstr("ingest.allow-anonymous")));
    EXPECT_THAT(bad(kProduce, {option("listen", address), tls_certificate_, tls_key_}), HasSubstr("one of three"));
  }
}

TEST_F(IngestChecks, EachOfTheThreeWaysOpensOtherAddresses) {
  const std::string everywhere = option("listen", "0.0.0.0:1");
  EXPECT_THAT(good(kProduce, {everywhere, option("allow-anonymous", "true")}).warnings,
              ElementsAre(HasSubstr("whoever reaches it may post events")));
  EXPECT_THAT(good(kProduce, {everywhere, token_}).warnings, ElementsAre(HasSubstr("readable")));
  EXPECT_THAT(good(kProduce, {everywhere, token_, tls_certificate_, tls_key_}).warnings, IsEmpty());
  EXPECT_THAT(good(kProduce, {everywhere, client_ca_, tls_certificate_, tls_key_}).warnings, IsEmpty());
}

TEST_F(IngestChecks, CertificateAndKeyNeedEachOther) {
  EXPECT_THAT(bad(kProduce, {tls_certificate_}), HasSubstr("needs ingest.tls.key-file"));
  EXPECT_THAT(bad(kProduce, {tls_key_}), HasSubstr("needs ingest.tls.certificate-file"));
  EXPECT_THAT(bad(kProduce, {client_ca_}),
              AllOf(HasSubstr("ingest.tls.client-ca-file"), HasSubstr("needs ingest.tls.certificate-file")));
}

TEST_F(IngestChecks, TheSocketsPathFitsAndIsAbsolute) {
  const std::string longest = "/" + std::string(106, 'x');
  EXPECT_EQ(good(kProduce, {option("unix-socket", longest)}).ingest.unix_socket, longest);
  EXPECT_THAT(bad(kProduce, {option("unix-socket", longest + "x")}), AllOf(HasSubstr("108"), HasSubstr("107")));
  EXPECT_THAT(bad(kProduce, {option("unix-socket", "run/socket")}), HasSubstr("absolute"));
  EXPECT_EQ(good(kProduce).ingest.unix_socket, "");
}

TEST_F(IngestChecks, SecretsThatEverybodyCanReadAreWarnedOf) {
  const std::string open = write("open", "t\n", 0644);
  const std::string closed = write("closed", "t\n", 0640);
  EXPECT_THAT(good(kProduce, {option("bearer-token-file", closed)}).warnings, IsEmpty());
  EXPECT_THAT(good(kProduce, {option("bearer-token-file", open)}).warnings,
              ElementsAre(AllOf(HasSubstr("ingest.bearer-token-file"), HasSubstr(open), HasSubstr("0640"))));
  EXPECT_THAT(good(kProduce, {tls_certificate_, option("tls.key-file", open)}).warnings,
              ElementsAre(HasSubstr("ingest.tls.key-file")));
}

}  // namespace
}  // namespace hubferry::config
