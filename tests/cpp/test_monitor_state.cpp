#include "monitor/state.hpp"

#include <limits>

#include "check.hpp"

using namespace tickmargin;
using monitor::Amounts;
using monitor::decide;

namespace {

const base::TickScale cents = base::tick_scale(2);
const Levels levels{1.5, 1.2, 1.0};

State after(State previous, double equity, double maintenance, double value) {
  const Amounts amounts{equity, equity, maintenance, maintenance, value};
  const monitor::Decision decision = decide(amounts, levels, cents, Status::ok);
  return monitor::next_state(previous, decision, amounts, levels, 0.02, cents);
}

State state_of(double equity, double maintenance, double value) {
  return decide({equity, equity, maintenance, maintenance, value}, levels, cents, Status::ok).state;
}

}  // namespace

TEST(an_account_with_nothing_is_healthy) {
  CHECK_EQ(state_of(0, 0, 0), State::healthy);
}

TEST(each_border_belongs_to_the_safer_state) {
  CHECK_EQ(state_of(150.00, 100, 150), State::healthy);
  CHECK_EQ(state_of(149.99, 100, 150), State::warning);
  CHECK_EQ(state_of(120.00, 100, 150), State::warning);
  CHECK_EQ(state_of(119.99, 100, 150), State::margin_call);
  CHECK_EQ(state_of(100.00, 100, 150), State::margin_call);
  CHECK_EQ(state_of(99.99, 100, 150), State::liquidating);
}

TEST(bankrupt_is_judged_without_haircuts) {
  CHECK_EQ(state_of(-5, 100, 0), State::liquidating);
  CHECK_EQ(state_of(-5, 100, -0.01), State::bankrupt);
  CHECK_EQ(state_of(200, 100, -0.01), State::healthy);
}

TEST(a_state_is_left_above_its_border_and_a_part) {
  CHECK_EQ(after(State::liquidating, 101.99, 100, 50), State::liquidating);
  CHECK_EQ(after(State::liquidating, 102.00, 100, 50), State::margin_call);
  CHECK_EQ(after(State::margin_call, 122.39, 100, 50), State::margin_call);
  CHECK_EQ(after(State::warning, 152.99, 100, 50), State::warning);
  CHECK_EQ(after(State::warning, 153.00, 100, 50), State::healthy);
}

TEST(hysteresis_makes_no_state_worse) {
  CHECK_EQ(after(State::liquidating, 99.99, 100, -1), State::bankrupt);
  CHECK_EQ(after(State::liquidating, 100.00, 100, -1), State::liquidating);
  CHECK_EQ(after(State::bankrupt, 100.00, 100, -1), State::bankrupt);
  CHECK_EQ(after(State::bankrupt, 100.00, 100, 0), State::liquidating);
  CHECK_EQ(after(State::healthy, 100.00, 100, -1), State::margin_call);
}

TEST(a_fraction_of_a_tick_of_requirement_counts_whole) {
  const monitor::Decision d = decide({100, 100, 0, 100.001, 100}, levels, cents, Status::ok);
  CHECK_EQ(d.maintenance_margin, 10001);
  CHECK_EQ(d.slack, -1);
  CHECK_EQ(d.state, State::liquidating);
}

TEST(what_is_not_a_number_is_undecidable) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (int field = 0; field < 5; ++field) {
    Amounts amounts{100, 100, 1, 1, 100};
    double* const fields[] = {&amounts.equity_initial, &amounts.equity_maintenance,
                              &amounts.initial_margin, &amounts.maintenance_margin,
                              &amounts.value_after_close_out};
    *fields[field] = nan;
    const monitor::Decision d = decide(amounts, levels, cents, Status::ok);
    CHECK_EQ(d.state, State::undecidable);
    CHECK_EQ(d.status, Status::not_finite);
  }
}

TEST(a_given_reason_is_kept) {
  const monitor::Decision d = decide({100, 100, 1, 1, 100}, levels, cents, Status::missing_vol);
  CHECK_EQ(d.state, State::undecidable);
  CHECK_EQ(d.status, Status::missing_vol);
}

TEST(amounts_beyond_the_ledger_overflow) {
  CHECK_EQ(decide({1e17, 1e17, 0, 0, 0}, levels, cents, Status::ok).status, Status::overflow);
  CHECK_EQ(decide({0, 0, 0, 1e17, 0}, levels, cents, Status::ok).status, Status::overflow);
}

CHECK_MAIN()
