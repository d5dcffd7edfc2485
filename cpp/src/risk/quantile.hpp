// Quantiles of a sample by name, and the tail of a sample of losses: which observations it holds
// and with what share each, so that a measure and its attribution are one list of shares.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tickmargin::risk {

// The nine definitions of Hyndman and Fan (1996) and the four plain ones, under NumPy's names, and
// `nearest_index`, the observation whose number is nearest to n p, a half up.
enum class QuantileRule : std::uint8_t {
  inverted_cdf,
  averaged_inverted_cdf,
  closest_observation,
  interpolated_inverted_cdf,
  hazen,
  weibull,
  linear,
  median_unbiased,
  normal_unbiased,
  lower,
  higher,
  midpoint,
  nearest,
  nearest_index,
};
inline constexpr std::size_t quantile_rule_count = 14;
const char* quantile_rule_name(QuantileRule rule) noexcept;

// Two neighbours of the sorted sample, counted from 0, and the share of the upper one.
struct QuantilePlace {
  std::size_t lower;
  std::size_t upper;
  double share;
};
QuantilePlace quantile_place(QuantileRule rule, double probability, std::size_t count) noexcept;

// Of a sorted sample that is not empty.
double quantile(std::span<const double> sorted, double probability, QuantileRule rule) noexcept;

// One observation's part in a measure: shares add up to 1.
struct TailShare {
  std::uint32_t scenario;
  double share;
};

// The first `sorted` of `order` are the worst of the losses given last, in order; whoever gives
// other losses sets it to 0. So several tails of one sample are sorted once, the deepest first.
struct TailScratch {
  std::vector<std::uint32_t> order;
  std::size_t sorted = 0;
  std::vector<double> peak;  // of blocks of the sample

  void reserve(std::size_t count) {
    order.reserve(count);
    peak.reserve(count);
  }
};

// Observations of value at risk (at most two) and of expected shortfall, the mean of the
// worst (1 - confidence) of the weight, the last observation counted in part (Acerbi and Tasche
// 2002). Losses are positive and finite; ties are taken in the order of the sample. With weights,
// which are positive and add up to 1, value at risk is the largest loss that the worst
// (1 - confidence) of the weight reaches (Boudoukh, Richardson and Whitelaw 1998), and the rule is
// not looked at.
void var_shares(std::span<const double> losses, std::span<const double> weights, double confidence,
                QuantileRule rule, TailScratch& scratch, std::vector<TailShare>& out);
void es_shares(std::span<const double> losses, std::span<const double> weights, double confidence,
               TailScratch& scratch, std::vector<TailShare>& out);

// The measure that the shares make of losses, added in the order of the shares.
double tail_value(std::span<const double> losses, std::span<const TailShare> shares) noexcept;

// (1 - decay) decay^age / (1 - decay^count), the newest observation first; decay below 1.
std::vector<double> age_weights(std::size_t count, double decay);

}  // namespace tickmargin::risk
