// The choice of a target: best that runs, or the one named, or a clear refusal.
#include <cstdlib>
#include <cstring>

#include "check.hpp"
#include "kernels/kernels.hpp"

using namespace tickmargin::kernels;

TEST(targets_end_with_scalar) {
  const Target* all = nullptr;
  const std::size_t count = targets(&all);
  CHECK(count >= 1);
  CHECK(std::strcmp(all[count - 1].table->name, "scalar") == 0);
  CHECK(all[count - 1].runs_here);
}

// The environment is read once, on first use: this process fixes what it says.
TEST(choice_follows_the_environment) {
  const char* asked = std::getenv("TICKMARGIN_KERNELS");
  const Target* all = nullptr;
  const std::size_t count = targets(&all);
  if (asked == nullptr) {
    std::size_t best = 0;
    while (!all[best].runs_here) ++best;
    CHECK(&kernels() == all[best].table);
    CHECK(kernel_error() == nullptr);
    return;
  }
  bool runs = false;
  for (std::size_t i = 0; i < count; ++i) {
    runs = runs || (std::strcmp(asked, all[i].table->name) == 0 && all[i].runs_here);
  }
  CHECK(std::strcmp(kernels().name, runs ? asked : "scalar") == 0);
  CHECK((kernel_error() == nullptr) == runs);
}

CHECK_MAIN()
