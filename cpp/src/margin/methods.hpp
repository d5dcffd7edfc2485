// The base methods, one file each.
#pragma once

#include "margin/method.hpp"

namespace tickmargin::margin {

void prepare_fixed(const Context&, Prepared&);
void evaluate_fixed(const Context&, const Prepared&, const PocketRows&, Scratch&,
                    PocketRequirement&, PositionTrace*);

void prepare_dynamic(const Context&, Prepared&);
void evaluate_dynamic(const Context&, const Prepared&, const PocketRows&, Scratch&,
                      PocketRequirement&, PositionTrace*);

void prepare_scenario(const Context&, Prepared&);
void evaluate_scenario(const Context&, const Prepared&, const PocketRows&, Scratch&,
                       PocketRequirement&, PositionTrace*);

}  // namespace tickmargin::margin
