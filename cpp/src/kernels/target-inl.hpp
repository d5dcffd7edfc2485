// Everything a target needs, in its own anonymous namespace. A target_*.cpp defines
// TICKMARGIN_TARGET (its namespace and name), TICKMARGIN_VECTOR_BYTES (its register width) and
// TICKMARGIN_SCAN_COLUMNS (how many scan columns its registers hold), then includes this file.
// No header of the standard library that defines inline functions may be included here: the linker
// would be free to keep the copy compiled for a newer processor and use it everywhere.
#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"
#include "kernels/targets.hpp"

#include "kernels/coefficients.hpp"

#define TICKMARGIN_STRING_(x) #x
#define TICKMARGIN_STRING(x) TICKMARGIN_STRING_(x)

namespace tickmargin::kernels::TICKMARGIN_TARGET {
namespace {

#include "kernels/math-inl.hpp"
#include "kernels/lanes-inl.hpp"
#include "kernels/rows-inl.hpp"
#include "kernels/black76-inl.hpp"
#include "kernels/bachelier-inl.hpp"
#include "kernels/implied-inl.hpp"
#include "kernels/scenarios-inl.hpp"
#include "kernels/scan-inl.hpp"
#include "kernels/elementary-inl.hpp"

}  // namespace

extern const Kernels table;
const Kernels table{TICKMARGIN_STRING(TICKMARGIN_TARGET),
                    black76,
                    bachelier,
                    implied_vol,
                    bachelier_implied_vol,
                    option_scenarios,
                    portfolio_scan,
                    largest_row,
                    exp_column,
                    log_column,
                    erfc_column};

}  // namespace tickmargin::kernels::TICKMARGIN_TARGET
