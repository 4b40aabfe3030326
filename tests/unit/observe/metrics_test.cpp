#include "observe/metrics.h"

#include <gtest/gtest.h>

namespace hubferry::observe {
namespace {

TEST(Metrics, GivesTheSameHandleForTheSameNameAndLabels) {
  Metrics metrics;
  auto& first = metrics.counter("hubferry_x_total", "X", {{"route", "a"}});
  EXPECT_EQ(&first, &metrics.counter("hubferry_x_total", "X", {{"route", "a"}}));
  EXPECT_NE(&first, &metrics.counter("hubferry_x_total", "X", {{"route", "b"}}));
}

TEST(Metrics, WritesOneFamilyWithAllItsLabels) {
  Metrics metrics;
  metrics.counter("hubferry_x_total", "Things", {{"route", "a"}}).Increment(3);
  metrics.counter("hubferry_x_total", "Things", {{"route", "b"}}).Increment();
  metrics.gauge("hubferry_y_bytes", "Room", {}).Set(7);
  metrics.histogram("hubferry_z_seconds", "Time", {}, {0.1, 1}).Observe(0.5);
  const std::string text = metrics.text();
  EXPECT_NE(text.find("# HELP hubferry_x_total Things\n# TYPE hubferry_x_total counter\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("# TYPE hubferry_x_total"), text.rfind("# TYPE hubferry_x_total"));
  EXPECT_NE(text.find("hubferry_x_total{route=\"a\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("hubferry_x_total{route=\"b\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("hubferry_y_bytes 7\n"), std::string::npos);
  EXPECT_NE(text.find("hubferry_z_seconds_bucket{le=\"1\"} 1\n"), std::string::npos);
}

}  // namespace
}  // namespace hubferry::observe
