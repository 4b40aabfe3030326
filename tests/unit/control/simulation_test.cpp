#include "simulation.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace hubferry::control {
namespace {

// HUBFERRY_SEEDS: how many, HUBFERRY_SEED: the first one.
std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(ControlSimulation, InstancesAgreeWhateverHappensToThemAndTheirLog) {
  const std::uint64_t first = number_of("HUBFERRY_SEED", 1);
  const std::uint64_t seeds = number_of("HUBFERRY_SEEDS", 300);
  std::uint64_t openings = 0;
  std::uint64_t resumes = 0;
  std::uint64_t crashes = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    Simulation simulation(seed);
    ASSERT_TRUE(simulation.run()) << simulation.failure();
    openings += simulation.openings();
    resumes += simulation.resumes();
    crashes += simulation.crashes();
  }
  std::printf("%llu seeds: %llu openings, %llu resumes, %llu crashes\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(openings), static_cast<unsigned long long>(resumes),
              static_cast<unsigned long long>(crashes));
  if (seeds < 100) return;
  EXPECT_GT(openings, seeds / 2);
  EXPECT_GT(resumes, seeds / 4);
  EXPECT_GT(crashes, seeds / 4);
}

}  // namespace
}  // namespace hubferry::control
