#include "pricing/spot.hpp"

#include <algorithm>

#include "base/ticks.hpp"

namespace tickmargin::pricing {
namespace {

using kernels::Column;

// Rows worked on at a time: the columns of one block stay in the first-level cache.
constexpr std::size_t block_rows = 128;

double at(const Column& column, std::size_t i) noexcept {
  return column.data[static_cast<std::ptrdiff_t>(i) * column.step];
}

Column from(const Column& column, std::size_t first) noexcept {
  return {column.data + static_cast<std::ptrdiff_t>(first) * column.step, column.step};
}

double canonical(double x) noexcept {
  return x == x ? x : base::canonical_nan;
}

struct Block {
  std::uint8_t is_call[block_rows];
  std::uint8_t is_put[block_rows];
  double growth[block_rows];  // exp((r - q) T)
  double forward[block_rows];
  double delta[block_rows];  // dV/dF
  double gamma[block_rows];
  double theta[block_rows];
  double vanna[block_rows];
  double charm[block_rows];
  double strike_delta[block_rows];  // dV/dK with the sign turned
  kernels::OptionRows rows;
};

void fill(Block& block, const SpotRows& in, std::size_t first, std::size_t n) noexcept {
  double exponent[block_rows];
  for (std::size_t i = 0; i < n; ++i) {
    const auto row = static_cast<std::ptrdiff_t>(first + i);
    block.is_call[i] = in.is_call[row * in.is_call_step];
    block.is_put[i] = block.is_call[i] == 0;
    const double carry = at(in.rate_annual, first + i) - at(in.dividend_yield_annual, first + i);
    exponent[i] = carry * at(in.expiry_years, first + i);
  }
  kernels::kernels().exp(exponent, block.growth, n);
  for (std::size_t i = 0; i < n; ++i) block.forward[i] = at(in.spot, first + i) * block.growth[i];
  block.rows = {block.is_call,
                1,
                {block.forward, 1},
                from(in.strike, first),
                from(in.vol_annual, first),
                from(in.expiry_years, first),
                from(in.rate_annual, first)};
}

// Black's formula is symmetric: a call on F struck at K is a put on K struck at F, so the
// derivative in the strike is a delta, with no cancellation.
void price_strike_delta(Block& block, std::size_t n) noexcept {
  kernels::OptionRows swapped = block.rows;
  swapped.is_call = block.is_put;
  swapped.forward = block.rows.strike;
  swapped.strike = block.rows.forward;
  kernels::OptionOutputs outputs{};
  outputs.delta = block.strike_delta;
  kernels::kernels().black76(swapped, outputs, n);
}

void price_block(Block& block, const SpotOutputs& out, std::size_t first, std::size_t n) noexcept {
  kernels::OptionOutputs outputs{};
  if (out.price != nullptr) outputs.price = out.price + first;
  if (out.vega != nullptr) outputs.vega = out.vega + first;
  if (out.volga != nullptr) outputs.volga = out.volga + first;
  const bool charm = out.charm != nullptr;
  const bool theta = out.theta != nullptr;
  if (out.delta != nullptr || out.dividend_rho != nullptr || theta || charm) {
    outputs.delta = block.delta;
  }
  if (out.gamma != nullptr || charm) outputs.gamma = block.gamma;
  if (theta) outputs.theta = block.theta;
  if (out.vanna != nullptr) outputs.vanna = block.vanna;
  if (charm) outputs.charm = block.charm;
  kernels::kernels().black76(block.rows, outputs, n);
  if (out.rho != nullptr) price_strike_delta(block, n);
}

// From derivatives in F with F held over time to derivatives in S with S held.
void to_spot(const Block& block, const SpotRows& in, const SpotOutputs& out, std::size_t first,
             std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t row = first + i;
    const double growth = block.growth[i];
    const double forward = block.forward[i];
    const double years = at(in.expiry_years, row);
    const double carry = at(in.rate_annual, row) - at(in.dividend_yield_annual, row);
    if (out.delta != nullptr) out.delta[row] = canonical(growth * block.delta[i]);
    if (out.gamma != nullptr) out.gamma[row] = canonical(growth * growth * block.gamma[i]);
    if (out.vanna != nullptr) out.vanna[row] = canonical(growth * block.vanna[i]);
    if (out.theta != nullptr) {
      out.theta[row] = canonical(block.theta[i] - carry * (forward * block.delta[i]));
    }
    if (out.rho != nullptr) {
      out.rho[row] = canonical(-years * (at(in.strike, row) * block.strike_delta[i]));
    }
    if (out.dividend_rho != nullptr) {
      out.dividend_rho[row] = canonical(-years * (forward * block.delta[i]));
    }
    if (out.charm != nullptr) {
      const double drift = carry * (block.delta[i] + forward * block.gamma[i]);
      out.charm[row] = canonical(growth * (block.charm[i] - drift));
    }
  }
}

}  // namespace

void black_scholes(const SpotRows& rows, const SpotOutputs& out, std::size_t count) noexcept {
  Block block;
  for (std::size_t first = 0; first < count; first += block_rows) {
    const std::size_t n = std::min(block_rows, count - first);
    fill(block, rows, first, n);
    price_block(block, out, first, n);
    to_spot(block, rows, out, first, n);
  }
}

}  // namespace tickmargin::pricing
