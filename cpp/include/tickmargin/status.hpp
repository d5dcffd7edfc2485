#pragma once

#include <cstdint>

namespace tickmargin {

// Why a number could not be trusted. Listed in order of precedence: when several apply to an
// account, the first of them is reported. Every status but `ok` makes the account undecidable.
enum class Status : std::uint8_t {
  ok = 0,
  missing_price = 1,    // a held instrument has no mark and no forward to mark it from
  missing_vol = 2,      // a held option, or an underlying of a dynamic policy, has no volatility
  missing_forward = 3,  // a held option or future has no forward for its expiry
  missing_asset_price = 4,  // a balance or a settlement asset has no price
  not_finite = 5,           // an input was there, the result was not a finite number
  overflow = 6,             // an amount does not fit the ledger's 64-bit ticks
  missing_history = 7,      // a held underlying of a `var` or `es` policy has no scenarios
  // An input that an add-on of the policy asks for.
  missing_confidence = 8,
  missing_index_time = 9,
  missing_funding = 10,
  missing_borrow_rate = 11,
  missing_regime = 12,
  missing_macro = 13,
  missing_rate_stress = 14,
  missing_credit_score = 15,
  missing_asset_risk = 16,
  missing_velocity = 17,
  missing_flow = 18,
  missing_open_interest = 19,
  missing_peg = 20,
  unsupported_contract = 21,  // a held contract has no place in the rules of the policy's method
};

// States in rising order of danger; `undecidable` stands beside them: new risk and withdrawals are
// blocked, nothing is liquidated on it.
enum class State : std::uint8_t {
  healthy = 0,
  warning = 1,
  margin_call = 2,
  liquidating = 3,
  bankrupt = 4,
  undecidable = 5,
};

// Of two statuses the one that is reported: the earlier in precedence, `ok` only if both are.
constexpr Status first_of(Status a, Status b) noexcept {
  if (a == Status::ok) return b;
  if (b == Status::ok) return a;
  return a < b ? a : b;
}

constexpr const char* status_name(Status status) noexcept {
  switch (status) {
    case Status::ok: return "ok";
    case Status::missing_price: return "missing_price";
    case Status::missing_vol: return "missing_vol";
    case Status::missing_forward: return "missing_forward";
    case Status::missing_asset_price: return "missing_asset_price";
    case Status::not_finite: return "not_finite";
    case Status::overflow: return "overflow";
    case Status::missing_history: return "missing_history";
    case Status::missing_confidence: return "missing_confidence";
    case Status::missing_index_time: return "missing_index_time";
    case Status::missing_funding: return "missing_funding";
    case Status::missing_borrow_rate: return "missing_borrow_rate";
    case Status::missing_regime: return "missing_regime";
    case Status::missing_macro: return "missing_macro";
    case Status::missing_rate_stress: return "missing_rate_stress";
    case Status::missing_credit_score: return "missing_credit_score";
    case Status::missing_asset_risk: return "missing_asset_risk";
    case Status::missing_velocity: return "missing_velocity";
    case Status::missing_flow: return "missing_flow";
    case Status::missing_open_interest: return "missing_open_interest";
    case Status::missing_peg: return "missing_peg";
    case Status::unsupported_contract: return "unsupported_contract";
  }
  return "unknown";
}

constexpr const char* state_name(State state) noexcept {
  switch (state) {
    case State::healthy: return "healthy";
    case State::warning: return "warning";
    case State::margin_call: return "margin_call";
    case State::liquidating: return "liquidating";
    case State::bankrupt: return "bankrupt";
    case State::undecidable: return "undecidable";
  }
  return "unknown";
}

}  // namespace tickmargin
