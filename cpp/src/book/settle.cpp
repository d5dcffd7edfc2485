#include "book/settle.hpp"

#include <algorithm>
#include <cmath>

#include "book/scratch_pocket.hpp"

namespace tickmargin::book {
namespace {

void append(const PocketRows& rows, AccountIndex account, std::int32_t name,
            std::span<const double> price, bool has_orders, Book& out) {
  out.pocket_account.push_back(account);
  out.pocket_name.push_back(name);
  out.pocket_units.push_back(static_cast<std::int64_t>(out.unit_underlying.size()));
  out.pocket_balances.push_back(static_cast<std::int64_t>(out.balance_asset.size()));
  if (has_orders) out.pocket_orders.push_back(static_cast<std::int64_t>(out.orders.size()));
  const auto before = static_cast<std::int64_t>(out.position_instrument.size());
  for (std::size_t u = 0; u < rows.unit_underlying.size(); ++u) {
    out.unit_underlying.push_back(rows.unit_underlying[u]);
    out.unit_positions.push_back(before + rows.unit_positions[u] - rows.first_position());
  }
  for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
    out.position_instrument.push_back(rows.instrument[k]);
    out.position_quantity.push_back(rows.quantity[k]);
    out.position_entry.push_back(rows.entry[k]);
  }
  out.balance_asset.insert(out.balance_asset.end(), rows.balance_asset.begin(),
                           rows.balance_asset.end());
  out.balance_amount.insert(out.balance_amount.end(), rows.balance_amount.begin(),
                            rows.balance_amount.end());
  for (const OrderRow& order : rows.orders) {
    if (std::isnan(price[order.instrument])) out.orders.push_back(order);
  }
}

// Settles what expires in a pocket, in the order its positions stand in.
void settle_pocket(const InstrumentColumns& instruments, std::span<const double> price,
                   const PocketRows& rows, ScratchPocket& pocket) {
  pocket.assign(rows);
  for (std::int64_t k = rows.first_position(); k < rows.end_position();) {
    const std::uint32_t i = rows.instrument[k];
    double amount = 0;
    for (; k < rows.end_position() && rows.instrument[k] == i; ++k) {
      amount += rows.quantity[k] * payout(instruments, i, price[i], rows.entry[k]);
    }
    if (std::isnan(price[i])) continue;
    pocket.erase_instrument(i);
    if (amount != 0) pocket.add_balance(instruments.settlement_asset[i], amount);
  }
}

}  // namespace

double payout(const InstrumentColumns& c, std::size_t i, double price, double entry) noexcept {
  if (c.kind[i] == Kind::future) {
    const double gain = c.payoff[i] == Payoff::inverse ? entry - 1.0 / price : price - entry;
    return c.multiplier[i] * gain;
  }
  const double intrinsic = std::max(c.is_call[i] ? price - c.strike[i] : c.strike[i] - price, 0.0);
  return c.multiplier[i] * (c.payoff[i] == Payoff::coin ? intrinsic / price : intrinsic);
}

Book settled(const Book& book, const InstrumentColumns& instruments,
             std::span<const AccountIndex> accounts, std::span<const double> price) {
  Book out;
  ScratchPocket pocket;
  const bool has_orders = !book.pocket_orders.empty();
  for (std::size_t a = 0; a < accounts.size(); ++a) {
    const auto account = static_cast<std::size_t>(accounts[a]);
    out.account_pockets.push_back(static_cast<std::int64_t>(out.pocket_account.size()));
    for (std::int64_t p = book.account_pockets[account]; p < book.account_pockets[account + 1];
         ++p) {
      const auto from = static_cast<std::size_t>(p);
      const PocketRows before = pocket_rows(book, from);
      settle_pocket(instruments, price, before, pocket);
      const PocketRows rows = pocket.rows(instruments);
      const bool empty = rows.first_position() == rows.end_position() && rows.balance_asset.empty();
      if (empty && book.pocket_name[from] != 0) continue;
      append(rows, static_cast<AccountIndex>(a), book.pocket_name[from], price, has_orders, out);
    }
  }
  out.account_pockets.push_back(static_cast<std::int64_t>(out.pocket_account.size()));
  out.pocket_units.push_back(static_cast<std::int64_t>(out.unit_underlying.size()));
  out.pocket_balances.push_back(static_cast<std::int64_t>(out.balance_asset.size()));
  out.unit_positions.push_back(static_cast<std::int64_t>(out.position_instrument.size()));
  if (has_orders) out.pocket_orders.push_back(static_cast<std::int64_t>(out.orders.size()));
  return out;
}

}  // namespace tickmargin::book
