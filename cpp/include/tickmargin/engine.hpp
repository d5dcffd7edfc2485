// The engine's C++ face: owns market, instruments, book and policies; revalues every account.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tickmargin/inputs.hpp"
#include "tickmargin/policy.hpp"
#include "tickmargin/status.hpp"
#include "tickmargin/units.hpp"

namespace tickmargin {

struct PolicySet {
  std::vector<Policy> policies;
  std::vector<std::int32_t> account_policy;  // index into `policies`, by account
};

struct EngineInputs {
  MarketColumns market;
  InstrumentColumns instruments;
  PortfolioColumns portfolio;
  PolicySet policies;
  int numeraire_decimals = numeraire_decimals_default;
};

// An index moved along the path that holds forward / index ratios, volatilities and time.
struct IndexMove {
  UnderlyingIndex underlying;
  double index_price;
};

// Amounts are numeraire after directed rounding: equity down, requirements up. A row whose state is
// undecidable holds NaN and a slack of slack_unknown.
inline constexpr Ticks slack_unknown = INT64_MIN;

struct AccountRows {
  std::vector<double> equity, equity_initial, initial_margin, maintenance_margin;
  std::vector<double> debts;       // unrounded: what negative balances owe
  std::vector<Ticks> slack_ticks;  // of the pocket that binds
  std::vector<State> state;        // the worst of the account's pockets
  std::vector<Status> status;
  std::vector<std::int32_t> policy;
  // Row in `pockets` of the one that binds: the smallest slack of those with positions or debts.
  std::vector<std::int64_t> worst_pocket;
  // Of that pocket's unit with the largest maintenance; -1 and 0 without one.
  std::vector<UnderlyingIndex> worst_underlying;
  std::vector<double> worst_price_move, worst_vol_shock;
};

struct PocketResultRows {
  std::vector<AccountIndex> account;
  std::vector<std::int32_t> pocket;
  std::vector<double> equity, equity_initial, initial_margin, maintenance_margin, gross_notional;
  std::vector<double> debts;  // unrounded: what negative balances owe
  std::vector<Ticks> slack_ticks;
  std::vector<State> state;
  std::vector<Status> status;
};

// What a pocket holds of one underlying. The margins are of this unit alone, before netting.
struct UnitRow {
  std::int32_t pocket;
  UnderlyingIndex underlying;
  double delta_base, gamma, vega, theta, gross_notional, value;
  double initial_margin, maintenance_margin, worst_price_move, worst_vol_shock;
};

// A row per (account, pocket, underlying) that holds positions.
struct UnitRows {
  std::vector<AccountIndex> account;
  std::vector<std::int32_t> pocket;
  std::vector<UnderlyingIndex> underlying;
  std::vector<double> delta_base, gamma, vega, theta, gross_notional, value;
  std::vector<double> initial_margin, maintenance_margin, worst_price_move, worst_vol_shock;
};

// Unrounded sums over accounts: the requirement of each policy by underlying and component;
// underlying -1 is the netting across underlyings and the ramp of a policy change.
struct ComponentRows {
  std::vector<std::int32_t> policy;
  std::vector<UnderlyingIndex> underlying;
  std::vector<std::string> component;
  std::vector<double> initial_margin, maintenance_margin;
};

struct Result {
  TimeNs as_of_ns = 0;
  AccountRows accounts;
  PocketResultRows pockets;
  UnitRows units;
  ComponentRows components;
};

// The lines of one account. Within a pocket the requirement lines, added in order, are the
// unrounded requirement to the bit, and so are the equity lines; rounding is the last line of each.
struct ExplainedEquity {
  std::int32_t pocket;
  std::string kind;   // "balance", "position", "ramp" of a policy change, "rounding"
  std::int32_t item;  // asset, or instrument, or -1
  double amount;      // of the asset, or contracts
  double price;       // of the asset, or of one contract, numeraire
  double initial;     // what counts for initial margin
  double maintenance;
};
struct ExplainedRequirement {
  std::int32_t pocket;
  UnderlyingIndex underlying;  // -1: across underlyings, the ramp, and rounding
  std::string component;
  double initial;
  double maintenance;
};
struct ExplainedPosition {
  std::int32_t pocket;
  UnderlyingIndex underlying;
  InstrumentIndex instrument;  // -1: simulated collateral that follows the underlying's index
  double quantity;             // contracts; NaN for collateral
  double value;                // numeraire
  double contribution;         // to the percent rule (maintenance), or loss in the binding scenario
};
struct ExplainedScenario {
  std::int32_t pocket;
  UnderlyingIndex underlying;
  double price_move;
  double vol_shock;
  double weight;
  double profit;
};
// A joint scenario in the tail of `var` or `es`. Shares are what a loss counts in each requirement,
// factors included: shares x losses add up to the pocket's lines of the tail, but for rounding.
struct ExplainedTail {
  std::int32_t pocket;
  std::int32_t scenario;  // its number in the policy's scenarios
  double loss;            // of the pocket, numeraire
  double initial_share;
  double maintenance_share;
};
// Losses of the units of a pocket alone, and the share of the netted loss each of them carries: its
// Euler share of the norm that binds, so that the shares add up.
struct ExplainedNetting {
  std::int32_t pocket;
  UnderlyingIndex underlying;
  double initial_alone, initial_share;
  double maintenance_alone, maintenance_share;
};
struct Explanation {
  State state = State::undecidable;
  Status status = Status::ok;
  std::int32_t policy = 0;
  std::vector<ExplainedEquity> equity;
  std::vector<ExplainedRequirement> requirement;
  std::vector<ExplainedPosition> positions;
  std::vector<ExplainedScenario> scenarios;  // the grid, and the strike node that binds
  std::vector<ExplainedTail> tail;
  std::vector<ExplainedNetting> netting;
  std::vector<InstrumentIndex> unsupported;  // held, without a place in the policy's rules
};

// The steps of a risk matrix (method `matrix`), in its documented order. Profits are in the
// numeraire; those of a pair counted in coins are coins times today's price of the coin.
struct RiskVectorRow {
  std::int32_t pocket;
  UnderlyingIndex underlying;
  std::string level;            // initial, unweighted, pre_aggregated, aggregated, total
  AssetIndex settlement_asset;  // -1: all of the unit
  InstrumentIndex instrument;   // of `initial`, else -1
  std::string table;            // standard, extended
  std::int32_t index;           // within its table, from 1
  double price_move, vol_shock, weight, profit;
};
struct RiskChargeRow {
  std::int32_t pocket;
  UnderlyingIndex underlying;
  std::string charge;
  double amount;  // numeraire, before the policy's factors
};
struct ShockedVolRow {
  InstrumentIndex instrument;
  double vol_shock, vol_annual;
};
struct RiskMatrix {
  bool known = false;  // the account's policy has a risk matrix
  std::vector<RiskVectorRow> vectors;
  std::vector<RiskChargeRow> charges;
  std::vector<ShockedVolRow> volatilities;
};

// What an account owns in one asset, in its units; spot positions count as unrealised.
struct CurrencyEquityRow {
  AssetIndex asset = -1;
  double balance = 0, unrealised = 0, option_value = 0, equity = 0;
};

struct Order {
  AccountIndex account;
  std::int32_t pocket;
  InstrumentIndex instrument;
  double quantity;  // signed contracts
  double price;     // quote units; coin for a coin-settled option
  // A basket's order is several: all but the first fill together with the one before, and share its
  // account and pocket. `mark_weight` is what each one's mark counts in the basket's.
  bool joined = false;
  double mark_weight = 1;
};

enum class OrderVerdict : std::uint8_t {
  accepted = 0,
  accepted_reduces = 1,  // below initial margin, which does not rise, nor does the shortfall
  refused_margin = 2,    // equity after the fill is below initial margin
  refused_undecidable = 3,
};
const char* verdict_name(OrderVerdict verdict) noexcept;

struct OrderEffect {
  OrderVerdict verdict = OrderVerdict::refused_undecidable;
  Status status = Status::ok;
  double equity_before = 0, equity_after = 0;  // with initial-margin collateral weights
  double initial_margin_before = 0, initial_margin_after = 0;
  double maintenance_margin_before = 0, maintenance_margin_after = 0;
  double shortfall = 0;  // initial margin after less equity after, if refused
  UnderlyingIndex binding_underlying = -1;
  double binding_price_move = 0, binding_vol_shock = 0;
  double mark_price = 0;      // of the instrument, in the units of the order's price
  double hedge_quantity = 0;  // smallest trade of the hedge that makes it pass; NaN: none found
};

enum class RootStatus : std::uint8_t { found = 0, none = 1, already_past = 2, undecidable = 3 };
const char* root_status_name(RootStatus status) noexcept;

// The first index prices below and above the current one at which the pocket is below its
// liquidation border; NaN unless found.
struct LiquidationPrices {
  double lower, upper;
  RootStatus lower_status = RootStatus::undecidable;
  RootStatus upper_status = RootStatus::undecidable;
};

struct RecomputeOptions {
  int threads = 1;
  std::vector<IndexMove> index;          // changes no state
  const PolicySet* candidate = nullptr;  // instead of the engine's own; changes no state
};

// The market as it would be: indices moved in proportion with F/S ratios held, volatilities
// (quoted, surface and realised) shocked and not below 0, time passed. Contracts that expire on the
// way have settled at the moved index. Rows of the answer are `accounts`, in that order.
struct Projection {
  std::vector<AccountIndex> accounts;
  UnderlyingIndex underlying = -1;  // that moves; -1: all
  double price_move = 0;            // as a fraction of the index
  double vol_shock = 0;             // times 1 + shock, or plus shock
  bool vol_shock_absolute = false;
  TimeNs forward_ns = 0;
  int threads = 1;
};

// Moves of all underlyings at once, in scenario s of underlying u at [u x count + s]: the index in
// proportion, F/S ratios held, volatilities by their term, time alike in all. NaN: not known, and
// whatever follows that index not either. What expires on the way has settled at the moved index.
struct JointScenarios {
  std::vector<AccountIndex> accounts;
  std::size_t count = 0;
  std::vector<double> price_move;  // as a fraction of the index
  std::vector<double> vol_shock;   // empty: held
  // What a shock does to a volatility, as in a policy's scenarios.
  VolShock vol_shock_kind = VolShock::relative;
  double vol_reference_days = 30;
  double vol_power_short = 0;
  double vol_power_long = 0;
  double vol_up_floor_annual = 0;
  double min_days = 1;
  TimeNs forward_ns = 0;
  int threads = 1;
};

// An undecidable account is in no other count.
struct StateCounts {
  struct Columns {
    std::vector<std::uint32_t> below_initial;  // equity does not cover initial margin
    std::vector<std::uint32_t> called;         // margin_call or worse
    std::vector<std::uint32_t> liquidated;     // liquidating or bankrupt
    std::vector<std::uint32_t> undecidable;
  };
  Columns by_account;   // scenarios, by account asked for
  Columns by_scenario;  // accounts, by scenario
};

// Every member function is const and may run on several threads at once. Preconditions (sizes that
// agree, indices in range, parameters in their documented ranges) are the caller's; the Python door
// checks them.
class Engine {
 public:
  explicit Engine(EngineInputs inputs);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  Result recompute(const RecomputeOptions& options = {}) const;
  Result project(const Projection& projection) const;  // changes no state
  StateCounts count_states(const JointScenarios& scenarios) const;  // changes no state
  Explanation explain(AccountIndex account) const;
  RiskMatrix risk_matrix(AccountIndex account) const;
  std::vector<CurrencyEquityRow> currency_equity(AccountIndex account) const;
  // The margin effect of each order alone, one for all that are joined. With `hedge` >= 0 a refused
  // order also gets the smallest trade in that instrument, at its mark, that makes it pass.
  std::vector<OrderEffect> what_if(const std::vector<Order>& orders, InstrumentIndex hedge = -1,
                                   int threads = 1) const;
  LiquidationPrices liquidation_prices(AccountIndex account, std::int32_t pocket,
                                       UnderlyingIndex underlying) const;
  // Of a position in each instrument at an entry price (NaN where it needs none), numeraire.
  std::vector<double> position_values(const std::vector<InstrumentIndex>& instrument,
                                      const std::vector<double>& quantity,
                                      const std::vector<double>& entry_price) const;
  // By instrument, 1 where the policy's rules have a place for it, or nothing gives it a value.
  std::vector<std::uint8_t> supported(std::int32_t policy) const;
  // Gross notional by account, numeraire: an input of policy selection.
  std::vector<double> gross_notional() const;

  std::size_t account_count() const noexcept;
  std::size_t underlying_count() const noexcept;

 private:
  friend class LiveEngine;
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tickmargin
