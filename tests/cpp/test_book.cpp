#include "book/book.hpp"

#include <limits>

#include "check.hpp"

using namespace tickmargin;
using book::Book;
using book::make_book;

namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

InstrumentColumns four_instruments() {
  InstrumentColumns c;
  c.kind = {Kind::perpetual, Kind::perpetual, Kind::option, Kind::perpetual};
  c.payoff = {Payoff::linear, Payoff::inverse, Payoff::coin, Payoff::linear};
  c.underlying = {1, 0, 0, 0};
  c.settlement_asset = {0, 0, 0, 0};
  c.multiplier = {1, 1, 1, 1};
  c.strike = {missing, missing, 100, missing};
  c.expiry_ns = {0, 0, 1, 0};
  c.is_call = {0, 0, 1, 0};
  c.bachelier = {0, 0, 0, 0};
  return c;
}

PortfolioColumns scattered_rows() {
  PortfolioColumns p;
  p.account_count = 3;
  p.position_account = {2, 0, 2, 2, 2, 0};
  p.position_pocket = {0, 5, 0, 0, 0, 0};
  p.position_instrument = {0, 1, 3, 3, 1, 2};
  p.position_quantity = {7.0, -2.0, -4.0, 4.0, 0.0, 1.0};
  p.position_entry_price = {10.0, 4.0, 20.0, 21.0, 5.0, missing};
  p.balance_account = {0, 0, 2};
  p.balance_pocket = {5, 0, 0};
  p.balance_asset = {1, 0, 0};
  p.balance_amount = {3.0, 9.0, 0.0};
  return p;
}

}  // namespace

TEST(rows_are_grouped_by_account_pocket_and_underlying) {
  const Book b = make_book(scattered_rows(), four_instruments());
  CHECK_EQ(b.account_count(), 3u);
  CHECK(b.account_pockets == (std::vector<std::int64_t>{0, 2, 3, 4}));
  CHECK(b.pocket_account == (std::vector<std::int32_t>{0, 0, 1, 2}));
  CHECK(b.pocket_name == (std::vector<std::int32_t>{0, 5, 0, 0}));
  CHECK(b.pocket_units == (std::vector<std::int64_t>{0, 1, 2, 2, 4}));
  CHECK(b.unit_underlying == (std::vector<std::int32_t>{0, 0, 0, 1}));
  CHECK(b.unit_positions == (std::vector<std::int64_t>{0, 1, 2, 4, 5}));
  CHECK(b.pocket_balances == (std::vector<std::int64_t>{0, 1, 2, 2, 2}));
}

TEST(long_stands_before_short_and_zeros_are_left_out) {
  const Book b = make_book(scattered_rows(), four_instruments());
  CHECK(b.position_instrument == (std::vector<std::uint32_t>{2, 1, 3, 3, 0}));
  CHECK(b.position_quantity == (std::vector<double>{1.0, -2.0, 4.0, -4.0, 7.0}));
  CHECK(b.balance_amount == (std::vector<double>{9.0, 3.0}));
}

TEST(entries_take_the_form_of_their_pay_off) {
  const Book b = make_book(scattered_rows(), four_instruments());
  CHECK_EQ(b.position_entry[0], 0.0);   // an option has none
  CHECK_EQ(b.position_entry[1], 0.25);  // inverse at 4
  CHECK_EQ(b.position_entry[4], 10.0);
  CHECK_EQ(book::entry_price_of(Payoff::inverse, 0.25), 4.0);
}

TEST(the_order_of_the_input_does_not_show) {
  PortfolioColumns p = scattered_rows();
  const Book straight = make_book(p, four_instruments());
  auto reverse = [](auto& column) { column = {column.rbegin(), column.rend()}; };
  reverse(p.position_account);
  reverse(p.position_pocket);
  reverse(p.position_instrument);
  reverse(p.position_quantity);
  reverse(p.position_entry_price);
  const Book turned = make_book(p, four_instruments());
  CHECK(straight.position_instrument == turned.position_instrument);
  CHECK(straight.position_quantity == turned.position_quantity);
  CHECK(straight.position_entry == turned.position_entry);
  CHECK(straight.unit_positions == turned.unit_positions);
}

TEST(an_account_without_rows_has_an_empty_cross_pocket) {
  const Book b = make_book(scattered_rows(), four_instruments());
  CHECK_EQ(b.pocket_units[2], b.pocket_units[3]);
  CHECK_EQ(b.pocket_balances[2], b.pocket_balances[3]);
}

CHECK_MAIN()
