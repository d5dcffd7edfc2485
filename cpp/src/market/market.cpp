#include "market/market.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "base/ticks.hpp"
#include "kernels/kernels.hpp"

namespace tickmargin::market {
namespace {

double log_of(double x) noexcept {
  double out;
  kernels::kernels().log(&x, &out, 1);
  return out;
}

double exp_of(double x) noexcept {
  double out;
  kernels::kernels().exp(&x, &out, 1);
  return out;
}

// A chain of quote assets is at most as long as there are assets; longer means a circle.
double asset_price_within(const Market& market, AssetIndex asset, std::size_t depth) noexcept {
  if (asset < 0) return 1.0;
  const auto a = static_cast<std::size_t>(asset);
  const MarketColumns& columns = market.columns;
  const UnderlyingIndex link = columns.asset_underlying[a];
  if (link < 0) return columns.asset_price[a];
  if (depth > columns.asset_price.size()) return base::canonical_nan;
  const auto u = static_cast<std::size_t>(link);
  return market.asset_ratio[a] * columns.index_price[u] *
         asset_price_within(market, columns.quote_asset[u], depth + 1);
}

struct NodeRange {
  std::size_t begin;
  std::size_t end;
};

NodeRange nodes_of(const std::vector<std::int32_t>& underlying, UnderlyingIndex u) noexcept {
  const auto [first, last] = std::equal_range(underlying.begin(), underlying.end(), u);
  return {static_cast<std::size_t>(first - underlying.begin()),
          static_cast<std::size_t>(last - underlying.begin())};
}

double years_between(TimeNs from, TimeNs to) noexcept {
  return static_cast<double>(to - from) / ns_per_year;
}

// Total variance within one expiry's nodes [begin, end) at the strike with the wanted moneyness.
double slice_variance(const MarketColumns& c, NodeRange slice, double strike,
                      double years) noexcept {
  auto variance = [&](std::size_t i) {
    return c.surface_vol_annual[i] * c.surface_vol_annual[i] * years;
  };
  const auto strikes = c.surface_strike.begin();
  const auto begin = strikes + static_cast<std::ptrdiff_t>(slice.begin);
  const auto end = strikes + static_cast<std::ptrdiff_t>(slice.end);
  const auto above = std::lower_bound(begin, end, strike);
  const auto right = static_cast<std::size_t>(above - strikes);
  if (above == begin || (above != end && *above == strike)) return variance(right);
  if (above == end) return variance(slice.end - 1);
  const double t = log_of(strike / *(above - 1)) / log_of(*above / *(above - 1));
  return variance(right - 1) + t * (variance(right) - variance(right - 1));
}

}  // namespace

Market make_market(MarketColumns columns, const InstrumentColumns& instruments) {
  Market market;
  market.columns = std::move(columns);
  const MarketColumns& c = market.columns;
  TICKMARGIN_ASSERT(c.mark_price.size() == instruments.size());

  market.asset_ratio.assign(c.asset_price.size(), 1.0);
  for (std::size_t a = 0; a < c.asset_price.size(); ++a) {
    const UnderlyingIndex link = c.asset_underlying[a];
    if (link < 0 || std::isnan(c.asset_price[a])) continue;
    const double linked = c.index_price[static_cast<std::size_t>(link)] * quote_price(market, link);
    market.asset_ratio[a] = c.asset_price[a] / linked;
  }
  market.forward_ratio.resize(c.forward_price.size());
  for (std::size_t i = 0; i < c.forward_price.size(); ++i) {
    const auto u = static_cast<std::size_t>(c.forward_underlying[i]);
    market.forward_ratio[i] = c.forward_price[i] / c.index_price[u];
  }
  market.mark_ratio.resize(c.mark_price.size());
  for (std::size_t i = 0; i < c.mark_price.size(); ++i) {
    const auto u = static_cast<std::size_t>(instruments.underlying[i]);
    market.mark_ratio[i] = c.mark_price[i] / c.index_price[u];
  }
  return market;
}

double asset_price(const Market& market, AssetIndex asset) noexcept {
  return asset_price_within(market, asset, 0);
}

double quote_price(const Market& market, UnderlyingIndex underlying) noexcept {
  return asset_price(market, market.columns.quote_asset[static_cast<std::size_t>(underlying)]);
}

ForwardPoint forward_at(const Market& market, UnderlyingIndex underlying,
                        TimeNs expiry_ns) noexcept {
  const MarketColumns& c = market.columns;
  const NodeRange nodes = nodes_of(c.forward_underlying, underlying);
  if (nodes.begin == nodes.end) return {base::canonical_nan, base::canonical_nan};
  const double index = c.index_price[static_cast<std::size_t>(underlying)];

  std::size_t right = nodes.begin;
  while (right < nodes.end && c.forward_expiry_ns[right] < expiry_ns) ++right;
  if (right < nodes.end && c.forward_expiry_ns[right] == expiry_ns) {
    return {market.forward_ratio[right] * index, c.forward_rate_annual[right]};
  }
  // Flat carry outside the nodes: the line through (0, log 1) and the outer node.
  const std::size_t outer = right == nodes.end ? nodes.end - 1 : right;
  const bool inside = right > nodes.begin && right < nodes.end;
  const std::size_t left = inside ? right - 1 : outer;
  const double t = years_between(c.as_of_ns, expiry_ns);
  const double t_left = inside ? years_between(c.as_of_ns, c.forward_expiry_ns[left]) : 0.0;
  const double y_left = inside ? log_of(market.forward_ratio[left]) : 0.0;
  const double t_right = years_between(c.as_of_ns, c.forward_expiry_ns[outer]);
  const double y_right = log_of(market.forward_ratio[outer]);
  const double span = t_right - t_left;
  const double y = span > 0 ? y_left + (y_right - y_left) * ((t - t_left) / span) : y_right;
  return {exp_of(y) * index, c.forward_rate_annual[outer]};
}

double surface_vol(const Market& market, UnderlyingIndex underlying, TimeNs expiry_ns,
                   double strike) noexcept {
  const MarketColumns& c = market.columns;
  const NodeRange nodes = nodes_of(c.surface_underlying, underlying);
  if (nodes.begin == nodes.end) return base::canonical_nan;
  const double years = years_between(c.as_of_ns, expiry_ns);
  const double moneyness = strike / forward_at(market, underlying, expiry_ns).forward;

  // Walk the expiries; keep the last at or before ours and stop at the first at or after it.
  double t_left = 0, w_left = 0;
  bool have_left = false;
  for (std::size_t begin = nodes.begin; begin < nodes.end;) {
    const TimeNs slice_ns = c.surface_expiry_ns[begin];
    std::size_t end = begin;
    while (end < nodes.end && c.surface_expiry_ns[end] == slice_ns) ++end;
    const double t = years_between(c.as_of_ns, slice_ns);
    const double forward = forward_at(market, underlying, slice_ns).forward;
    const double w = slice_variance(c, {begin, end}, moneyness * forward, t);
    if (slice_ns >= expiry_ns) {
      if (slice_ns == expiry_ns || !have_left) return std::sqrt(w / t);
      const double mixed = w_left + (w - w_left) * ((years - t_left) / (t - t_left));
      return std::sqrt(mixed / years);
    }
    t_left = t;
    w_left = w;
    have_left = true;
    begin = end;
  }
  return std::sqrt(w_left / t_left);
}

}  // namespace tickmargin::market
