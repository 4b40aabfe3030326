#include <sys/stat.h>

#include "component/http/certificates.h"
#include "component/http/server_fixture.h"

namespace hubferry::testing_http {
namespace {

class UnixSocket : public ServerTest {
 protected:
  UnixSocket() { options_.unix_socket = folder_ / "socket"; }

  std::string path() const { return options_.unix_socket; }
  RawSocket connect_local() const { return RawSocket::connect_local(path()); }
  std::string error_of_create() const {
    const auto server = http::Server::create(options_);
    return server ? "none" : server.error().message;
  }
  // What a process that was killed leaves: a socket file that nobody listens on.
  void leave_stale_socket() const {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(fd.get(), 1), 0);
  }

  Folder folder_;
};

TEST_F(UnixSocket, ServesBesideTcp) {
  start();
  auto local = connect_local();
  auto network = connect();
  for (RawSocket* socket : {&local, &network, &local}) {
    ASSERT_TRUE(socket->send(post("/echo", "body")));
    EXPECT_EQ(socket->answer()->body, "body");
  }
}

TEST_F(UnixSocket, CarriesLargeBodiesBothWays) {
  start();
  auto socket = connect_local();
  const std::string body(5'000'000, 'x');
  ASSERT_TRUE(socket.send(post("/echo", body)));
  EXPECT_TRUE(socket.answer()->body == body);
  ASSERT_TRUE(socket.send(get("/large")));
  EXPECT_EQ(socket.answer()->body.size(), large_);
}

TEST_F(UnixSocket, NeedsNeitherTokenNorTls) {
  const Identity identity = Authority().issue();
  options_.tls_certificate_file = folder_.write("c.pem", identity.certificate);
  options_.tls_key_file = folder_.write("k.pem", identity.key);
  options_.bearer_token_file = folder_.write("tokens", "red-1\n");
  start();
  auto socket = connect_local();
  ASSERT_TRUE(socket.send(get("/hello")));
  EXPECT_EQ(socket.answer()->body, "hello");
}

TEST_F(UnixSocket, IsForOwnerAndGroup) {
  start();
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_TRUE(S_ISSOCK(status.st_mode));
  EXPECT_EQ(status.st_mode & 0777U, 0660U);
}

TEST_F(UnixSocket, CountsAmongTheConnections) {
  options_.max_connections = 1;
  start();
  auto inside = connect_local();
  ASSERT_TRUE(inside.send(get("/hello")));
  ASSERT_EQ(inside.answer()->status, 200);
  auto outside = connect_local();
  EXPECT_EQ(outside.answer()->status, 503);
}

TEST_F(UnixSocket, GoesWhenTheServerStopsAccepting) {
  start();
  auto idle = connect_local();
  ASSERT_TRUE(idle.send(get("/hello")));
  ASSERT_TRUE(idle.answer());
  server_->stop_accepting();
  EXPECT_TRUE(idle.ended());
  EXPECT_FALSE(std::filesystem::exists(path()));
  start();
  EXPECT_TRUE(connect_local().connected());
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(UnixSocket, OfAnEndedProcessIsReplaced) {
  leave_stale_socket();
  ASSERT_TRUE(std::filesystem::exists(path()));
  start();
  auto socket = connect_local();
  ASSERT_TRUE(socket.send(get("/hello")));
  EXPECT_EQ(socket.answer()->body, "hello");
}

TEST_F(UnixSocket, OfALivingProcessIsAnError) {
  start();
  const std::string message = error_of_create();
  EXPECT_NE(message.find(path() + ": another process listens there"), std::string::npos) << message;
  auto socket = connect_local();
  ASSERT_TRUE(socket.send(get("/hello")));
  EXPECT_EQ(socket.answer()->status, 200);
}

TEST_F(UnixSocket, OfAServerThatHasNotStartedYetIsAnErrorToo) {
  const auto first = http::Server::create(options_);
  ASSERT_TRUE(first);
  EXPECT_NE(error_of_create().find("another process listens there"), std::string::npos);
}

TEST_F(UnixSocket, IsNotRemovedWhenItBelongsToSomebodyElse) {
  start();
  std::filesystem::remove(path());
  leave_stale_socket();
  server_.reset();
  EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(UnixSocket, NeverReplacesAFile) {
  folder_.write("socket", "precious");
  EXPECT_NE(error_of_create().find("is no socket"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(path()), 8U);
}

TEST_F(UnixSocket, NamesPathAndReason) {
  options_.unix_socket = folder_ / "no-folder" / "socket";
  std::string message = error_of_create();
  EXPECT_NE(message.find(path() + ": No such file"), std::string::npos) << message;
  options_.unix_socket = "/tmp/" + std::string(103, 'x');
  message = error_of_create();
  EXPECT_NE(message.find("107"), std::string::npos) << message;
}

}  // namespace
}  // namespace hubferry::testing_http
