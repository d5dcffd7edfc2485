// Charges on top of any base method: one file each, one list of them (add_on_list.inc).
//
// An add-on describes itself: the section of a policy file that it reads, its keys with their
// ranges, the methods whose own lines hold its risk already, and a function from what is held to a
// charge for initial and one for maintenance margin. Everything else follows from the description:
// validation, the schema, storage, its line where a requirement is explained. To add one, write
// <name>.cpp beside concentration.cpp and put its line into the list; README.md shows a whole one.
#pragma once

#include <cmath>
#include <limits>
#include <span>

#include "margin/method.hpp"

namespace tickmargin::margin {

// [0, 1], [0, inf), (0, inf), and of a price over what it is pegged to [1/2, 1].
enum class KeyRange : std::uint8_t { ratio, non_negative, positive, peg };

// Fallbacks of a key that a file does not write, beside a number.
inline constexpr double required = -1.0;
inline constexpr double absent = std::numeric_limits<double>::quiet_NaN();

struct Key {
  const char* name;
  KeyRange range;
  double fallback;
  const char* says;
};

struct Charge {
  double initial = 0;
  double maintenance = 0;
  Status missing = Status::ok;  // an input without which the charge is not known
};

// What would have to be closed out, in the numeraire. Resting orders count in `net_notional` at
// the larger of bought and sold, in the gross sums all.
struct Exposure {
  double net_notional = 0;    // |net delta| at the index
  double gross_notional = 0;  // sum of |delta| at the index
  double gross_vega = 0;      // sum of |vega|, per 1.00 of volatility
  double long_end = 0;        // net delta at the index with all buys, and with all sells
  double short_end = 0;
};

// One underlying's positions in a pocket, or one resting order alone.
struct Holding {
  const Context& context;
  const Policy& policy;
  const PocketRows& rows;
  Scratch& scratch;
  std::size_t u;
  const std::uint32_t* instrument;
  const double* quantity;
  std::size_t count;
  std::span<const book::OrderRow> orders;  // on it, for an add-on that counts them itself
  Exposure exposure;
  Charge own;  // the lines of the base method

  double index_price() const noexcept {
    return context.market.columns.index_price[u] *
           market::quote_price(context.market, static_cast<UnderlyingIndex>(u));
  }
};

// A pocket, with what its method asks for: with the orders that rest where they are asked about.
struct Whole {
  const Context& context;
  const Policy& policy;
  const PocketRows& rows;  // its orders are those that count
  Charge own;
};

// How resting orders enter initial margin: each as if it were held alone, on top; or the function
// looks at the exposure and the orders itself.
enum class Orders : std::uint8_t { alone, inside };

constexpr std::uint32_t seen_by() noexcept {
  return 0;
}
template <class... Rest>
constexpr std::uint32_t seen_by(MethodId first, Rest... rest) noexcept {
  return (std::uint32_t{1} << static_cast<unsigned>(first)) | seen_by(rest...);
}
// The methods that revalue every position under shocks of volatility.
inline constexpr std::uint32_t seen_by_grids =
    seen_by(MethodId::scenario, MethodId::matrix, MethodId::span, MethodId::portfolio);

using UnitCharge = Charge (*)(const Holding&, const double* values) noexcept;
using PocketCharge = Charge (*)(const Whole&, const double* values) noexcept;

struct AddOn {
  const char* section;  // of the policy file; two add-ons may share one
  const char* says;
  std::span<const Key> keys;  // `values` holds them in this order
  std::uint32_t seen_by = 0;  // methods whose own lines hold this risk: refused there
  Orders orders = Orders::alone;
  UnitCharge unit = nullptr;  // one of the two
  PocketCharge pocket = nullptr;
  bool bounded = false;  // bounds_add_ons.cpp proves how far it can move
};

#define TICKMARGIN_ADD_ON(name) name,
enum class AddOnId : std::uint8_t {
#include "margin/add_on_list.inc"
};
#undef TICKMARGIN_ADD_ON

#define TICKMARGIN_ADD_ON(name) extern const AddOn name##_add_on;
#include "margin/add_on_list.inc"
#undef TICKMARGIN_ADD_ON

const AddOn& add_on_of(AddOnId id) noexcept;
constexpr Component component_of(AddOnId id) noexcept {
  return static_cast<Component>(static_cast<std::size_t>(first_add_on) +
                                static_cast<std::size_t>(id));
}

// Whether anything beside the base method counts: a charge, or a factor on the loss.
bool has_add_ons(const Policy& policy) noexcept;

// Whether trigger bands can be proven with what the policy charges on top.
bool add_ons_are_bounded(const Policy& policy) noexcept;

// The parameters of one add-on for an underlying, null where the policy does not charge it.
const double* parameters_of(const Policy& policy, AddOnId id, std::size_t u) noexcept;

// Writes every add-on's line of the pocket, resting orders left out, and what is missing.
void apply_add_ons(const Context& context, const Policy& policy, const PocketRows& rows,
                   Scratch& scratch, PocketRequirement& requirement) noexcept;

// What all add-ons charge initially with resting orders, units that only orders touch included.
// `held` is the requirement without them, `own_initial` the method's with them.
double add_ons_with_orders(const Context& context, const Policy& policy, const PocketRows& rows,
                           Scratch& scratch, const PocketRequirement& held,
                           double own_initial) noexcept;

// Sums of a holding by expiry, perpetuals and spot as expiry 0; in the scratch, without allocation
// once it has been that large.
double& sum_of_expiry(Scratch& scratch, TimeNs expiry) noexcept;
void clear_expiries(Scratch& scratch) noexcept;

}  // namespace tickmargin::margin
