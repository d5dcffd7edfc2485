// Aave v3.7: values in the base currency's units, ratios in basis points, the health factor in
// units of 10^-18. Collateral is valued down, debt up.
#pragma once

#include <span>

#include "base/checked.hpp"

namespace tickmargin::protocol::aave_v3 {

using base::Checked;

// value x bps and value / bps, half up.
Checked percent_mul(Checked value, Checked bps);
Checked percent_div(Checked value, Checked bps);

struct Collateral {
  Checked value;
  Checked ltv;                    // basis points
  Checked liquidation_threshold;  // basis points
};

struct AccountData {
  Checked total_collateral;
  Checked total_debt;
  Checked average_ltv;
  Checked average_liquidation_threshold;
  Checked health_factor;  // 0 without debt, where the protocol has its largest number
  Checked available_borrows;
};

AccountData account_data(std::span<const Collateral> collaterals, std::span<const Checked> debts);

// One leg of a liquidation: the borrower's amount, its price and what one whole token has of units.
struct Leg {
  Checked amount;
  Checked price;
  Checked unit;
};

struct Market {
  Checked liquidation_bonus;  // basis points, above 10,000
  Checked protocol_fee;       // basis points of the bonus
};

struct Liquidation {
  Checked debt_repaid;
  Checked collateral_to_liquidator;
  Checked protocol_fee;
  bool leaves_dust;  // the protocol refuses it
  Checked max_liquidatable_debt;
};

// What a liquidator who offers to cover `cover` of the debt pays and receives. Half of the whole
// debt at most if the health factor is above 0.95 and both legs are worth 2,000 or more.
Liquidation liquidation(const Leg& debt, const Leg& collateral, const Market& market,
                        Checked health_factor, Checked total_debt, Checked cover);

}  // namespace tickmargin::protocol::aave_v3
