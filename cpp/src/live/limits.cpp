// What a record is refused for by its number, by its contract's expiry, or where the ledger ends.
#include <cmath>

#include "base/hash.hpp"
#include "live/record_check.hpp"
#include "live/state.hpp"
#include "market/market.hpp"

namespace tickmargin {
namespace {

bool is_numbered(const Record& r) noexcept {
  return r.detail != 0 && (r.type == RecordType::fill || r.type == RecordType::order ||
                           r.type == RecordType::withdrawal);
}

}  // namespace

// A number rises within its account, or it was heard before.
RecordStatus LiveEngine::State::check_number(const Record& r) const noexcept {
  if (!is_numbered(r)) return RecordStatus::ok;
  const live::AccountState& a = accounts[static_cast<std::size_t>(r.account)];
  if (r.detail > a.number) return RecordStatus::ok;
  if (r.detail < a.number) return RecordStatus::out_of_order;
  return base::hash64(&r, sizeof r) == a.payload ? RecordStatus::duplicate
                                                 : RecordStatus::conflicting;
}

void LiveEngine::State::note_number(const Record& r) noexcept {
  if (!is_numbered(r)) return;
  live::AccountState& a = accounts[static_cast<std::size_t>(r.account)];
  a.number = r.detail;
  a.payload = base::hash64(&r, sizeof r);
}

// Settled, or its expiry has come by the engine's clock: nothing trades in it any more.
bool LiveEngine::State::has_expired(std::size_t instrument) const noexcept {
  const TimeNs expiry_ns = world.instruments.expiry_ns[instrument];
  return expired[instrument] || (expiry_ns != 0 && expiry_ns <= now_ns);
}

// Whether a fill, order or deposit makes an amount that 64-bit ticks cannot hold at present prices;
// a price that is not there tells nothing. `scratch` holds the pocket as it would be, of an order
// (`pocket` -1) nothing. What does not grow may stay where prices have carried it.
bool LiveEngine::State::leaves_ledger(const Record& r, std::int32_t pocket) const noexcept {
  const auto price_of = [&](std::int32_t asset) {
    return market::asset_price(world.reval.market, asset);
  };
  const auto beyond = [&](double amount, double price) {
    return amount >= live::ledger_end || amount * price * scale.per_unit >= live::ledger_end;
  };
  const bool is_there = pocket >= 0 && static_cast<std::size_t>(pocket) < store.pocket_count();
  const auto p = static_cast<std::size_t>(is_there ? pocket : 0);
  const auto balance_beyond = [&](std::int32_t asset) {
    double then = 0, now = 0;
    for (std::size_t b = 0; b < scratch.balance_asset().size(); ++b) {
      if (scratch.balance_asset()[b] == asset) then = std::fabs(scratch.balance_amount()[b]);
    }
    for (std::size_t b = 0; is_there && b < store.assets(p).size(); ++b) {
      if (store.assets(p)[b] == asset) now = std::fabs(store.amounts(p)[b]);
    }
    return !(then <= now) && (beyond(then, price_of(asset)) || std::isnan(then));
  };
  if (r.type == RecordType::deposit) return balance_beyond(r.subject);
  const auto i = static_cast<std::size_t>(r.subject);
  const InstrumentColumns& c = world.instruments;
  const UnderlyingIndex u = c.underlying[i];
  const double unit = (c.payoff[i] == Payoff::inverse ? 1.0 : world.index(u)) *
                      market::quote_price(world.reval.market, u);
  if (beyond(live::settlement_units(r, c), price_of(c.settlement_asset[i])) ||
      beyond(live::contract_units(r, c), unit)) {
    return true;
  }
  if (pocket < 0) return false;
  double then = 0, now = 0;
  for (const book::PositionRow& row : scratch.positions()) {
    if (row.instrument == i) then += std::fabs(row.quantity);
  }
  for (std::size_t k = 0; is_there && k < store.instruments(p).size(); ++k) {
    if (store.instruments(p)[k] == i) now += std::fabs(store.quantities(p)[k]);
  }
  return (then > now && beyond(then * c.multiplier[i], unit)) ||
         balance_beyond(c.settlement_asset[i]);
}

}  // namespace tickmargin
