#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/ticks.hpp"
#include "book/book.hpp"
#include "engine/revaluation.hpp"
#include "market/market.hpp"
#include "tickmargin/engine.hpp"

namespace tickmargin {

// What an engine owns. `world` is the revaluation at the current market, built once: explain,
// orders and recompute without moves share it.
struct Engine::State {
  InstrumentColumns instruments;
  PolicySet policies;
  book::Book book;
  base::TickScale scale;
  std::optional<engine::PolicyRamp> ramp;
  std::optional<engine::Revaluation> world;

  static std::unique_ptr<State> make(InstrumentColumns instruments, market::Market market,
                                     book::Book book, PolicySet policies, base::TickScale scale,
                                     std::optional<engine::PolicyRamp> ramp = {});
};

}  // namespace tickmargin
