#include "base/recycler.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hubferry {
namespace {

TEST(Recycler, GivesPiecesThatDoNotOverlap) {
  std::vector<std::pair<char*, std::size_t>> pieces;
  for (int round = 0; round < 3; ++round) {
    for (std::size_t size = 0; size <= 2 * Recycler::kLargest; size += 37) {
      auto* const piece = static_cast<char*>(Recycler::take(size));
      std::memset(piece, static_cast<int>(pieces.size()), size);
      pieces.emplace_back(piece, size);
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const auto [piece, size] = pieces[i];
      EXPECT_EQ(std::string_view(piece, size), std::string(size, static_cast<char>(i)));
    }
    for (const auto& [piece, size] : pieces) Recycler::give(piece, size);
    pieces.clear();
  }
}

TEST(Recycler, KeepsNoMoreThanItSays) {
  std::vector<void*> pieces;
  for (std::size_t kept = 0; kept < 3 * Recycler::kMostKept; kept += Recycler::kLargest) {
    pieces.push_back(Recycler::take(Recycler::kLargest));
  }
  for (void* piece : pieces) Recycler::give(piece, Recycler::kLargest);
  EXPECT_LE(Recycler::kept(), Recycler::kMostKept);
}

TEST(Recycler, TakesBackWhatAnotherThreadTook) {
  std::shared_ptr<std::string> text;
  std::thread([&text] { text = std::allocate_shared<std::string>(Recycling<std::string>(), 500, 'x'); }).join();
  EXPECT_EQ(*text, std::string(500, 'x'));
  text.reset();
}

}  // namespace
}  // namespace hubferry
