#include "risk/joint_moves.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"
#include "risk/normal.hpp"
#include "risk/tail_risk.hpp"

namespace tickmargin::risk {
namespace {

using kernels::exp_of;
using kernels::log_of;

// splitmix64 (Steele, Lea and Flood 2014).
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

  // In (0, 1), never an end of it.
  double uniform() noexcept {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return (static_cast<double>(z >> 11) + 0.5) * 0x1p-53;
  }
  double normal() noexcept { return normal_quantile(uniform()); }

  // Marsaglia and Tsang (2000), shape at least 1.
  double gamma(double shape) noexcept {
    const double d = shape - 1.0 / 3.0;
    const double c = 1.0 / std::sqrt(9.0 * d);
    while (true) {
      const double x = normal();
      const double cube = 1.0 + c * x;
      if (cube <= 0) continue;
      const double v = cube * cube * cube;
      if (log_of(uniform()) < 0.5 * x * x + d - d * v + d * log_of(v)) return d * v;
    }
  }

  double poisson(double mean) noexcept {
    double probability = exp_of(-mean), total = probability, count = 0;
    const double u = uniform();
    while (u > total && probability > 0) {
      count += 1.0;
      probability *= mean / count;
      total += probability;
    }
    return count;
  }

 private:
  std::uint64_t state_;
};

// Lower triangle L with L L' the matrix; a direction without variance is left out.
std::vector<double> lower_root(std::span<const double> matrix, std::size_t n) {
  constexpr double nothing = 1e-12;
  std::vector<double> root(n * n, 0.0);
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = matrix[j * n + j];
    for (std::size_t k = 0; k < j; ++k) pivot -= root[j * n + k] * root[j * n + k];
    if (!(pivot > nothing)) continue;
    root[j * n + j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = matrix[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= root[i * n + k] * root[j * n + k];
      root[i * n + j] = sum / root[j * n + j];
    }
  }
  return root;
}

std::vector<double> drawn_logs(const Draws& draws) {
  const std::size_t n = draws.deviation.size();
  const std::vector<double> root = lower_root(draws.correlation, n);
  std::vector<double> logs(n * draws.count), independent(n);
  Random random(draws.seed);
  for (std::size_t s = 0; s < draws.count; ++s) {
    for (double& x : independent) x = random.normal();
    // Variance of t is freedom / (freedom - 2); a chi-square is two gammas of half its freedom.
    double scale = 1.0;
    if (draws.freedom > 0) {
      scale = std::sqrt((draws.freedom - 2.0) / (2.0 * random.gamma(0.5 * draws.freedom)));
    }
    double jump = 0;
    if (draws.jump_count > 0) {
      const double count = random.poisson(draws.jump_count);
      jump = count * draws.jump_mean + std::sqrt(count) * draws.jump_deviation * random.normal();
    }
    for (std::size_t u = 0; u < n; ++u) {
      double correlated = 0;
      for (std::size_t k = 0; k <= u; ++k) correlated += root[u * n + k] * independent[k];
      logs[u * draws.count + s] = draws.deviation[u] * (scale * correlated) + jump;
    }
  }
  return logs;
}

// Replaces each of the values by the quantile of `sorted` at the middle of its rank's share.
void take_marginal(std::span<double> values, std::span<const double> sorted,
                   std::vector<std::uint32_t>& order) {
  const std::uint64_t draws = values.size(), n = sorted.size();
  order.resize(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return values[a] != values[b] ? values[a] < values[b] : a < b;
  });
  for (std::uint64_t r = 0; r < draws; ++r) {
    const std::uint64_t shares = (2 * r + 1) * n;  // in halves of a draw
    const std::uint64_t place = (shares + 2 * draws - 1) / (2 * draws) - 1;
    values[order[r]] = sorted[place];
  }
}

}  // namespace

std::vector<double> filtered_moves(std::span<const double> prices, double omega, double alpha,
                                   double beta, const RowPairs& pairs) {
  const std::size_t steps = prices.empty() ? 0 : prices.size() - 1;
  std::vector<double> logs(steps), rescaled(steps), sum(steps + 1, 0.0);
  double squares = 0;
  for (std::size_t t = 0; t < steps; ++t) {
    logs[t] = log_of(prices[t + 1] / prices[t]);
    squares += logs[t] * logs[t];
  }
  const double first_variance = squares / static_cast<double>(steps);
  filtered_returns(logs, {omega, alpha, beta, first_variance}, rescaled.data());
  for (std::size_t t = 0; t < steps; ++t) sum[t + 1] = sum[t] + rescaled[t];
  std::vector<double> moves(pairs.start.size());
  for (std::size_t i = 0; i < moves.size(); ++i) {
    moves[i] = exp_of(sum[pairs.end[i]] - sum[pairs.start[i]]) - 1.0;
  }
  return moves;
}

std::vector<double> drawn_moves(const Draws& draws) {
  std::vector<double> moves = drawn_logs(draws);
  for (double& move : moves) move = exp_of(move) - 1.0;
  return moves;
}

std::vector<double> copula_moves(const CopulaDraws& draws) {
  const std::vector<double> alike(draws.underlyings, 1.0);
  std::vector<double> moves =
      drawn_logs({alike, draws.correlation, draws.count, draws.seed, draws.freedom, 0, 0, 0});
  const std::size_t n = draws.history.size() / draws.underlyings;
  std::vector<double> sorted(n);
  std::vector<std::uint32_t> order;
  for (std::size_t u = 0; u < draws.underlyings; ++u) {
    const std::span<const double> own = draws.history.subspan(u * n, n);
    const std::span<double> drawn = std::span(moves).subspan(u * draws.count, draws.count);
    if (std::any_of(own.begin(), own.end(), [](double x) { return std::isnan(x); })) {
      std::fill(drawn.begin(), drawn.end(), base::canonical_nan);
      continue;
    }
    std::copy(own.begin(), own.end(), sorted.begin());
    std::sort(sorted.begin(), sorted.end());
    take_marginal(drawn, sorted, order);
  }
  return moves;
}

}  // namespace tickmargin::risk
