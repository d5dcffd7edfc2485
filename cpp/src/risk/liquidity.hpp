// What closing out costs beyond the mark.
#pragma once

namespace tickmargin::risk {

// The square-root law: factor x sqrt(notional / depth), as a ratio of the notional, at most `cap`.
// A depth that is not known, or 0, counts as none: the cap.
double impact_ratio(double factor, double notional, double depth, double cap) noexcept;

}  // namespace tickmargin::risk
