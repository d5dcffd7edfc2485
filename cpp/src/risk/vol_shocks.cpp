#include "risk/vol_shocks.hpp"

#include "kernels/one_value.hpp"

namespace tickmargin::risk {

double term_scale(const VolShocks& shocks, double years) noexcept {
  const double days_to_expiry = years * 365.0;
  const double days = days_to_expiry < shocks.min_days ? shocks.min_days : days_to_expiry;
  const double power = days < shocks.reference_days ? shocks.power_short : shocks.power_long;
  return kernels::power_of(shocks.reference_days / days, power);
}

double scaled_vol(const VolShocks& shocks, double shock, double scale, double vol_annual) noexcept {
  if (shock == 0) return vol_annual;
  const double scaled = shock * scale;
  double vol =
      shocks.kind == VolShock::relative ? vol_annual * (1.0 + scaled) : vol_annual + scaled;
  if (shock > 0 && vol < shocks.up_floor_annual) vol = shocks.up_floor_annual;
  return vol < 0 ? 0.0 : vol;
}

double shocked_vol(const VolShocks& shocks, double shock, double vol_annual,
                   double years) noexcept {
  if (shock == 0) return vol_annual;
  return scaled_vol(shocks, shock, term_scale(shocks, years), vol_annual);
}

}  // namespace tickmargin::risk
