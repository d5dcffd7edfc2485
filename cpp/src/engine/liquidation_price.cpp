#include "engine/liquidation_price.hpp"

#include <algorithm>
#include <cmath>

#include "book/scratch_pocket.hpp"
#include "pricing/settlement.hpp"

namespace tickmargin::engine {
namespace {

// The search ends at these multiples of the current index.
constexpr double lowest_ratio = 1e-6;
constexpr double highest_ratio = 1e4;

// The pocket alone with just the instruments it holds, so that one evaluation costs microseconds.
struct SmallWorld {
  InstrumentColumns instruments;
  market::Market market;
  book::ScratchPocket pocket;
};

template <class T>
std::vector<T> gather(const std::vector<T>& column, const std::vector<std::uint32_t>& rows) {
  std::vector<T> out;
  if (column.empty()) return out;
  out.reserve(rows.size());
  for (const std::uint32_t row : rows) out.push_back(column[row]);
  return out;
}

InstrumentColumns gather(const InstrumentColumns& all, const std::vector<std::uint32_t>& rows) {
  return {gather(all.kind, rows),
          gather(all.payoff, rows),
          gather(all.underlying, rows),
          gather(all.settlement_asset, rows),
          gather(all.multiplier, rows),
          gather(all.strike, rows),
          gather(all.expiry_ns, rows),
          gather(all.is_call, rows),
          gather(all.bachelier, rows),
          gather(all.funding_period_years, rows),
          gather(all.funding_rate_annual, rows)};
}

SmallWorld shrink(const Revaluation& world, const book::PocketRows& rows) {
  SmallWorld small;
  std::vector<std::uint32_t> held(rows.instrument + rows.first_position(),
                                  rows.instrument + rows.end_position());
  std::sort(held.begin(), held.end());
  held.erase(std::unique(held.begin(), held.end()), held.end());
  small.instruments = gather(world.instruments, held);
  small.market = world.market;
  MarketColumns& c = small.market.columns;
  small.market.mark_ratio = gather(world.market.mark_ratio, held);
  c.mark_price = gather(world.market.columns.mark_price, held);
  c.mark_vol_annual = gather(world.market.columns.mark_vol_annual, held);
  c.mark_vol_normal_annual = gather(world.market.columns.mark_vol_normal_annual, held);
  c.settled_share = gather(world.market.columns.settled_share, held);
  c.settled_average = gather(world.market.columns.settled_average, held);
  if (!c.mark_confidence.empty()) c.mark_confidence = gather(c.mark_confidence, held);
  small.pocket.assign(rows);
  for (book::PositionRow& row : small.pocket.positions()) {
    row.instrument = static_cast<std::uint32_t>(
        std::lower_bound(held.begin(), held.end(), row.instrument) - held.begin());
  }
  return small;
}

struct Search {
  SmallWorld& small;
  const std::vector<Policy>& policies;  // that of the account and, in a ramp, the one before
  double ramp_left;
  base::TickScale scale;
  UnderlyingIndex underlying;

  monitor::Decision at(double price) {
    market::Market market = small.market;
    market.columns.index_price[static_cast<std::size_t>(underlying)] = price;
    const Revaluation world = revalue(std::move(market), small.instruments, policies);
    Workspace work;
    const Ramp ramp{policies.size() > 1 ? &world.policies[1] : nullptr, ramp_left};
    return evaluate_pocket(world, world.policies[0], small.pocket.rows(small.instruments), scale,
                           work, nullptr, ramp);
  }

  // First price of the ladder (walking away from `start`) that is past the border, refined.
  double first_past(double start, const std::vector<double>& ladder, RootStatus& status) {
    double safe = start;
    for (const double price : ladder) {
      const monitor::Decision d = at(price);
      if (d.state == State::undecidable) {
        status = RootStatus::undecidable;
        return base::canonical_nan;
      }
      if (d.slack < 0) {
        status = RootStatus::found;
        return refine(safe, price);
      }
      safe = price;
    }
    status = RootStatus::none;
    return base::canonical_nan;
  }

  double refine(double safe, double past) {
    while (true) {
      const double middle = safe + 0.5 * (past - safe);
      if (middle == safe || middle == past) return past;
      // An undecidable point inside counts as past: the search errs to the cautious side.
      const monitor::Decision d = at(middle);
      (d.state == State::undecidable || d.slack < 0 ? past : safe) = middle;
    }
  }
};

// A strike enters or leaves the scanned range of a scenario policy where the forward stands at
// strike / (1 +- range): the requirement jumps there, so the ladder stands on both sides of it.
void add_range_edges(double at_strike, double range, std::vector<double>& prices) {
  for (const double edge : {at_strike / (1.0 + range), at_strike / (1.0 - range)}) {
    prices.push_back(edge * (1.0 - 1e-12));
    prices.push_back(edge * (1.0 + 1e-12));
  }
}

// Where the value or the requirement of a held option has a kink or a jump.
void add_option_prices(const Search& search, std::vector<double>& prices) {
  const InstrumentColumns& instruments = search.small.instruments;
  const auto u = static_cast<std::size_t>(search.underlying);
  const double index = search.small.market.columns.index_price[u];
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    if (instruments.underlying[i] != search.underlying || instruments.kind[i] != Kind::option) {
      continue;
    }
    const double forward =
        instruments.is_everlasting(i)
            ? index
            : market::forward_at(search.small.market, search.underlying, instruments.expiry_ns[i])
                  .forward;
    const double strike =
        pricing::settling_of(search.small.market, i).strike_left(instruments.strike[i]);
    const double at_strike = strike * (index / forward);
    prices.push_back(at_strike);
    for (const Policy& policy : search.policies) {
      if (policy.method != MethodId::scenario || !policy.scenario[u].strike_nodes) continue;
      add_range_edges(at_strike, policy.scenario[u].price_range, prices);
    }
  }
}

// Prices from the index outward: steps of 0.5 % to half and double, coarser beyond, and where held
// options have kinks or jumps.
std::vector<double> ladder(const Search& search, double index, bool up) {
  std::vector<double> prices;
  const double end = index * (up ? highest_ratio : lowest_ratio);
  for (double ratio = 1.0; ratio > lowest_ratio && ratio < highest_ratio;) {
    const bool near = ratio > 0.5 && ratio < 2.0;
    ratio *= up ? (near ? 1.005 : 1.05) : (near ? 0.995 : 0.95);
    prices.push_back(index * ratio);
  }
  prices.push_back(end);
  add_option_prices(search, prices);
  std::erase_if(prices, [&](double price) {
    return up ? !(price > index && price <= end) : !(price < index && price >= end);
  });
  std::sort(prices.begin(), prices.end());
  if (!up) std::reverse(prices.begin(), prices.end());
  return prices;
}

}  // namespace

LiquidationPrices liquidation_prices(const Revaluation& world, const book::Book& book,
                                     const Policy& policy, base::TickScale scale,
                                     std::size_t pocket, UnderlyingIndex underlying) {
  SmallWorld small = shrink(world, book::pocket_rows(book, pocket));
  std::vector<Policy> policies{policy};
  const Ramp ramp = world.ramp_of(static_cast<std::size_t>(book.pocket_account[pocket]));
  if (ramp.from != nullptr) policies.push_back(*ramp.from->policy);
  Search search{small, policies, ramp.left, scale, underlying};
  LiquidationPrices out{base::canonical_nan, base::canonical_nan};
  const double index = world.market.columns.index_price[static_cast<std::size_t>(underlying)];
  const monitor::Decision now = search.at(index);
  if (now.state == State::undecidable) return out;
  if (now.slack < 0) {
    out.lower_status = out.upper_status = RootStatus::already_past;
    return out;
  }
  out.lower = search.first_past(index, ladder(search, index, false), out.lower_status);
  out.upper = search.first_past(index, ladder(search, index, true), out.upper_status);
  return out;
}

}  // namespace tickmargin::engine
