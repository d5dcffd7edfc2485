// A factor by which a fast rule's loss counts, so that it covers an exact rule's: the loss lines
// and the credit between them are multiplied, what that adds has a line of its own.
#pragma once

#include "margin/method.hpp"

namespace tickmargin::margin {

// On a requirement without resting orders; what those add is multiplied where it is found.
void apply_safety(const Policy& policy, PocketRequirement& requirement) noexcept;

}  // namespace tickmargin::margin
