#include "book/book.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/assert.hpp"

namespace tickmargin::book {
namespace {

// Row numbers with a non-zero amount, grouped by account (counting sort), each group then sorted
// by `less`.
template <class Less>
std::vector<std::uint32_t> rows_by_account(std::int32_t account_count,
                                           const std::vector<std::int32_t>& account,
                                           const std::vector<double>& amount,
                                           std::vector<std::int64_t>& offsets, Less less) {
  offsets.assign(static_cast<std::size_t>(account_count) + 1, 0);
  for (std::size_t i = 0; i < account.size(); ++i) {
    TICKMARGIN_ASSERT(account[i] >= 0 && account[i] < account_count);
    if (amount[i] != 0) ++offsets[static_cast<std::size_t>(account[i]) + 1];
  }
  for (std::size_t a = 1; a < offsets.size(); ++a) offsets[a] += offsets[a - 1];
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(offsets.back()));
  std::vector<std::int64_t> next(offsets.begin(), offsets.end() - 1);
  for (std::size_t i = 0; i < account.size(); ++i) {
    if (amount[i] == 0) continue;
    auto& slot = next[static_cast<std::size_t>(account[i])];
    rows[static_cast<std::size_t>(slot++)] = static_cast<std::uint32_t>(i);
  }
  for (std::size_t a = 0; a + 1 < offsets.size(); ++a) {
    std::sort(rows.begin() + offsets[a], rows.begin() + offsets[a + 1], less);
  }
  return rows;
}

struct SortedRows {
  std::vector<std::uint32_t> positions, balances;
  std::vector<std::int64_t> account_positions, account_balances;
};

SortedRows sort_rows(const PortfolioColumns& p, const InstrumentColumns& instruments) {
  SortedRows rows;
  auto position_key = [&](std::uint32_t i) {
    const auto instrument = static_cast<std::size_t>(p.position_instrument[i]);
    return std::make_tuple(p.position_pocket[i], instruments.underlying[instrument], instrument,
                           p.position_quantity[i] < 0, p.position_quantity[i],
                           entry_term(instruments.payoff[instrument], p.position_entry_price[i]));
  };
  rows.positions = rows_by_account(
      p.account_count, p.position_account, p.position_quantity, rows.account_positions,
      [&](std::uint32_t i, std::uint32_t j) { return position_key(i) < position_key(j); });
  auto balance_key = [&](std::uint32_t i) {
    return std::make_tuple(p.balance_pocket[i], p.balance_asset[i]);
  };
  rows.balances = rows_by_account(
      p.account_count, p.balance_account, p.balance_amount, rows.account_balances,
      [&](std::uint32_t i, std::uint32_t j) { return balance_key(i) < balance_key(j); });
  return rows;
}

void append_position(const PortfolioColumns& p, const InstrumentColumns& instruments,
                     std::uint32_t row, bool new_unit, Book& book) {
  const auto instrument = static_cast<std::size_t>(p.position_instrument[row]);
  if (new_unit) {
    book.unit_underlying.push_back(instruments.underlying[instrument]);
    book.unit_positions.push_back(static_cast<std::int64_t>(book.position_instrument.size()));
  }
  book.position_instrument.push_back(static_cast<std::uint32_t>(instrument));
  book.position_quantity.push_back(p.position_quantity[row]);
  book.position_entry.push_back(
      entry_term(instruments.payoff[instrument], p.position_entry_price[row]));
}

}  // namespace

double entry_term(Payoff payoff, double entry_price) noexcept {
  if (std::isnan(entry_price)) return 0.0;
  return payoff == Payoff::inverse ? 1.0 / entry_price : entry_price;
}

double entry_price_of(Payoff payoff, double entry_term) noexcept {
  return payoff == Payoff::inverse ? 1.0 / entry_term : entry_term;
}

Book make_book(const PortfolioColumns& p, const InstrumentColumns& instruments) {
  const SortedRows rows = sort_rows(p, instruments);
  Book book;
  book.account_credit_score = p.account_credit_score;
  book.position_instrument.reserve(rows.positions.size());
  book.position_quantity.reserve(rows.positions.size());
  book.position_entry.reserve(rows.positions.size());
  book.balance_asset.reserve(rows.balances.size());
  book.balance_amount.reserve(rows.balances.size());

  for (std::int32_t account = 0; account < p.account_count; ++account) {
    const auto a = static_cast<std::size_t>(account);
    book.account_pockets.push_back(static_cast<std::int64_t>(book.pocket_account.size()));
    std::int64_t i = rows.account_positions[a];
    std::int64_t j = rows.account_balances[a];
    const std::int64_t i_end = rows.account_positions[a + 1];
    const std::int64_t j_end = rows.account_balances[a + 1];
    std::int32_t pocket = 0;  // the cross pocket exists even when it holds nothing
    while (true) {
      book.pocket_account.push_back(account);
      book.pocket_name.push_back(pocket);
      book.pocket_units.push_back(static_cast<std::int64_t>(book.unit_underlying.size()));
      book.pocket_balances.push_back(static_cast<std::int64_t>(book.balance_asset.size()));
      std::int32_t underlying = -1;
      for (; i < i_end; ++i) {
        const std::uint32_t row = rows.positions[static_cast<std::size_t>(i)];
        if (p.position_pocket[row] != pocket) break;
        const auto instrument = static_cast<std::size_t>(p.position_instrument[row]);
        const bool new_unit = instruments.underlying[instrument] != underlying;
        underlying = instruments.underlying[instrument];
        append_position(p, instruments, row, new_unit, book);
      }
      for (; j < j_end; ++j) {
        const std::uint32_t row = rows.balances[static_cast<std::size_t>(j)];
        if (p.balance_pocket[row] != pocket) break;
        book.balance_asset.push_back(p.balance_asset[row]);
        book.balance_amount.push_back(p.balance_amount[row]);
      }
      if (i == i_end && j == j_end) break;
      std::int32_t next = INT32_MAX;
      if (i < i_end) next = p.position_pocket[rows.positions[static_cast<std::size_t>(i)]];
      if (j < j_end) {
        next = std::min(next, p.balance_pocket[rows.balances[static_cast<std::size_t>(j)]]);
      }
      TICKMARGIN_ASSERT(next > pocket);
      pocket = next;
    }
  }
  book.account_pockets.push_back(static_cast<std::int64_t>(book.pocket_account.size()));
  book.pocket_units.push_back(static_cast<std::int64_t>(book.unit_underlying.size()));
  book.pocket_balances.push_back(static_cast<std::int64_t>(book.balance_asset.size()));
  book.unit_positions.push_back(static_cast<std::int64_t>(book.position_instrument.size()));
  return book;
}

}  // namespace tickmargin::book
