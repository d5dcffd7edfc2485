// One unit under method `portfolio`: what it holds and how its options are revalued.
#pragma once

#include "margin/charges.hpp"
#include "margin/method.hpp"

namespace tickmargin::margin {

inline constexpr std::size_t basis_columns = 2;  // after the scenarios: every forward up, and down

struct PortfolioExpiry {
  double years;
  double root_years;
  double shock_scale;
  market::ExpiryTerms terms;
};

struct PortfolioUnit {
  const Context& context;
  const PortfolioParameters& p;
  const PocketRows& rows;
  std::int64_t begin;
  std::int64_t end;
  std::size_t u;
  double collateral;  // numeraire worth that moves with the index
  bool is_alone;      // balances that follow no index, and nothing else

  std::size_t scenarios() const noexcept { return p.price_move.size(); }
  std::size_t columns() const noexcept { return scenarios() + basis_columns; }
  double move(std::size_t s) const noexcept {
    if (s < scenarios()) return p.price_move[s];
    return s == scenarios() ? p.basis_up : p.basis_down;
  }
  double collateral_profit(std::size_t s) const noexcept {
    return p.weight[s] * (collateral * p.price_move[s]);
  }
  double* row(Scratch& scratch, std::int64_t k) const noexcept {
    return scratch.row_profit.data() + static_cast<std::size_t>(k - begin) * columns();
  }
  VolMove vol_move(std::size_t s) const noexcept {
    return s < scenarios() ? p.vol_move[s] : VolMove::none;
  }
};

PortfolioExpiry expiry_of(const PortfolioUnit& unit, TimeNs expiry_ns, double years) noexcept;

// Worth of one option contract in every column, into `worth`; NaN where it cannot be revalued.
void option_worths(const PortfolioUnit& unit, std::uint32_t i, const PortfolioExpiry& e,
                   Scratch& scratch, double* worth);

// Profit per contract of what is no option.
void linear_profits(const PortfolioUnit& unit, std::uint32_t i, double index,
                    double* profit) noexcept;

bool turns_smile(VolMove move) noexcept;

// What an expiry's worth is multiplied by, against the holder.
double portfolio_discount(const PortfolioParameters& p, const PortfolioExpiry& e,
                          double worth) noexcept;

// The unit's profits by scenario, into scratch.sums, of its positions and what moves with the
// index; returns what every expiry moved its own worst way costs, at most 0.
double portfolio_profits(const PortfolioUnit& unit, double index, Scratch& scratch);

}  // namespace tickmargin::margin
