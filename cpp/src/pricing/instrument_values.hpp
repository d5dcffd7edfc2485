// Every instrument valued at the current market, as columns that all later rooms read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/aligned_buffer.hpp"
#include "market/market.hpp"
#include "tickmargin/inputs.hpp"
#include "tickmargin/status.hpp"

namespace tickmargin::pricing {

// What one contract adds to its position's numbers; one cache line, numeraire unless said.
struct ContractValue {
  // Value of a position: quantity x (value + entry_factor x entry_term). For spot and options that
  // is the mark value (the premium sits in the balance), for futures the unrealised profit.
  double value;
  double entry_factor;
  double delta_base;  // d value / d index in base units of the underlying, F/S held
  double gamma;       // d delta_base / d index, per 1.00 of the quote asset
  double vega;        // per 1.00 of volatility
  double theta;       // per year, -dV/dT with the forward held
  double notional;    // gross notional: mark value of futures, index value of an option's base
  double roll_delta;  // delta_base less the premium for coin-settled options
};

// What prices an option.
enum class OptionModel : std::uint8_t { black76 = 0, bachelier = 1, everlasting = 2 };

// How the price of an option follows the forward.
enum class OptionForm : std::uint8_t {
  curved = 0,   // an option still: a model prices it
  forward = 1,  // the settled part of its average decides: a call is a forward, a put worth nothing
  settled = 2,  // its average is complete: `forward` holds it, and nothing moves the pay-off
};

struct InstrumentValues {
  std::vector<ContractValue> contract;
  std::vector<Status> status;      // why a row is NaN
  std::vector<double> mark;        // quote units; for a coin option its premium in quote units
  std::vector<double> forward;     // of the instrument's expiry; the mark for spot and perpetuals
  std::vector<double> years;       // to expiry, 0 without one; of an everlasting option its mean
  std::vector<double> vol_annual;  // options; a normal volatility under Bachelier
  std::vector<double> scale;       // numeraire value = scale x undiscounted model price
  std::vector<double> base_value;  // scale x model price, options only: the unshocked value
  std::vector<OptionModel> model;  // of options
  // Inside the settlement window (pricing/settlement.hpp); outside 1, the strike, curved and 0.
  std::vector<double> open;                   // share of the contract that still follows the index
  std::vector<double> strike;                 // K', of options
  std::vector<OptionForm> form;               // of options
  std::vector<double> settled_ratio;          // w A / X of coin-settled options
  std::vector<std::uint8_t> settled_in_base;  // linear pay-off in an asset that follows the index
  std::vector<double> unit_price;             // numeraire per quote unit of the option formulas
  std::vector<double> asset_price;            // by asset, numeraire

  std::size_t size() const noexcept { return contract.size(); }
};

// Inputs and outputs of one model, a row per option.
struct OptionColumns {
  std::vector<std::uint32_t> row;
  std::vector<std::uint8_t> is_call;
  std::vector<double> forward, strike, vol, years, rate;
  std::vector<double> price, delta, gamma, vega, theta;
};

// Reused from call to call; once reserved, value_rows allocates nothing for as many rows.
struct ValueScratch {
  OptionColumns lognormal, normal;

  void reserve(std::size_t rows);
};

// Columns for `count` instruments, none of them valued yet.
InstrumentValues make_values(std::size_t count);

// Prices of the assets, in the numeraire.
void value_assets(const market::Market& market, InstrumentValues& out);

// Black-76 on the forward of each expiry, everlasting options on the index; coin-settled options
// Black(F)/F in coin with r = 0, times the coin's price; inverse futures are linear in the
// numeraire. Source: cpp/src/margin/README.md. Left out: quanto drift. A row is valued alone: the
// same bits whichever rows are asked for.
void value_rows(const market::Market& market, const InstrumentColumns& instruments,
                std::span<const std::uint32_t> rows, ValueScratch& scratch, InstrumentValues& out);

// Every instrument, and the assets.
InstrumentValues value_instruments(const market::Market& market,
                                   const InstrumentColumns& instruments);

}  // namespace tickmargin::pricing
