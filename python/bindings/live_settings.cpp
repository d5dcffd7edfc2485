#include "live_settings.hpp"

#include "columns.hpp"

namespace tickmargin::bindings {
namespace {

template <class T>
void set(const py::dict& d, const char* key, T& member) {
  if (d.contains(key)) member = d[key].cast<T>();
}

OracleSettings oracle_from(const py::dict& d) {
  OracleSettings o;
  set(d, "sources", o.sources);
  set(d, "quorum", o.quorum);
  set(d, "heartbeat_ns", o.heartbeat_ns);
  set(d, "unusable_after_ns", o.unusable_after_ns);
  set(d, "quarantine_limit_ns", o.quarantine_limit_ns);
  set(d, "source_clamp_ratio", o.source_clamp_ratio);
  set(d, "feed_min", o.feed_min);
  set(d, "feed_max", o.feed_max);
  set(d, "band_ratio", o.band_ratio);
  set(d, "velocity_ratio_per_sqrt_second", o.velocity_ratio_per_sqrt_second);
  set(d, "band_cap_ratio", o.band_cap_ratio);
  set(d, "doubt_ratio", o.doubt_ratio);
  set(d, "lead_max_ns", o.lead_max_ns);
  return o;
}

}  // namespace

LiveSettings live_settings_from(const py::dict& d) {
  LiveSettings s;
  if (d.contains("oracle")) {
    for (const py::handle item : d["oracle"].cast<py::list>()) {
      s.oracle.push_back(oracle_from(item.cast<py::dict>()));
    }
  }
  if (d.contains("asset_chain")) s.asset_chain = take_column<std::int32_t>(d, "asset_chain");
  set(d, "hysteresis_ratio", s.hysteresis_ratio);
  set(d, "settlement_window_ns", s.settlement_window_ns);
  set(d, "liquidation_block_limit_ns", s.liquidation_block_limit_ns);
  set(d, "transfer_finality_ns", s.transfer_finality_ns);
  set(d, "vol_min_annual", s.vol_min_annual);
  set(d, "vol_max_annual", s.vol_max_annual);
  set(d, "vol_level_band_ratio", s.vol_level_band_ratio);
  set(d, "vol_shape_band_ratio", s.vol_shape_band_ratio);
  set(d, "vol_shape_age_max_ns", s.vol_shape_age_max_ns);
  set(d, "vol_doubt_limit_ns", s.vol_doubt_limit_ns);
  set(d, "clock_step_max_ns", s.clock_step_max_ns);
  set(d, "mark_basis_cap_ratio", s.mark_basis_cap_ratio);
  set(d, "mark_basis_window_ns", s.mark_basis_window_ns);
  set(d, "renewals_per_record", s.renewals_per_record);
  set(d, "ladder_buckets", s.ladder_buckets);
  set(d, "cell_ratio", s.cell_ratio);
  set(d, "bands", s.bands);
  return s;
}

LiveCapacity live_capacity_from(const py::dict& d) {
  LiveCapacity c;
  set(d, "instruments", c.instruments);
  set(d, "pockets", c.pockets);
  set(d, "positions", c.positions);
  set(d, "balances", c.balances);
  set(d, "pocket_positions", c.pocket_positions);
  set(d, "orders", c.orders);
  set(d, "transfers", c.transfers);
  set(d, "events", c.events);
  return c;
}

}  // namespace tickmargin::bindings
