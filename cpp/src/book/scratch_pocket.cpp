#include "book/scratch_pocket.hpp"

#include <algorithm>
#include <tuple>

namespace tickmargin::book {

void ScratchPocket::assign(const PocketRows& rows) {
  clear();
  for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
    positions_.push_back({rows.instrument[k], rows.quantity[k], rows.entry[k]});
  }
  balance_asset_.assign(rows.balance_asset.begin(), rows.balance_asset.end());
  balance_amount_.assign(rows.balance_amount.begin(), rows.balance_amount.end());
  orders_ = rows.orders;
  credit_score_ = rows.credit_score;
}

void ScratchPocket::reserve(std::size_t positions, std::size_t balances) {
  positions_.reserve(positions);
  unit_underlying_.reserve(positions);
  unit_positions_.reserve(positions + 1);
  instrument_.reserve(positions);
  quantity_.reserve(positions);
  entry_.reserve(positions);
  balance_asset_.reserve(balances);
  balance_amount_.reserve(balances);
}

void ScratchPocket::clear() {
  positions_.clear();
  balance_asset_.clear();
  balance_amount_.clear();
  orders_ = {};
  credit_score_ = std::numeric_limits<double>::quiet_NaN();
}

void ScratchPocket::insert_sorted(const InstrumentColumns& instruments, PositionRow row) {
  auto key = [&](const PositionRow& r) {
    return std::make_tuple(instruments.underlying[r.instrument], r.instrument, r.quantity < 0,
                           r.quantity, r.entry);
  };
  const auto at =
      std::upper_bound(positions_.begin(), positions_.end(), row,
                       [&](const PositionRow& a, const PositionRow& b) { return key(a) < key(b); });
  positions_.insert(at, row);
}

// Profit of the closed part of a future: quantity x multiplier x (price - entry) for a linear one,
// quantity x multiplier x (1 / entry - 1 / price) for an inverse one, whose terms are inverses.
void ScratchPocket::realise(const InstrumentColumns& instruments, const PositionRow& closed,
                            double exit) {
  const std::uint32_t i = closed.instrument;
  const bool inverse = instruments.payoff[i] == Payoff::inverse;
  const double gain = inverse ? closed.entry - exit : exit - closed.entry;
  add_balance(instruments.settlement_asset[i], closed.quantity * instruments.multiplier[i] * gain);
}

void ScratchPocket::fill(const InstrumentColumns& instruments, PositionRow trade) {
  if (trade.quantity == 0) return;
  const Kind kind = instruments.kind[trade.instrument];
  const bool paid_up_front = kind == Kind::option || kind == Kind::spot;
  if (paid_up_front) {
    add_balance(instruments.settlement_asset[trade.instrument],
                -(trade.quantity * instruments.multiplier[trade.instrument] * trade.entry));
  }
  const auto row_of = [&](bool short_side) {
    return std::find_if(positions_.begin(), positions_.end(), [&](const PositionRow& r) {
      return r.instrument == trade.instrument && (r.quantity < 0) == short_side;
    });
  };
  const bool sells = trade.quantity < 0;
  if (const auto same = row_of(sells); same != positions_.end()) {
    const PositionRow old = *same;
    positions_.erase(same);
    const double total = old.quantity + trade.quantity;
    const double entry = (old.quantity * old.entry + trade.quantity * trade.entry) / total;
    return insert_sorted(instruments, {trade.instrument, total, entry});
  }
  for (auto opposite = row_of(!sells); opposite != positions_.end() && trade.quantity != 0;
       opposite = row_of(!sells)) {
    PositionRow closed = *opposite;
    positions_.erase(opposite);
    const double left = closed.quantity + trade.quantity;
    const bool used_up = left != 0 && (left < 0) != sells;  // the trade, not the row
    if (used_up) insert_sorted(instruments, {trade.instrument, left, closed.entry});
    if (used_up) closed.quantity = -trade.quantity;
    if (!paid_up_front) realise(instruments, closed, trade.entry);
    trade.quantity = used_up ? 0.0 : left;
  }
  if (trade.quantity != 0) insert_sorted(instruments, trade);
}

double ScratchPocket::erase_instrument(std::uint32_t instrument) {
  double quantity = 0;
  std::erase_if(positions_, [&](const PositionRow& row) {
    if (row.instrument != instrument) return false;
    quantity += row.quantity;
    return true;
  });
  return quantity;
}

void ScratchPocket::add_balance(std::int32_t asset, double amount) {
  const auto at = std::lower_bound(balance_asset_.begin(), balance_asset_.end(), asset);
  const auto slot = at - balance_asset_.begin();
  if (at != balance_asset_.end() && *at == asset) {
    balance_amount_[static_cast<std::size_t>(slot)] += amount;
    return;
  }
  balance_asset_.insert(at, asset);
  balance_amount_.insert(balance_amount_.begin() + slot, amount);
}

PocketRows ScratchPocket::rows(const InstrumentColumns& instruments) {
  unit_underlying_.clear();
  unit_positions_.clear();
  instrument_.clear();
  quantity_.clear();
  entry_.clear();
  for (const PositionRow& row : positions_) {
    const std::int32_t underlying = instruments.underlying[row.instrument];
    if (unit_underlying_.empty() || unit_underlying_.back() != underlying) {
      unit_underlying_.push_back(underlying);
      unit_positions_.push_back(static_cast<std::int64_t>(instrument_.size()));
    }
    instrument_.push_back(row.instrument);
    quantity_.push_back(row.quantity);
    entry_.push_back(row.entry);
  }
  unit_positions_.push_back(static_cast<std::int64_t>(instrument_.size()));
  return {unit_underlying_, unit_positions_, instrument_.data(),
          quantity_.data(), entry_.data(),   balance_asset_,
          balance_amount_,  orders_,         credit_score_};
}

}  // namespace tickmargin::book
