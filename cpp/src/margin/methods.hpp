// The base methods, one file each.
#pragma once

#include "margin/method.hpp"

namespace tickmargin::margin {

void evaluate_fixed(const Context&, const Prepared&, const PocketRows&, Scratch&,
                    PocketRequirement&, PositionTrace*);

void dynamic_scenarios(const Context&, const Policy&, std::size_t u, bool with_nodes,
                        risk::UnderlyingScenarios& out, Status&);
void evaluate_dynamic(const Context&, const Prepared&, const PocketRows&, Scratch&,
                      PocketRequirement&, PositionTrace*);

void scenario_scenarios(const Context&, const Policy&, std::size_t u, bool with_nodes,
                         risk::UnderlyingScenarios& out, Status&);
void evaluate_scenario(const Context&, const Prepared&, const PocketRows&, Scratch&,
                       PocketRequirement&, PositionTrace*);

}  // namespace tickmargin::margin
