// Against margins that jump when markets fall: EMIR RTS 153/2013 article 28(1) on a measured move.
#pragma once

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

}  // namespace tickmargin::margin
