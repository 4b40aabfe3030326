#include "kafka/side_job.h"

#include <gtest/gtest.h>

#include <future>

namespace hubferry::kafka {
namespace {

TEST(SideJob, GivesItsResultOnceAndRingsTheBell) {
  Wakeup bell;
  SideJob<int> job(bell);
  EXPECT_FALSE(job.take());
  job.start([](const std::stop_token&) { return 42; });
  EXPECT_TRUE(job.busy());
  std::optional<int> result;
  while (!result) {
    bell.wait(Milliseconds(60'000));
    result = job.take();
  }
  EXPECT_EQ(result, 42);
  EXPECT_FALSE(job.busy());
  EXPECT_FALSE(job.take());
}

TEST(SideJob, HasNoResultWhileItsWorkGoesOn) {
  Wakeup bell;
  SideJob<int> job(bell);
  std::promise<void> go;
  job.start([wait = go.get_future().share()](const std::stop_token&) {
    wait.wait();
    return 1;
  });
  EXPECT_FALSE(job.take());
  EXPECT_TRUE(job.busy());
  go.set_value();
  job.join();
}

TEST(SideJob, TellsItsWorkToStopWhenItIsDestroyed) {
  Wakeup bell;
  std::promise<void> stopped;
  {
    SideJob<int> job(bell);
    job.start([&stopped](const std::stop_token& stop) {
      const std::stop_callback told(stop, [&stopped] { stopped.set_value(); });
      stopped.get_future().wait();
      return 1;
    });
  }
}

}  // namespace
}  // namespace hubferry::kafka
