// Against margins that jump when markets fall: EMIR RTS 153/2013 article 28(1).
#pragma once

#include "margin/add_ons.hpp"
#include "risk/normal.hpp"
#include "tickmargin/policy.hpp"

namespace tickmargin::margin {

// The measure m at the volatility now, and what the policy makes of it. With m_pre, m_stress and
// m_long the same measure at the volatility before the stress, of stressed observations and of the
// longest history (each a parameter, NaN where not given), and b the buffer:
//   max( m, min(m, m_pre) (1 + b), (1 - weight) m + weight m_stress, m_long )
// so the buffer is spent while m rises beyond m_pre and never takes the move below m. The limits of
// the policy's own floor, cap and speed limit hold after it.
risk::ShortfallMoves damped(const ProcyclicalityParameters& p, const risk::ShortfallMoves& measured,
                            double days, double confidence) noexcept;

// Of every method but `dynamic`, whose moves are damped themselves: what the buffer, the stress
// weight and the floor ask for beyond a unit's own lines m, with G its gross delta at the index, v
// the realised volatility and v_pre that before the stress:
//   max( 0, m ((1 + b) min(1, v_pre / v) - 1),
//        weight (stressed_ratio G - m), long_run_ratio G - m )
// In maintenance all of it may rise by a bounded ratio a day: m + line is held to
// (previous_mm_ratio + limit x days) G, and the line never below 0.
bool damps_own_lines(const Policy& policy) noexcept;
Charge damped_own(const Holding& held) noexcept;

// The same of initial margin with resting orders, at most: `held` null for a unit that only orders
// touch. What the orders make the method itself ask for is counted apart, by damped_more().
double damped_with_orders(const Holding& held, const UnitRequirement* unit) noexcept;
double damped_more(const Policy& policy, double own_added) noexcept;

}  // namespace tickmargin::margin
