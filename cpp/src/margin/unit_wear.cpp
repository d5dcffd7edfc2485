// Wear of one unit: how fast equity and maintenance can move by the two clocks of wear.hpp. Sums
// are gross: clocks say how far any contract may have moved, not which way.
#include <algorithm>
#include <cmath>

#include "kernels/kernels.hpp"
#include "margin/bounds.hpp"

namespace tickmargin::margin {
namespace {

constexpr double phi_0 = 0.3989422804014327;  // density of the standard normal at 0

struct Unit {
  const Context& context;
  const Prepared& prepared;
  const PocketRows& rows;
  const UnitQuestion& q;
  double growth;  // of what a contract is worth, anywhere in the box
  UnitLines& out;

  const Policy& policy() const { return *prepared.policy; }
  std::size_t u() const { return static_cast<std::size_t>(q.underlying); }
  bool is_option(std::uint32_t i) const { return context.instruments.kind[i] == Kind::option; }
  // Numeraire that a position moves by for each unit of log forward or mark, at most. A put in coin
  // pays strike / forward coins.
  double reach(std::int64_t k) const {
    const std::uint32_t i = rows.instrument[k];
    const InstrumentColumns& c = context.instruments;
    double worth = growth * std::fabs(rows.quantity[k] * context.values.scale[i]);
    if (!is_option(i)) return worth;
    double price = context.values.forward[i];
    if (c.payoff[i] == Payoff::coin && c.is_call[i] == 0) price = std::max(price, c.strike[i]);
    return worth * price;
  }
};

void add_lines(const Unit& unit, std::size_t first_column, LineScratch& scratch) {
  const risk::ScenarioTable& table = unit.prepared.table;
  const risk::Scenarios& grid = table.underlying[unit.u()].grid;
  const std::int64_t count = unit.q.end - unit.q.begin;
  scratch.quantity.clear();
  double node = 0;
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const double size = std::fabs(unit.rows.quantity[k]);
    scratch.quantity.push_back(size);
    node += size * unit.q.wear.node[unit.rows.instrument[k]];
  }
  scratch.now.assign(table.stride, 0.0);
  const std::int64_t offsets[2] = {0, count};
  const kernels::PositionGroups groups{1, offsets, unit.rows.instrument + unit.q.begin,
                                       scratch.quantity.data()};
  kernels::kernels().portfolio_scan(groups, unit.q.wear.stressed, table.stride, grid.size(),
                                    scratch.now.data(), nullptr, nullptr);
  UnitLines& out = unit.out;
  const std::size_t grid_lines = grid.size() - first_column;
  for (std::size_t n = 0; n < out.lines.size(); ++n) {
    ScenarioLine& line = out.lines[n];
    if (n < grid_lines) {
      const double move = grid.price_move[first_column + n];
      line.wear.vol = line.weight * scratch.now[first_column + n];
      line.wear.curve = line.weight * (std::fabs(move) * out.linear_reach +
                                       std::max(1.0, 1.0 + move) * out.option_reach);
    } else {
      // A strike node moves with its own forward, and every contract's profit with the node.
      const double range = unit.policy().scenario[unit.u()].price_range;
      line.wear = {node,
                   (1.0 + 2.0 * range) * out.linear_reach + 2.0 * (1.0 + range) * out.option_reach};
    }
  }
}

// Deltas of the charges by expiry turn with volatility and forward, and shorten with time.
void add_expiry_charges(const Unit& unit) {
  const ScenarioParameters& p = unit.policy().scenario[unit.u()];
  if (p.roll_ratio_annual == 0 && p.roll_ratio_min == 0 && p.basis_ratio == 0) return;
  const pricing::InstrumentValues& values = unit.context.values;
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const double ratio =
        std::max(p.roll_ratio_annual * values.years[i], p.roll_ratio_min) + p.basis_ratio;
    const double reach = p.maintenance_factor * unit.reach(k);
    double turn = 1.0;
    if (unit.is_option(i)) {
      const double s = values.vol_annual[i] * std::sqrt(values.years[i]);
      turn = 2.0 + 1.12 * phi_0 / s;
      // |d delta / d ln s| = phi(d1) |d2| <= 0.242 + phi(0) s, the premium's phi(0) s on top.
      unit.out.other_wear.vol += ratio * (0.25 + 0.88 * s) * reach;
    }
    unit.out.other_wear.curve += (ratio * turn + p.roll_ratio_annual) * reach;
  }
}

// Losses of single positions, each the worst of its columns and nothing.
void add_single_losses(const Unit& unit, std::size_t first_column, double widest) {
  const risk::ScenarioTable& table = unit.prepared.table;
  const std::size_t columns = table.underlying[unit.u()].grid.size();
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const double* const stressed = unit.q.wear.stressed + i * table.stride;
    double worst = unit.q.wear.value[i];
    for (std::size_t c = first_column; c < columns; ++c) worst = std::max(worst, stressed[c]);
    unit.out.other_wear.vol += std::fabs(unit.rows.quantity[k]) * worst;
    unit.out.other_wear.curve += unit.reach(k) * (unit.is_option(i) ? 1.0 + widest : widest);
  }
}

void add_fixed(const Unit& unit) {
  const FuturesParameters& f = unit.policy().futures[unit.u()];
  const OptionParameters& o = unit.policy().options[unit.u()];
  double ratio = f.maintenance_ratio;
  for (const Bracket& b : f.brackets) ratio = std::max(ratio, b.maintenance_ratio);
  const double floored =
      o.maintenance_mark_floor == MarkFloor::none ? 0.0 : o.margin_factor * o.maintenance_c;
  const double flat = o.margin_factor * o.maintenance_c + o.liquidation_fee_ratio;
  const double marked = floored + (unit.policy().option_value_in_equity ? 0.0 : 1.0);
  for (std::int64_t k = unit.q.begin; k < unit.q.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const double quantity = unit.rows.quantity[k];
    if (!unit.is_option(i)) {
      const pricing::ContractValue& v = unit.context.values.contract[i];
      const double at_entry = std::fabs(v.entry_factor * unit.rows.entry[k]);
      unit.out.other_wear.curve +=
          unit.growth * std::fabs(quantity) *
          (v.notional * (ratio + f.taker_fee_ratio) + ratio * std::max(v.notional, at_entry));
    } else if (quantity < 0) {
      unit.out.other_wear.vol += -quantity * marked * unit.q.wear.value[i];
      unit.out.other_wear.curve += (flat + marked) * unit.reach(k);
    }
  }
}

}  // namespace

void add_wear(const Context& context, const Prepared& prepared, const PocketRows& rows,
              const UnitQuestion& question, LineScratch& scratch, UnitLines& out) {
  const double growth = out.cell_upper / out.index * std::exp(1.01 * curve_wear_max);
  const Unit unit{context, prepared, rows, question, growth, out};
  for (std::int64_t k = question.begin; k < question.end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    (unit.is_option(i) ? out.option_reach : out.linear_reach) += unit.reach(k);
    out.option_wear += std::fabs(rows.quantity[k]) * question.wear.value[i];
  }
  if (question.requirement == nullptr) return;
  switch (prepared.policy->method) {
    case MethodId::portfolio:
    case MethodId::standard:
    case MethodId::var:
    case MethodId::es:
    case MethodId::protocol: return;  // nothing is proven of them
    case MethodId::fixed: return add_fixed(unit);
    case MethodId::dynamic: {
      const std::size_t first_maintenance_column =
          prepared.table.underlying[unit.u()].grid.size() / 2;
      if (out.scans) return add_lines(unit, first_maintenance_column, scratch);
      double widest = 0;
      for (const double move : prepared.table.underlying[unit.u()].grid.price_move) {
        widest = std::max(widest, std::fabs(move));
      }
      out.other_weight = 1.0;
      return add_single_losses(unit, first_maintenance_column, widest);
    }
    case MethodId::scenario: add_lines(unit, 0, scratch); return add_expiry_charges(unit);
    case MethodId::matrix:
    case MethodId::span: return;  // without bands there is nothing to wear
  }
}

}  // namespace tickmargin::margin
