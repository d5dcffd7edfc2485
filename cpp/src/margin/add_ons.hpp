// Charges on top of any base method: one file each, one table of them (add_ons.cpp).
//
// An add-on looks at what a unit exposes and answers with a charge for initial and one for
// maintenance margin; each has its own Component, so that it is its own line where a requirement is
// explained. Resting orders count at the larger side. A policy that charges one has no trigger
// bands: its pockets are evaluated exactly with every tick.
#pragma once

#include "margin/method.hpp"

namespace tickmargin::margin {

// What one unit would have to close out, in the numeraire.
struct Exposure {
  double net_notional = 0;    // |net delta| at the index
  double gross_notional = 0;  // sum of |delta| at the index
  double gross_vega = 0;      // sum of |vega|, per 1.00 of volatility
};

struct Charge {
  double initial = 0;
  double maintenance = 0;
};

using AddOn = Charge (*)(const Context&, const Policy&, std::size_t u, const Exposure&) noexcept;

Charge liquidity_charge(const Context&, const Policy&, std::size_t u, const Exposure&) noexcept;
Charge fast_depth_charge(const Context&, const Policy&, std::size_t u, const Exposure&) noexcept;
Charge concentration_charge(const Context&, const Policy&, std::size_t u, const Exposure&) noexcept;

// Whether anything beside the base method counts: a charge, or a factor on the loss.
bool has_add_ons(const Policy& policy) noexcept;

// Writes every add-on's line of every unit of the pocket, resting orders left out.
void apply_add_ons(const Context& context, const Policy& policy, const PocketRows& rows,
                   PocketRequirement& requirement) noexcept;

// What all add-ons charge initially with resting orders, units that only orders touch included.
double add_ons_with_orders(const Context& context, const Policy& policy,
                           const PocketRows& rows) noexcept;

}  // namespace tickmargin::margin
