// Bands moved without an evaluation.
//
// A band ends where one index, or one clock, has used up the part of the gap that it was given; of
// the other parts little may be gone. With d how far an index is from where the pocket was
// evaluated and v, c how far its clocks have run on since, each line of the proof (bands.cpp) is
//     slope d + by_vol v + by_curve c  <=  room + slack
// and with D, V, C what each may go alone while the whole gap is the room, every slope is at most
// (gap + slack) / D and so on. So an index uses up at most the part
//     used = d / D + v / V + c / C
// of the gap, up to 1: by it a line falls by at most (gap + slack) used <= gap used + slack. While
// the parts of all indices together are below 1 no state has changed, and what is left of the gap
// is shared out again.
#include <algorithm>
#include <cmath>

#include "base/reserved.hpp"
#include "live/state.hpp"

namespace tickmargin {
namespace {

// With less than this left of a gap the pocket is evaluated: bands would be touched at once.
constexpr double left_min = 0.05;
// Shared out of what is left; the rest covers the rounding of all these sums.
constexpr double shared_out = 1.0 - 1e-9;

double ratio(double of, double whole) noexcept {
  return of > 0 ? of / whole : 0.0;
}

struct Used {
  double price, vol, curve;

  double sum() const noexcept { return price + vol + curve; }
};

Used parts_used(const live::Proof& proof, double price, margin::Wear wear) noexcept {
  const double moved = price - proof.index;
  return {moved < 0 ? ratio(-moved, proof.below) : ratio(moved, proof.above),
          ratio(wear.vol - proof.wear.vol, proof.whole.vol),
          ratio(wear.curve - proof.wear.curve, proof.whole.curve)};
}

// The part of its pocket's gap that a link has used up; infinite where its proof says nothing.
double used_of(const live::Proof& proof, double price, margin::Wear wear) noexcept {
  const bool inside = proof.cell_lower <= price && price <= proof.cell_upper &&
                      wear.vol - proof.wear.vol < margin::vol_wear_max &&
                      wear.curve - proof.wear.curve < proof.curve_wear_max;
  return inside ? parts_used(proof, price, wear).sum() : INFINITY;
}

}  // namespace

// Whether a pocket's state is proven to stand with one underlying at this price and wear.
bool LiveEngine::State::stands(std::size_t pocket, UnderlyingIndex underlying, double price,
                               margin::Wear wear) const noexcept {
  double used = 0;
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    const live::Link& link = links[l];
    if (link.watched) return false;
    const auto u = static_cast<std::size_t>(link.underlying);
    used += link.underlying == underlying
                ? used_of(links.proof(l), price, wear)
                : used_of(links.proof(l), world.index(link.underlying), underlyings[u].wear);
  }
  return used <= 1.0 - left_min;
}

void LiveEngine::State::collect_or_ease(std::int32_t l, double price, margin::Wear wear) noexcept {
  const auto pocket = static_cast<std::size_t>(links[l].pocket);
  live::PocketState& p = pockets[pocket];
  if (p.touched == collecting || p.eased == collecting) return;
  if (!stands(pocket, links[l].underlying, price, wear)) return collect(links[l].pocket);
  p.eased = collecting;
  base::put(eased, links[l].pocket);
}

// After a record has been taken: its index and clocks are where stands() saw them. Some of
// the pockets may have been touched for another reason after all.
void LiveEngine::State::ease_bands() noexcept {
  for (const std::int32_t p : eased) {
    const auto pocket = static_cast<std::size_t>(p);
    if (pockets[pocket].touched != collecting) ease(pocket), ++counters.eased;
  }
}

void LiveEngine::State::ease(std::size_t pocket) noexcept {
  const auto used_by = [&](std::int32_t l) {
    const UnderlyingIndex u = links[l].underlying;
    return parts_used(links.proof(l), world.index(u),
                      underlyings[static_cast<std::size_t>(u)].wear);
  };
  double left = shared_out;
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    left -= used_by(l).sum();
  }
  for (std::int32_t l = pockets[pocket].first_link; l >= 0; l = links[l].next_of_pocket) {
    live::Link& link = links[l];
    live::Ladder& ladder = ladders[static_cast<std::size_t>(link.underlying)];
    const live::Proof& proof = links.proof(l);
    const Used used = used_by(l);
    const double share = left * proof.share;
    const double price = used.price + share * (1.0 - proof.wear_share.vol - proof.wear_share.curve);
    const margin::Wear wear{used.vol + share * proof.wear_share.vol,
                            used.curve + share * proof.wear_share.curve};
    ladder.remove(links, l);
    link.lower = std::max(proof.index - price * proof.below, proof.cell_lower);
    link.upper = std::min(proof.index + price * proof.above, proof.cell_upper);
    link.wear_limit[0] =
        proof.wear.vol + std::min(wear.vol * proof.whole.vol, margin::vol_wear_max);
    link.wear_limit[1] =
        proof.wear.curve + std::min(wear.curve * proof.whole.curve, proof.curve_wear_max);
    ladder.place(links, l);
  }
}

}  // namespace tickmargin
