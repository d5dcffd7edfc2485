#include "margin/add_ons.hpp"

#include <algorithm>
#include <cmath>

#include "book/book.hpp"
#include "margin/procyclicality.hpp"

namespace tickmargin::margin {
namespace {

#define TICKMARGIN_ADD_ON(name) &name##_add_on,
constexpr const AddOn* add_ons[] = {
#include "margin/add_on_list.inc"
};
#undef TICKMARGIN_ADD_ON
static_assert(std::size(add_ons) == add_on_count);

const double* row_of(const AddOnParameters& p, std::size_t u) noexcept {
  const AddOn& add_on = add_on_of(static_cast<AddOnId>(p.id));
  return p.values.data() + (add_on.pocket == nullptr ? u * add_on.keys.size() : 0);
}

std::size_t line_of(const AddOnParameters& p) noexcept {
  return static_cast<std::size_t>(component_of(static_cast<AddOnId>(p.id)));
}

struct Sums {
  double held = 0, up = 0, down = 0, gross = 0, vega = 0;

  void order(double delta) noexcept { (delta > 0 ? up : down) += delta; }
};

void add(const Context& context, std::uint32_t i, double quantity, Sums& sums) noexcept {
  const pricing::ContractValue& v = context.values.contract[i];
  sums.gross += std::fabs(quantity * v.delta_base);
  sums.vega += std::fabs(quantity * v.vega);
}

Exposure exposure_of(const Sums& sums, double price) noexcept {
  const double up = sums.held + sums.up, down = sums.held + sums.down;
  return {std::max(std::fabs(up), std::fabs(down)) * price, sums.gross * price, sums.vega,
          up * price, down * price};
}

Sums sums_of(const Context& context, const std::uint32_t* instrument, const double* quantity,
             std::size_t count) noexcept {
  Sums sums;
  for (std::size_t k = 0; k < count; ++k) {
    add(context, instrument[k], quantity[k], sums);
    sums.held += quantity[k] * context.values.contract[instrument[k]].delta_base;
  }
  return sums;
}

// The lines of the base method: those before the add-ons', and what `dynamic` itself asks for
// against procyclicality; what a safety factor adds is left out.
Charge own_of(const Policy& policy, const UnitRequirement& unit) noexcept {
  Charge own;
  const auto add = [&](std::size_t c) {
    own.initial += unit.initial[c];
    own.maintenance += unit.maintenance[c];
  };
  for (std::size_t c = 0; c < static_cast<std::size_t>(first_add_on); ++c) add(c);
  if (!damps_own_lines(policy)) add(static_cast<std::size_t>(Component::anti_procyclicality));
  return own;
}

// The n-th unit of a pocket's rows; none where n is its count.
Holding holding_of(const Context& context, const Policy& policy, const PocketRows& rows,
                   Scratch& scratch, std::size_t n, UnderlyingIndex underlying) noexcept {
  std::int64_t first = 0, count = 0;
  if (n < rows.unit_underlying.size()) {
    first = rows.unit_positions[n];
    count = rows.unit_positions[n + 1] - first;
  }
  return {context,
          policy,
          rows,
          scratch,
          static_cast<std::size_t>(underlying),
          rows.instrument + first,
          rows.quantity + first,
          static_cast<std::size_t>(count),
          {},
          {},
          {}};
}

// What a resting order adds as if it were held alone; nothing where an input is missing, as no
// order keeps its account from being decided.
double alone(const AddOn& add_on, const double* values, Holding holding,
             const book::OrderRow& order) noexcept {
  holding.instrument = &order.instrument;
  holding.quantity = &order.quantity;
  holding.count = 1;
  holding.own = {};
  holding.orders = {};
  holding.exposure = exposure_of(sums_of(holding.context, &order.instrument, &order.quantity, 1),
                                 holding.index_price());
  return add_on.unit(holding, values).initial;
}

// Initial charges of one unit with the orders that rest on it.
double unit_with_orders(Holding holding, std::span<const book::OrderRow> orders,
                        const UnitRequirement* held) noexcept {
  Sums sums = sums_of(holding.context, holding.instrument, holding.quantity, holding.count);
  for (const book::OrderRow& order : orders) {
    add(holding.context, order.instrument, order.quantity, sums);
    sums.order(order.quantity * holding.context.values.contract[order.instrument].delta_base);
  }
  holding.orders = orders;
  holding.exposure = exposure_of(sums, holding.index_price());
  if (held != nullptr) holding.own = own_of(holding.policy, *held);
  double sum = 0;
  for (const AddOnParameters& p : holding.policy.add_ons) {
    const AddOn& add_on = add_on_of(static_cast<AddOnId>(p.id));
    if (add_on.unit == nullptr) continue;
    const double* const values = row_of(p, holding.u);
    if (add_on.orders == Orders::inside) {
      sum += add_on.unit(holding, values).initial;
      continue;
    }
    sum += held == nullptr ? 0.0 : held->initial[line_of(p)];
    for (const book::OrderRow& order : orders) sum += alone(add_on, values, holding, order);
  }
  return sum + damped_with_orders(holding, held);
}

}  // namespace

const AddOn& add_on_of(AddOnId id) noexcept {
  return *add_ons[static_cast<std::size_t>(id)];
}

bool has_add_ons(const Policy& policy) noexcept {
  return !policy.add_ons.empty() || damps_own_lines(policy);
}

bool add_ons_are_bounded(const Policy& policy) noexcept {
  return !damps_own_lines(policy) &&
         std::all_of(policy.add_ons.begin(), policy.add_ons.end(),
                     [](const auto& p) { return add_on_of(static_cast<AddOnId>(p.id)).bounded; });
}

const double* parameters_of(const Policy& policy, AddOnId id, std::size_t u) noexcept {
  for (const AddOnParameters& p : policy.add_ons) {
    if (p.id == static_cast<std::uint8_t>(id)) return row_of(p, u);
  }
  return nullptr;
}

void clear_expiries(Scratch& scratch) noexcept {
  scratch.expiry.clear();
  scratch.expiry_delta.clear();
}

double& sum_of_expiry(Scratch& scratch, TimeNs expiry) noexcept {
  const auto at = std::lower_bound(scratch.expiry.begin(), scratch.expiry.end(), expiry);
  const auto slot = at - scratch.expiry.begin();
  if (at == scratch.expiry.end() || *at != expiry) {
    scratch.expiry.insert(at, expiry);
    scratch.expiry_delta.insert(scratch.expiry_delta.begin() + slot, 0.0);
  }
  return scratch.expiry_delta[static_cast<std::size_t>(slot)];
}

void apply_add_ons(const Context& context, const Policy& policy, const PocketRows& rows,
                   Scratch& scratch, PocketRequirement& requirement) noexcept {
  requirement.missing = Status::ok;
  requirement.whole_lines = false;
  if (!has_add_ons(policy)) return;
  // What the method asks for, before anything is added to it.
  Charge own{requirement.netting_initial, requirement.netting_maintenance};
  for (const UnitRequirement& unit : requirement.units) {
    const Charge lines = own_of(policy, unit);
    own.initial += lines.initial;
    own.maintenance += lines.maintenance;
  }
  for (std::size_t n = 0; n < rows.unit_underlying.size(); ++n) {
    Holding holding = holding_of(context, policy, rows, scratch, n, rows.unit_underlying[n]);
    UnitRequirement& unit = requirement.units[n];
    holding.own = own_of(policy, unit);
    holding.exposure =
        exposure_of(sums_of(context, holding.instrument, holding.quantity, holding.count),
                    holding.index_price());
    const auto write = [&](std::size_t line, const Charge& charge) {
      requirement.missing = first_of(requirement.missing, charge.missing);
      unit.initial[line] = charge.initial;
      unit.maintenance[line] = charge.maintenance;
    };
    for (const AddOnParameters& p : policy.add_ons) {
      const AddOn& add_on = add_on_of(static_cast<AddOnId>(p.id));
      if (add_on.unit != nullptr) write(line_of(p), add_on.unit(holding, row_of(p, holding.u)));
    }
    if (damps_own_lines(policy)) {
      write(static_cast<std::size_t>(Component::anti_procyclicality), damped_own(holding));
    }
  }
  PocketRows held = rows;
  held.orders = {};
  const Whole whole{context, policy, held, own};
  for (const AddOnParameters& p : policy.add_ons) {
    const AddOn& add_on = add_on_of(static_cast<AddOnId>(p.id));
    if (add_on.pocket == nullptr) continue;
    if (!requirement.whole_lines) {
      requirement.whole_initial.fill(0.0);
      requirement.whole_maintenance.fill(0.0);
      requirement.whole_lines = true;
    }
    const Charge charge = add_on.pocket(whole, row_of(p, 0));
    requirement.missing = first_of(requirement.missing, charge.missing);
    requirement.whole_initial[line_of(p)] = charge.initial;
    requirement.whole_maintenance[line_of(p)] = charge.maintenance;
  }
}

double add_ons_with_orders(const Context& context, const Policy& policy, const PocketRows& rows,
                           Scratch& scratch, const PocketRequirement& held,
                           double own_initial) noexcept {
  if (!has_add_ons(policy)) return 0.0;
  double sum = 0, own_held = held.netting_initial;
  for (const UnitRequirement& unit : held.units) own_held += own_of(policy, unit).initial;
  std::size_t n = 0, o = 0;
  const auto resting_on = [&] {
    return o < rows.orders.size() ? context.instruments.underlying[rows.orders[o].instrument]
                                  : INT32_MAX;
  };
  while (n < rows.unit_underlying.size() || o < rows.orders.size()) {
    const UnderlyingIndex on =
        n < rows.unit_underlying.size() ? rows.unit_underlying[n] : INT32_MAX;
    const UnderlyingIndex underlying = std::min(on, resting_on());
    const bool holds = on == underlying;
    const std::size_t first = o;
    while (resting_on() == underlying) ++o;
    const Holding holding = holding_of(context, policy, rows, scratch,
                                       holds ? n : rows.unit_underlying.size(), underlying);
    sum += unit_with_orders(holding, rows.orders.subspan(first, o - first),
                            holds ? &held.units[n] : nullptr);
    n += holds;
  }
  sum += damped_more(policy, std::max(own_initial - own_held, 0.0));
  const Whole whole{context, policy, rows, {own_initial, 0.0, Status::ok}};
  for (const AddOnParameters& p : policy.add_ons) {
    const AddOn& add_on = add_on_of(static_cast<AddOnId>(p.id));
    if (add_on.pocket == nullptr) continue;
    sum += std::max(add_on.pocket(whole, row_of(p, 0)).initial, held.whole_initial[line_of(p)]);
  }
  return sum;
}

}  // namespace tickmargin::margin
