// How far an engine's proofs reach, for those who mean to send what ends them: read off its own
// tables, which no caller sees.
#pragma once

#include <cstdio>

#include "live/state.hpp"

namespace live_edges {

using namespace tickmargin;

// A template's arguments may name what is private, and only they may.
template <auto member>
struct Inside {
  friend auto& inside(LiveEngine& engine) { return *(engine.*member); }
};
auto& inside(LiveEngine& engine);
template struct Inside<&LiveEngine::state_>;

// "edges", then "pocket" with its account, name, state and amounts in ticks, then for each index it
// follows "link": index, watched, delta in base, price now, lower, upper, and of both clocks where
// they stand and may stand. Behind all, "vol" with what every living option is marked at, "mark"
// with every perpetual's price for one of its index, "node" with every forward; "staged" an index
// of which volatilities wait for their commit.
inline void print(LiveEngine& engine) {
  std::printf("edges\n");
  auto& s = inside(engine);
  for (std::size_t p = 0; p < s.store.pocket_count(); ++p) {
    const monitor::Decision d = s.evaluate(p).decision;
    if (d.state == State::undecidable) continue;
    std::printf("pocket %d %d %s %lld %lld\n", s.store.account_of(p), s.store.name_of(p),
                state_name(s.pockets[p].state), static_cast<long long>(d.equity),
                static_cast<long long>(d.maintenance_margin));
    for (std::int32_t l = s.pockets[p].first_link; l >= 0; l = s.links[l].next_of_pocket) {
      const live::Link& link = s.links[l];
      const margin::Wear& wear = s.underlyings[static_cast<std::size_t>(link.underlying)].wear;
      double delta = 0;
      for (const collateral::UnitValue& unit : s.work.value.units) {
        if (unit.underlying == link.underlying) delta += unit.delta_base;
      }
      std::printf("link %d %d %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", link.underlying,
                  link.watched, delta, s.world.index(link.underlying), link.lower, link.upper,
                  wear.vol, link.wear_limit[0], wear.curve, link.wear_limit[1]);
    }
  }
  const MarketColumns& c = s.world.reval.market.columns;
  for (std::size_t i = 0; i < s.world.instruments.size(); ++i) {
    const bool living = s.world.instruments.kind[i] == Kind::option && !s.expired[i];
    const TimeNs left = s.world.instruments.expiry_ns[i] - s.now_ns;
    if (living && left > s.near_expiry() && !std::isnan(c.mark_vol_annual[i])) {
      std::printf("vol %zu %d %.17g\n", i, s.world.instruments.underlying[i], c.mark_vol_annual[i]);
    }
  }
  for (std::size_t i = 0; i < s.world.instruments.size(); ++i) {
    const Kind kind = s.world.instruments.kind[i];
    if (kind == Kind::perpetual && !s.expired[i] &&
        !std::isnan(s.world.reval.market.mark_ratio[i])) {
      std::printf("mark %zu %d %.17g\n", i, s.world.instruments.underlying[i],
                  s.world.reval.market.mark_ratio[i]);
    }
  }
  for (std::size_t u = 0; u < s.underlyings.size(); ++u) {
    if (s.underlyings[u].staged != 0) std::printf("staged %zu\n", u);
  }
  for (std::size_t n = 0; n < c.forward_price.size(); ++n) {
    std::printf("node %zu %d %.17g %.17g\n", n, c.forward_underlying[n], c.forward_price[n],
                c.forward_rate_annual[n]);
  }
}

}  // namespace live_edges
