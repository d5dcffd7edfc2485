// The one interface behind which every margin rule stands.
//
// A base method is two free functions: `scenarios` says under which moves of an underlying every
// contract is revalued (none for a method without), `evaluate` turns one pocket's rows into
// requirements. To add a method: write one file beside fixed.cpp with both functions, declare them
// in methods.hpp, add its id and parameters to policy.hpp and its line to the table in
// registry.cpp. (engine/liquidation_price.cpp also looks at where a method's requirement jumps.)
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "book/pocket_rows.hpp"
#include "margin/option_formula.hpp"
#include "margin/tail_scratch.hpp"
#include "margin/venue_scratch.hpp"
#include "pricing/context.hpp"
#include "risk/netting.hpp"
#include "risk/scenario_table.hpp"
#include "tickmargin/policy.hpp"
#include "tickmargin/status.hpp"

namespace tickmargin::margin {

// The lines a requirement is made of, in the order they are added.
enum class Component : std::uint8_t {
  futures,       // percent of notional
  options,       // standard short-option formula
  fee,           // fee of closing out
  scan,          // worst loss over moves or scenarios
  short_option,  // contingency per net short option
  roll,          // per-expiry roll risk
  basis,         // offsetting expiries
  depth,         // impact beyond the book's depth
  delta_shock,   // size of the net delta
  correlation,   // offset between settlement assets that may fail
  vega,          // shock of the term structure of volatility
  rates,         // shock of interest rates
  hedge,         // offset between settlement assets
  spread,        // between expiries, and delivery
  credit,        // between underlyings (negative)
  minimum,       // what a minimum charge adds to the lines before
  contingency,   // percent of perpetuals and collateral beside a scan, loss of a peg
#define TICKMARGIN_ADD_ON(name) name,
#include "margin/add_on_list.inc"
#undef TICKMARGIN_ADD_ON
  anti_procyclicality,  // what its buffer, stress weight, floor and limit leave on top
  oracle,               // what a doubtful index may be off by
  safety,               // what a factor for a more exact rule adds to the loss
  netting,              // credit across underlyings (negative), of the whole pocket
  orders,               // what resting orders could add, of the whole pocket
  ramp,                 // what a policy change does not ask for yet (negative), the last line
};
inline constexpr Component first_add_on = Component::liquidity;
inline constexpr std::size_t add_on_count =
    static_cast<std::size_t>(Component::anti_procyclicality) -
    static_cast<std::size_t>(first_add_on);
inline constexpr std::size_t component_count = static_cast<std::size_t>(Component::ramp) + 1;
const char* component_name(Component component) noexcept;

// How far a requirement can change when the index moves: which proof trigger bands may use.
enum class BoundKind : std::uint8_t {
  none,              // incremental recompute only
  piecewise_linear,  // kinks at brackets, caps and zero crossings
  scenario_lines,    // worst of finitely many scenario profits
};

using book::PocketRows;
using pricing::Context;

struct UnitRequirement {
  std::int32_t underlying = -1;
  std::array<double, component_count> initial{};
  std::array<double, component_count> maintenance{};
  double loss_up = 0;  // worst loss over moves up, and down
  double loss_down = 0;
  double worst_price_move = 0;  // of the scenario that binds
  double worst_vol_shock = 0;
  std::int32_t worst_scenario = -1;  // grid column; node index + grid size for a strike node
  // The smallest profit at the strike nodes, up and down; infinite without one.
  double node_up = std::numeric_limits<double>::infinity();
  double node_down = std::numeric_limits<double>::infinity();
};

inline double sum_of(const std::array<double, component_count>& lines) noexcept {
  double sum = 0;
  for (const double line : lines) sum += line;
  return sum;
}

struct PocketRequirement {
  std::vector<UnitRequirement> units;  // capacity is kept between pockets
  double netting_initial = 0;
  double netting_maintenance = 0;
  double orders_initial = 0;
  double ramp_maintenance = 0;  // of a policy change under way; engine/revaluation.hpp
  // Add-ons on the pocket as a whole; only read where there are any.
  bool whole_lines = false;
  std::array<double, component_count> whole_initial{};
  std::array<double, component_count> whole_maintenance{};
  Status missing = Status::ok;  // an input that an add-on lacks
};

// The unit whose lines ask for most, the first of equals; null where none asks for anything.
inline const UnitRequirement* largest_unit(
    const PocketRequirement& requirement,
    std::array<double, component_count> UnitRequirement::* lines) noexcept {
  const UnitRequirement* found = nullptr;
  double largest = 0;
  for (const UnitRequirement& unit : requirement.units) {
    const double needed = sum_of(unit.*lines);
    if (!(needed > largest)) continue;
    largest = needed;
    found = &unit;
  }
  return found;
}

// A unit's profit in one scenario.
struct TracedScenario {
  std::int32_t underlying;
  double price_move;
  double vol_shock;
  double weight;
  double profit;
};

// The same of a unit's collateral in the binding scenario.
struct TracedCollateral {
  std::int32_t underlying;
  double worth;
  double contribution;
};

// A joint scenario in the tail: the pocket's loss in it and how often each requirement counts that.
struct TracedTail {
  std::uint32_t scenario;
  double loss;
  double initial_share;
  double maintenance_share;
};

// Loss (> 0) or gain of each position in the binding scenario, or its share of the percent rule;
// only asked for when a requirement is explained.
struct PositionTrace {
  std::vector<double> contribution;          // by position of the pocket
  std::vector<TracedScenario> scenarios;     // of methods without a table
  std::vector<TracedCollateral> collateral;  // of methods without a table
  std::vector<TracedTail> tail;              // of methods with joint scenarios

  void add(const PocketRows& rows, std::int64_t position, double amount) {
    contribution[static_cast<std::size_t>(position - rows.first_position())] = amount;
  }
};

// Everything `evaluate` reads of its policy. A table without node rows (make_grid) has the profits
// at strike nodes computed for each pocket instead: the same numbers.
struct Prepared {
  const Policy* policy = nullptr;
  risk::ScenarioTable table;
  std::vector<Status> underlying_status;  // inputs of the method that are missing
  // Of `fixed`, by instrument: margin of one option held short, where it is that of any account.
  std::vector<OptionMargin> short_option;
};

// Positions whose profits at the strike nodes of one pocket are computed together: many rows in one
// call fill the kernel's blocks, few enough stay in cache.
constexpr std::size_t node_profits_per_call = 1 << 16;
constexpr std::size_t node_rows_per_call(std::size_t scenarios) noexcept {
  constexpr std::size_t most = 64;
  const std::size_t rows = node_profits_per_call / scenarios;
  return rows < 1 ? 1 : rows < most ? rows : most;
}

// Reused between pockets so that a batch allocates a handful of times, not per account.
struct Scratch {
  std::vector<double> sums;
  std::vector<std::int32_t> nodes;
  std::vector<std::uint32_t> rows;
  std::vector<double> expiry_delta, expiry_up, expiry_down;
  std::vector<std::int64_t> expiry;
  std::vector<pricing::IndexedCollateral> collateral;  // given by the caller
  std::vector<double> node_move;
  risk::Scenarios node_grid;
  risk::TableScratch table;
  std::vector<double> profit, row_profit;
  std::vector<double> option_vol, option_forward, expiry_worth, expiry_now, strike_net;
  std::vector<risk::TwoSidedLoss> initial_losses, maintenance_losses;
  MatrixScratch matrix;
  SpanScratch span;
  TailScratch tail;
  PocketRequirement held;  // of `span`, without resting orders
};

// The moves under which an underlying's contracts are revalued; `status` says what is missing.
// Strike nodes, which follow the market, are added only where asked for. Written into `out` in
// place, so that a second time allocates nothing.
using ScenariosOf = void (*)(const Context&, const Policy&, std::size_t u, bool with_nodes,
                             risk::UnderlyingScenarios& out, Status& status);

struct Method {
  const char* name;
  BoundKind bound;
  ScenariosOf scenarios;  // null: the method revalues nothing
  bool follows_market;    // its scenarios change with realised volatility and time
  void (*evaluate)(const Context&, const Prepared&, const PocketRows&, Scratch&, PocketRequirement&,
                   PositionTrace*);
};

const Method& method_of(MethodId id) noexcept;

// Room for pockets of so many positions under method `portfolio`.
void reserve_portfolio(const std::vector<Policy>& policies, std::size_t positions,
                       Scratch& scratch);

// The whole table of `prepared.policy`, strike nodes included: for a recompute of every pocket.
void prepare(const Context& context, Prepared& prepared);

// The scenarios alone, and an empty grid that fill_grid_rows fills as rows are needed.
void prepare_grid(const Context& context, Prepared& prepared);

// What `prepared` holds of single instruments beside the table, of some rows.
void fill_charges(const Context& context, std::span<const std::uint32_t> rows, Prepared& prepared);

// A unit without lines for each of these underlyings.
void make_units(std::span<const std::int32_t> underlying, PocketRequirement& out);

// Sums of a pocket's lines in fixed order: units, their components, then netting, then the ramp.
double initial_total(const PocketRequirement& requirement) noexcept;
double maintenance_total(const PocketRequirement& requirement) noexcept;

}  // namespace tickmargin::margin
