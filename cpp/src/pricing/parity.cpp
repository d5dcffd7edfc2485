#include "pricing/parity.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/ticks.hpp"

namespace tickmargin::pricing {

double forward_from_parity(const ParityQuotes& quotes) {
  std::vector<double> forwards;
  for (std::size_t i = 0; i < quotes.count; ++i) {
    const double difference = quotes.call[i] - quotes.put[i];
    const double forward = quotes.coin_settled ? quotes.strike[i] / (1.0 - difference)
                                               : quotes.strike[i] + difference / quotes.discount;
    if (std::isfinite(forward)) forwards.push_back(forward);
  }
  if (forwards.empty()) return base::canonical_nan;
  std::sort(forwards.begin(), forwards.end());
  const std::size_t middle = forwards.size() / 2;
  if (forwards.size() % 2 == 1) return forwards[middle];
  return 0.5 * (forwards[middle - 1] + forwards[middle]);
}

}  // namespace tickmargin::pricing
