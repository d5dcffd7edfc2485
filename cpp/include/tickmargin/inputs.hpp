// What goes in: plain columns. Indices refer to rows of the other columns; -1 means none. Names
// live outside the core. A missing number is NaN.
#pragma once

#include <cstdint>
#include <vector>

namespace tickmargin {

enum class Kind : std::uint8_t { spot = 0, future = 1, perpetual = 2, option = 3 };
enum class Payoff : std::uint8_t { linear = 0, inverse = 1, quanto = 2, coin = 3 };

struct InstrumentColumns {
  std::vector<Kind> kind;
  std::vector<Payoff> payoff;
  std::vector<std::int32_t> underlying;
  std::vector<std::int32_t> settlement_asset;
  std::vector<double> multiplier;       // base units a contract; quote units for inverse
  std::vector<double> strike;           // quote units; options only
  std::vector<std::int64_t> expiry_ns;  // futures and options only; 0 for an everlasting option
  std::vector<std::uint8_t> is_call;
  std::vector<std::uint8_t> bachelier;  // forwards at or below zero are allowed
  // Of an option without an expiry, an everlasting one: how long funding takes to pay its mark's
  // excess over the pay-off once, and the rate of its terms. 0 for all else; both empty: no such
  // option.
  std::vector<double> funding_period_years;
  std::vector<double> funding_rate_annual;

  std::size_t size() const noexcept { return kind.size(); }
  bool is_everlasting(std::size_t i) const noexcept {
    return !funding_period_years.empty() && funding_period_years[i] > 0;
  }
};

struct MarketColumns {
  std::int64_t as_of_ns = 0;

  // Assets. A linked asset moves with the index of its underlying.
  std::vector<double> asset_price;  // numeraire; NaN: follows the linked index
  std::vector<std::int32_t> asset_underlying;
  std::vector<std::uint8_t> asset_halted;  // counts 0 for initial margin; empty: none is

  // Underlyings.
  std::vector<double> index_price;        // in the quote asset
  std::vector<std::int32_t> quote_asset;  // -1: the numeraire
  std::vector<double> realised_vol_annual;
  std::vector<double> depth_notional;     // numeraire resting within 1 % of the mid
  std::vector<double> previous_mm_ratio;  // dynamic policies' speed limit
  std::vector<std::int64_t> previous_ts_ns;
  std::vector<double> doubt_ratio;  // half-width of what the index may be; empty: no doubt

  // How far each feed can be trusted, in [0, 1]; what has no row is fully trusted.
  std::vector<double> asset_confidence;
  std::vector<double> index_confidence;
  std::vector<double> forward_confidence;  // of forward, rate and volatilities of an expiry
  std::vector<double> mark_confidence;
  // What one unit of the numeraire is worth in what it is pegged to, by underlying; absent: 1.
  std::vector<double> peg_price;
  // By forward node: the part of the forward that is known already and does not follow the index
  // (absent: 0), and the rate for static discounts (absent: the forward's own).
  std::vector<double> forward_fixed;
  std::vector<double> forward_discount_rate;

  // What add-ons read, by underlying; what has no row is missing. `index_ts_ns`: when the index was
  // last heard, 0 for never. Scores lie in [0, 1].
  std::vector<std::int64_t> index_ts_ns;
  std::vector<double> price_velocity;  // signed move of the index over the venue's window, a ratio
  std::vector<double> flow_signed;     // numeraire, bought less sold by takers
  std::vector<double> flow_total;
  std::vector<double> open_interest;  // numeraire
  std::vector<double> regime_score;
  std::vector<double> macro_score;
  std::vector<double> rate_stress;        // multiple of a policy's shock of interest rates
  std::vector<double> asset_borrow_rate;  // by asset, a year
  std::vector<double> asset_risk;         // by asset: chance a year that its contract breaks
  std::vector<double> mark_funding_rate;  // by instrument: what a long pays a year, a ratio

  // Forward curve nodes, sorted by (underlying, expiry).
  std::vector<std::int32_t> forward_underlying;
  std::vector<std::int64_t> forward_expiry_ns;
  std::vector<double> forward_price;
  std::vector<double> forward_rate_annual;

  // Volatility surface nodes, sorted by (underlying, expiry, strike).
  std::vector<std::int32_t> surface_underlying;
  std::vector<std::int64_t> surface_expiry_ns;
  std::vector<double> surface_strike;
  std::vector<double> surface_vol_annual;

  // Marks, a row per instrument.
  std::vector<double> mark_price;
  std::vector<double> mark_vol_annual;
  std::vector<double> mark_vol_normal_annual;
  // Of an expiring option or future inside its settlement window: the share of the average that is
  // known, in [0, 1], and that part's average in quote units. Empty, or a share of 0: none.
  std::vector<double> settled_share;
  std::vector<double> settled_average;
};

struct PortfolioColumns {
  std::int32_t account_count = 0;
  std::vector<double> account_credit_score;  // NaN: none; empty: nobody has one

  // Pocket 0 is the cross pocket; any other number is an isolated pocket of that name.
  std::vector<std::int32_t> position_account;
  std::vector<std::int32_t> position_pocket;
  std::vector<std::int32_t> position_instrument;
  std::vector<double> position_quantity;     // signed contracts
  std::vector<double> position_entry_price;  // NaN where the instrument has none

  std::vector<std::int32_t> balance_account;
  std::vector<std::int32_t> balance_pocket;
  std::vector<std::int32_t> balance_asset;
  std::vector<double> balance_amount;
};

}  // namespace tickmargin
