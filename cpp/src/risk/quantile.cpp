#include "risk/quantile.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace tickmargin::risk {
namespace {

constexpr const char* names[quantile_rule_count] = {"inverted_cdf",
                                                    "averaged_inverted_cdf",
                                                    "closest_observation",
                                                    "interpolated_inverted_cdf",
                                                    "hazen",
                                                    "weibull",
                                                    "linear",
                                                    "median_unbiased",
                                                    "normal_unbiased",
                                                    "lower",
                                                    "higher",
                                                    "midpoint",
                                                    "nearest",
                                                    "nearest_index"};

// Between the observations around position h, counted from 0.
QuantilePlace between(double h, double last) noexcept {
  const double held = std::fmin(std::fmax(h, 0.0), last);
  const double below = std::floor(held);
  const auto lower = static_cast<std::size_t>(below);
  const auto upper = static_cast<std::size_t>(std::ceil(held));
  return {lower, upper, held - below};
}

QuantilePlace at(double h, double last) noexcept {
  const auto i = static_cast<std::size_t>(std::fmin(std::fmax(h, 0.0), last));
  return {i, i, 0.0};
}

// alpha + p (n + 1 - alpha - beta) - 1 of Hyndman and Fan, with alpha = beta.
double plotting(double a, double p, double n) noexcept {
  return a + p * (n + 1.0 - a - a) - 1.0;
}

double even_of_halves(double x) noexcept {
  const double below = std::floor(x);
  if (x - below != 0.5) return std::floor(x + 0.5);
  return std::fmod(below, 2.0) == 0.0 ? below : below + 1.0;
}

// A loss that at least `count` of the sample reach, and few more where they are few of many: the
// largest losses of blocks are looked at, and of these the one number `count`.
double reached_by(std::span<const double> losses, std::size_t count, std::size_t block,
                  std::vector<double>& peak) {
  peak.clear();
  for (std::size_t first = 0; first < losses.size(); first += block) {
    const std::size_t end = std::min(first + block, losses.size());
    double largest = losses[first];
    for (std::size_t i = first + 1; i < end; ++i) largest = std::max(largest, losses[i]);
    peak.push_back(largest);
  }
  const auto last = peak.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(peak.begin(), last, peak.end(), std::greater<>());
  return *last;
}

// The numbers of at least the `count` worst of the sample, the first `count` of them sorted, worst
// first; the rest in no order.
void worst_first(std::span<const double> losses, std::size_t count, TailScratch& scratch) {
  std::vector<std::uint32_t>& order = scratch.order;
  count = std::min(count, losses.size());
  if (scratch.sorted >= count && count > 0) return;
  scratch.sorted = count;
  order.resize(losses.size());
  // Blocks of so many that three times as many are left as are looked for.
  constexpr std::size_t spare = 3;
  const std::size_t block = count == 0 ? 0 : losses.size() / (spare * count);
  if (block > 1) {
    const double least = reached_by(losses, count, block, scratch.peak);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < losses.size(); ++i) {
      order[kept] = static_cast<std::uint32_t>(i);
      kept += losses[i] >= least ? 1 : 0;
    }
    order.resize(kept);
  } else {
    std::iota(order.begin(), order.end(), 0U);
  }
  const auto worse = [&](std::uint32_t a, std::uint32_t b) {
    return losses[a] > losses[b] || (losses[a] == losses[b] && a < b);
  };
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(count);
  if (middle != order.end()) std::nth_element(order.begin(), middle, order.end(), worse);
  std::sort(order.begin(), middle, worse);
}

void weighted_var(std::span<const double> losses, std::span<const double> weights,
                  double confidence, TailScratch& scratch, std::vector<TailShare>& out) {
  worst_first(losses, losses.size(), scratch);
  const double tail = 1.0 - confidence;
  double mass = 0;
  for (const std::uint32_t i : scratch.order) {
    mass += weights[i];
    if (mass < tail) continue;
    out.push_back({i, 1.0});
    return;
  }
  out.push_back({scratch.order[losses.size() - 1], 1.0});
}

}  // namespace

const char* quantile_rule_name(QuantileRule rule) noexcept {
  return names[static_cast<std::size_t>(rule)];
}

QuantilePlace quantile_place(QuantileRule rule, double p, std::size_t count) noexcept {
  const auto n = static_cast<double>(count);
  const double last = n - 1.0;
  const double np = n * p;
  switch (rule) {
    case QuantileRule::inverted_cdf: return at(std::ceil(np) - 1.0, last);
    case QuantileRule::averaged_inverted_cdf: {
      const double whole = std::floor(np);
      if (np != whole) return at(std::ceil(np) - 1.0, last);
      const QuantilePlace low = at(whole - 1.0, last), high = at(whole, last);
      return {low.lower, high.lower, 0.5};
    }
    case QuantileRule::closest_observation: return at(even_of_halves(np) - 1.0, last);
    case QuantileRule::interpolated_inverted_cdf: return between(np - 1.0, last);
    case QuantileRule::hazen: return between(plotting(0.5, p, n), last);
    case QuantileRule::weibull: return between(plotting(0.0, p, n), last);
    case QuantileRule::linear: return between(last * p, last);
    case QuantileRule::median_unbiased: return between(plotting(1.0 / 3.0, p, n), last);
    case QuantileRule::normal_unbiased: return between(plotting(3.0 / 8.0, p, n), last);
    case QuantileRule::lower: return at(std::floor(last * p), last);
    case QuantileRule::higher: return at(std::ceil(last * p), last);
    case QuantileRule::midpoint: {
      const QuantilePlace low = at(std::floor(last * p), last);
      const QuantilePlace high = at(std::ceil(last * p), last);
      return {low.lower, high.lower, 0.5};
    }
    case QuantileRule::nearest: return at(even_of_halves(last * p), last);
    case QuantileRule::nearest_index: return at(std::floor(np + 0.5) - 1.0, last);
  }
  return {0, 0, 0.0};
}

double quantile(std::span<const double> sorted, double probability, QuantileRule rule) noexcept {
  const QuantilePlace place = quantile_place(rule, probability, sorted.size());
  const double low = sorted[place.lower], high = sorted[place.upper];
  return place.share == 0 ? low : (1.0 - place.share) * low + place.share * high;
}

void var_shares(std::span<const double> losses, std::span<const double> weights, double confidence,
                QuantileRule rule, TailScratch& scratch, std::vector<TailShare>& out) {
  out.clear();
  if (losses.empty()) return;
  if (!weights.empty()) return weighted_var(losses, weights, confidence, scratch, out);
  const std::size_t n = losses.size();
  const QuantilePlace place = quantile_place(rule, confidence, n);
  // The one that has number i counted upwards is number n - 1 - i from the worst.
  worst_first(losses, n - place.lower, scratch);
  const std::uint32_t low = scratch.order[n - 1 - place.lower];
  const std::uint32_t high = scratch.order[n - 1 - place.upper];
  if (place.share == 0 || low == high) {
    out.push_back({low, 1.0});
    return;
  }
  out.push_back({low, 1.0 - place.share});
  out.push_back({high, place.share});
}

void es_shares(std::span<const double> losses, std::span<const double> weights, double confidence,
               TailScratch& scratch, std::vector<TailShare>& out) {
  out.clear();
  if (losses.empty()) return;
  const auto n = static_cast<double>(losses.size());
  const bool weighted = !weights.empty();
  // Counted in observations where they weigh the same, so that no sum of 1 / n is rounded.
  const double tail = weighted ? 1.0 - confidence : (1.0 - confidence) * n;
  const std::size_t most = weighted ? losses.size() : static_cast<std::size_t>(std::ceil(tail));
  worst_first(losses, most, scratch);
  double left = tail;
  for (std::size_t place = 0; place < scratch.sorted; ++place) {
    const std::uint32_t i = scratch.order[place];
    const double weight = weighted ? weights[i] : 1.0;
    const double taken = std::fmin(weight, left);
    if (!(taken > 0)) return;
    out.push_back({i, taken / tail});
    left -= taken;
  }
}

double tail_value(std::span<const double> losses, std::span<const TailShare> shares) noexcept {
  double sum = 0;
  for (const TailShare& part : shares) sum += part.share * losses[part.scenario];
  return sum;
}

std::vector<double> age_weights(std::size_t count, double decay) {
  std::vector<double> weights(count);
  double power = 1.0;
  for (double& weight : weights) {
    weight = power;
    power *= decay;
  }
  const double factor = (1.0 - decay) / (1.0 - power);
  for (double& weight : weights) weight *= factor;
  return weights;
}

}  // namespace tickmargin::risk
