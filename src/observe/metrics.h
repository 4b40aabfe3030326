#pragma once
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <memory>
#include <string>

namespace hubferry::observe {

// The process's metrics. Handles are looked up once, at wiring, and kept: counting is then lock-free and thread-safe.
// Names carry units and follow Prometheus' rules; a family is created the first time it is asked for.
class Metrics {
 public:
  using Labels = std::map<std::string, std::string>;

  prometheus::Counter& counter(const std::string& name, const std::string& help, const Labels& labels);
  prometheus::Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels);
  prometheus::Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels,
                                   const prometheus::Histogram::BucketBoundaries& buckets);

  // Prometheus' text exposition format 0.0.4. Thread-safe.
  std::string text() const;

 private:
  prometheus::Registry registry_;
};

}  // namespace hubferry::observe
