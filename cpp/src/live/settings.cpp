#include "live/settings.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "base/assert.hpp"
#include "market/vol_guard.hpp"

namespace tickmargin::live {
namespace {

class Faults {
 public:
  void of(std::string where) { where_ = std::move(where); }
  void unless(bool holds, const char* what) {
    if (holds) return;
    if (!text_.empty()) text_ += "; ";
    text_ += where_ + what;
  }
  void raise_if_any() const {
    if (!text_.empty()) throw std::invalid_argument(text_);
  }

 private:
  std::string where_, text_;
};

bool ratio(double x) {
  return x >= 0 && x <= 1;
}

// Written so that a NaN holds nowhere.
void check_oracle(const OracleSettings& o, Faults& faults) {
  const bool some = o.sources >= 1 && o.sources <= market::guard_sources_max;
  faults.unless(some, "sources must be 1 to 8");
  faults.unless(o.quorum >= 1 && (!some || o.quorum <= o.sources),
                "quorum must be 1 to the number of sources");
  faults.unless(o.heartbeat_ns > 0, "heartbeat_ns must be above 0");
  faults.unless(o.unusable_after_ns >= o.heartbeat_ns,
                "unusable_after_ns must be at least heartbeat_ns");
  faults.unless(o.quarantine_limit_ns > 0, "quarantine_limit_ns must be above 0");
  faults.unless(o.source_clamp_ratio > 0 && o.source_clamp_ratio <= 1,
                "source_clamp_ratio must be above 0, at most 1");
  faults.unless(o.feed_min < o.feed_max, "feed_min must be below feed_max");
  faults.unless(o.band_ratio >= 0 && std::isfinite(o.band_ratio),
                "band_ratio must be at least 0 and finite");
  faults.unless(
      o.velocity_ratio_per_sqrt_second >= 0 && std::isfinite(o.velocity_ratio_per_sqrt_second),
      "velocity_ratio_per_sqrt_second must be at least 0 and finite");
  faults.unless(std::isfinite(o.band_cap_ratio) &&
                    (o.band_cap_ratio >= o.band_ratio || !std::isfinite(o.band_ratio)),
                "band_cap_ratio must be at least band_ratio and finite");
  faults.unless(o.doubt_ratio >= 0 && o.doubt_ratio <= market::doubt_ratio_max,
                "doubt_ratio must be at least 0, at most 1");
  faults.unless(o.lead_max_ns >= 0, "lead_max_ns must be at least 0");
}

void check_engine(const LiveSettings& s, Faults& faults) {
  faults.unless(s.hysteresis_ratio >= 0, "hysteresis_ratio must be at least 0");
  faults.unless(s.settlement_window_ns >= 0, "settlement_window_ns must be at least 0");
  faults.unless(s.clock_step_max_ns >= 0, "clock_step_max_ns must be at least 0");
  faults.unless(s.vol_min_annual > 0, "vol_min_annual must be above 0");
  faults.unless(std::isfinite(s.vol_max_annual) &&
                    (s.vol_max_annual > s.vol_min_annual || !(s.vol_min_annual > 0)),
                "vol_max_annual must be above vol_min_annual and finite");
  faults.unless(s.vol_level_band_ratio >= 0, "vol_level_band_ratio must be at least 0");
  faults.unless(s.vol_shape_band_ratio >= 0, "vol_shape_band_ratio must be at least 0");
  faults.unless(s.vol_shape_age_max_ns >= 0, "vol_shape_age_max_ns must be at least 0");
  faults.unless(s.vol_doubt_limit_ns > 0, "vol_doubt_limit_ns must be above 0");
  faults.unless(s.mark_basis_window_ns > 0, "mark_basis_window_ns must be above 0");
  faults.unless(ratio(s.mark_basis_cap_ratio),
                "mark_basis_cap_ratio must be at least 0, at most 1");
  faults.unless(s.cell_ratio > 0 && s.cell_ratio <= 0.1, "cell_ratio must be above 0, at most 0.1");
  faults.unless(s.renewals_per_record >= 1, "renewals_per_record must be at least 1");
  faults.unless(s.ladder_buckets >= 16, "ladder_buckets must be at least 16");
}

}  // namespace

void check_settings(const LiveSettings& s, std::size_t underlyings, std::size_t assets) {
  Faults faults;
  faults.unless(s.oracle.empty() || s.oracle.size() == underlyings,
                "oracle settings: one for each underlying, or none");
  faults.unless(s.asset_chain.empty() || s.asset_chain.size() == assets,
                "asset_chain: one for each asset, or none");
  faults.unless(std::all_of(s.asset_chain.begin(), s.asset_chain.end(),
                            [](std::int32_t chain) { return chain >= 0; }),
                "asset_chain must be at least 0");
  for (std::size_t u = 0; u < s.oracle.size(); ++u) {
    faults.of("oracle of underlying " + std::to_string(u) + ": ");
    check_oracle(s.oracle[u], faults);
  }
  faults.of("settings: ");
  check_engine(s, faults);
  faults.raise_if_any();
  for (const OracleSettings& o : s.oracle) TICKMARGIN_ASSERT(market::valid(guard_of(o, s)));
  TICKMARGIN_ASSERT(market::valid(
      market::VolGuardSettings{s.vol_min_annual, s.vol_max_annual, s.vol_level_band_ratio,
                               s.vol_shape_band_ratio, s.vol_shape_age_max_ns}));
}

market::GuardSettings guard_of(const OracleSettings& s, const LiveSettings& all) {
  market::GuardSettings g;
  g.quorum = s.quorum;
  g.heartbeat_ns = s.heartbeat_ns;
  g.unusable_after_ns = s.unusable_after_ns;
  g.quarantine_limit_ns = s.quarantine_limit_ns;
  g.source_clamp_ratio = s.source_clamp_ratio;
  g.feed_min = s.feed_min;
  g.feed_max = s.feed_max;
  g.band_ratio = s.band_ratio;
  g.velocity_ratio_per_sqrt_second = s.velocity_ratio_per_sqrt_second;
  g.band_cap_ratio = s.band_cap_ratio;
  g.doubt_ratio_degraded = s.doubt_ratio;
  g.lead_max_ns = s.lead_max_ns;
  g.mark_basis_cap_ratio = all.mark_basis_cap_ratio;
  g.mark_basis_window_ns = all.mark_basis_window_ns;
  return g;
}

}  // namespace tickmargin::live
