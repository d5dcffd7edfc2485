// The base methods, one file each.
#pragma once

#include "margin/method.hpp"

namespace tickmargin::margin {

void evaluate_fixed(const Context&, const Prepared&, const PocketRows&, Scratch&,
                    PocketRequirement&, PositionTrace*);

void dynamic_scenarios(const Context&, const Policy&, std::size_t u, bool with_nodes,
                       risk::UnderlyingScenarios& out, Status&);
// Initial charge for what the book's depth cannot take of a delta.
double depth_charge(const Context& context, const DynamicParameters& p, std::size_t u,
                    double delta_base) noexcept;
void evaluate_dynamic(const Context&, const Prepared&, const PocketRows&, Scratch&,
                      PocketRequirement&, PositionTrace*);

void scenario_scenarios(const Context&, const Policy&, std::size_t u, bool with_nodes,
                        risk::UnderlyingScenarios& out, Status&);
void evaluate_scenario(const Context&, const Prepared&, const PocketRows&, Scratch&,
                       PocketRequirement&, PositionTrace*);

void matrix_scenarios(const Context&, const Policy&, std::size_t u, bool with_nodes,
                      risk::UnderlyingScenarios& out, Status&);
void evaluate_matrix(const Context&, const Prepared&, const PocketRows&, Scratch&,
                     PocketRequirement&, PositionTrace*);

void evaluate_span(const Context&, const Prepared&, const PocketRows&, Scratch&, PocketRequirement&,
                   PositionTrace*);
// An upper bound of initial margin if any subset of the resting orders trades; what they lose
// against the mark is not in it.
double span_initial_with_orders(const Context&, const Prepared&, const PocketRows&, Scratch&);

void evaluate_portfolio(const Context&, const Prepared&, const PocketRows&, Scratch&,
                        PocketRequirement&, PositionTrace*);

void evaluate_standard(const Context&, const Prepared&, const PocketRows&, Scratch&,
                       PocketRequirement&, PositionTrace*);

// `var` and `es`.
void tail_scenarios(const Context&, const Policy&, std::size_t u, bool with_nodes,
                    risk::UnderlyingScenarios& out, Status&);
void evaluate_tail(const Context&, const Prepared&, const PocketRows&, Scratch&, PocketRequirement&,
                   PositionTrace*);

// Initial margin if whichever of the resting orders trade that leaves most of it; what they lose
// against the mark is not in it.
double portfolio_initial_with_orders(const Context&, const Prepared&, const PocketRows&, Scratch&);
double standard_initial_with_orders(const Context&, const Prepared&, const PocketRows&, Scratch&);

void evaluate_protocol(const Context&, const Prepared&, const PocketRows&, Scratch&,
                       PocketRequirement&, PositionTrace*);

}  // namespace tickmargin::margin
