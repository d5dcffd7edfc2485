#include "market/market.hpp"

#include <algorithm>
#include <cmath>

#include "base/assert.hpp"
#include "base/ticks.hpp"
#include "kernels/one_value.hpp"

namespace tickmargin::market {
namespace {

using kernels::exp_of;
using kernels::log_of;

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

// First of the nodes whose expiry is not over.
std::size_t first_live(const std::vector<std::int64_t>& expiry_ns, NodeRange nodes,
                       TimeNs as_of_ns) noexcept {
  const auto at = expiry_ns.begin();
  return static_cast<std::size_t>(std::lower_bound(at + static_cast<std::ptrdiff_t>(nodes.begin),
                                                   at + static_cast<std::ptrdiff_t>(nodes.end),
                                                   as_of_ns) -
                                  at);
}

double node_forward(const Market& market, std::size_t node, double index) noexcept {
  const double ratio = market.forward_ratio[node];
  return std::isnan(ratio) ? index + market.forward_basis[node] : ratio * index;
}

// Variance a year within one expiry's nodes [begin, end) at a strike: linear in log-strike.
double slice_variance(const MarketColumns& c, NodeRange slice, double strike) noexcept {
  auto variance = [&](std::size_t i) { return c.surface_vol_annual[i] * c.surface_vol_annual[i]; };
  const auto strikes = c.surface_strike.begin();
  const auto begin = strikes + static_cast<std::ptrdiff_t>(slice.begin);
  const auto end = strikes + static_cast<std::ptrdiff_t>(slice.end);
  const auto above = std::lower_bound(begin, end, strike);
  const auto right = static_cast<std::size_t>(above - strikes);
  if (above == end) return variance(slice.end - 1);
  if (above == begin || *above == strike) return variance(right);
  const double t = log_of(strike / *(above - 1)) / log_of(*above / *(above - 1));
  return variance(right - 1) + t * (variance(right) - variance(right - 1));
}

}  // namespace

Market make_market(MarketColumns columns, const InstrumentColumns& instruments) {
  Market market;
  market.columns = std::move(columns);
  const MarketColumns& c = market.columns;
  TICKMARGIN_ASSERT(c.mark_price.size() == instruments.size());
  if (c.asset_halted.empty()) market.columns.asset_halted.assign(c.asset_price.size(), 0);
  if (c.doubt_ratio.empty()) market.columns.doubt_ratio.assign(c.index_price.size(), 0.0);

  if (c.settled_share.empty()) {
    market.columns.settled_share.assign(instruments.size(), 0.0);
    market.columns.settled_average.assign(instruments.size(), 0.0);
  }
  TICKMARGIN_ASSERT(c.settled_share.size() == instruments.size() &&
                    c.settled_average.size() == instruments.size());
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    if (instruments.expiry_ns[i] == 0) market.columns.settled_share[i] = 0.0;
  }

  market.asset_ratio.assign(c.asset_price.size(), 1.0);
  for (std::size_t a = 0; a < c.asset_price.size(); ++a) {
    const UnderlyingIndex link = c.asset_underlying[a];
    if (link < 0 || std::isnan(c.asset_price[a])) continue;
    const double linked = c.index_price[static_cast<std::size_t>(link)] * quote_price(market, link);
    market.asset_ratio[a] = c.asset_price[a] / linked;
  }
  market.forward_ratio.assign(c.forward_price.size(), base::canonical_nan);
  market.forward_basis.assign(c.forward_price.size(), base::canonical_nan);
  for (std::size_t i = 0; i < c.forward_price.size(); ++i) {
    const auto u = static_cast<std::size_t>(c.forward_underlying[i]);
    // A ratio to the index makes sense for positive prices only.
    if (c.forward_price[i] > 0) {
      market.forward_ratio[i] = c.forward_price[i] / c.index_price[u];
    } else {
      market.forward_basis[i] = c.forward_price[i] - c.index_price[u];
    }
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
  NodeRange nodes = nodes_of(c.forward_underlying, underlying);
  nodes.begin = first_live(c.forward_expiry_ns, nodes, c.as_of_ns);
  if (nodes.begin == nodes.end) return {base::canonical_nan, base::canonical_nan};
  const double index = c.index_price[static_cast<std::size_t>(underlying)];

  std::size_t right = nodes.begin;
  while (right < nodes.end && c.forward_expiry_ns[right] < expiry_ns) ++right;
  if (right < nodes.end && c.forward_expiry_ns[right] == expiry_ns) {
    return {node_forward(market, right, index), c.forward_rate_annual[right]};
  }
  const double t = years_between(c.as_of_ns, expiry_ns);
  const std::size_t outer = right == nodes.end ? nodes.end - 1 : right;
  const double t_right = years_between(c.as_of_ns, c.forward_expiry_ns[outer]);
  const double y_right = log_of(market.forward_ratio[outer]);
  const double rate_right = c.forward_rate_annual[outer];
  if (right == nodes.begin || right == nodes.end) {
    const double y = t_right > 0 ? y_right * (t / t_right) : y_right;
    return {exp_of(y) * index, rate_right};
  }
  const std::size_t left = right - 1;
  const double t_left = years_between(c.as_of_ns, c.forward_expiry_ns[left]);
  const double y_left = log_of(market.forward_ratio[left]);
  const double rt_left = c.forward_rate_annual[left] * t_left;
  const double share = (t - t_left) / (t_right - t_left);
  const double y = y_left + (y_right - y_left) * share;
  return {exp_of(y) * index, (rt_left + (rate_right * t_right - rt_left) * share) / t};
}

double surface_vol(const Market& market, UnderlyingIndex underlying, TimeNs expiry_ns,
                   double strike) noexcept {
  const MarketColumns& c = market.columns;
  NodeRange nodes = nodes_of(c.surface_underlying, underlying);
  nodes.begin = first_live(c.surface_expiry_ns, nodes, c.as_of_ns);
  const double moneyness = strike / forward_at(market, underlying, expiry_ns).forward;

  // Walk the expiries; keep the last before ours and stop at the first at or after it.
  double t_left = 0, variance_left = base::canonical_nan;
  for (std::size_t begin = nodes.begin; begin < nodes.end;) {
    const TimeNs slice_ns = c.surface_expiry_ns[begin];
    std::size_t end = begin;
    while (end < nodes.end && c.surface_expiry_ns[end] == slice_ns) ++end;
    const double forward = forward_at(market, underlying, slice_ns).forward;
    const double variance = slice_variance(c, {begin, end}, moneyness * forward);
    const double t = years_between(c.as_of_ns, slice_ns);
    if (slice_ns >= expiry_ns) {
      if (slice_ns == expiry_ns || std::isnan(variance_left)) return std::sqrt(variance);
      const double years = years_between(c.as_of_ns, expiry_ns);
      const double w_left = variance_left * t_left;
      const double w = w_left + (variance * t - w_left) * ((years - t_left) / (t - t_left));
      return std::sqrt(w / years);
    }
    t_left = t;
    variance_left = variance;
    begin = end;
  }
  return std::sqrt(variance_left);
}

}  // namespace tickmargin::market
