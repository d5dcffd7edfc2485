// How much of an account of Drift v2 is liquidated, for what fee, and who bears what is left.
#pragma once

#include <optional>

#include "base/checked.hpp"

namespace tickmargin::protocol::drift_v2 {

using base::Checked;

// One leg of a spot liquidation. The multiplier (1e6) is 1 + fee of an asset, 1 - fee of a debt.
struct Leg {
  Checked weight;
  Checked multiplier;
  Checked decimals;
  Checked price;
};

// Base to close so that the shortage is covered; nothing if no amount does.
std::optional<Checked> base_to_cover(Checked shortage, Checked margin_ratio, Checked liquidator_fee,
                                     Checked insurance_fee, Checked price, Checked quote_price);

// Debt to take over so that the shortage is covered, at least 1; nothing if no amount does.
std::optional<Checked> debt_to_cover(Checked shortage, const Leg& asset, const Leg& debt,
                                     Checked insurance_fee);

// Debt that an amount of the asset pays for, rounded up.
Checked debt_for_asset(Checked amount, const Leg& asset, const Leg& debt);

// Asset due for taking over debt, at least 1, rounded down; all of `held` (below 0: unknown) if
// that is less than a unit of quote away.
Checked asset_for_debt(Checked amount, const Leg& asset, const Leg& debt, Checked held);

// The insurance fund's share of a liquidation, 0 if nothing can be spared.
Checked perp_insurance_fee(Checked shortage, Checked base_amount, Checked margin_ratio,
                           Checked liquidator_fee, Checked price, Checked quote_price,
                           Checked largest);
Checked spot_insurance_fee(Checked shortage, Checked tokens, const Leg& asset, const Leg& debt,
                           Checked largest);

// The base fee; after the grace period a fee that rises with every slot, up to the largest.
Checked liquidation_fee(Checked lowest, Checked largest, Checked slots, Checked grace_slots,
                        Checked per_slot);

// Share of the shortage (1e4) that may be freed by now: everything if it is below 50 of quote.
Checked share_to_liquidate(Checked shortage, Checked freed, Checked slots, Checked initial_share,
                           Checked duration_slots);

// A perpetual's loss as funding (1e9) on all open base; a spot loss as a cut of the deposits' index
// (0 without deposits). Both rounded up.
Checked funding_rate_delta(Checked loss, Checked base_long, Checked base_short);
Checked deposit_index_delta(Checked loss, Checked deposits, Checked index);

}  // namespace tickmargin::protocol::drift_v2
