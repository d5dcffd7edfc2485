// Every method of margin, every add-on, and an engine that records: none of them allocates on a
// record's way, an order's or a read's.
#include <cstdlib>
#include <filesystem>
#include <string>

#include "check.hpp"
#include "live_counted.hpp"
#include "margin/add_ons.hpp"

namespace {

using Change = void (*)(PolicySet&);

void drive_and_count(LiveEngine& engine, const LiveInputs& inputs, std::uint64_t seed) {
  Stream stream(inputs, seed);
  Calls calls;
  drive(engine, stream, 1'000, calls);
  std::printf("  %ld orders accepted, %ld events\n", calls.checked, calls.events);
  check_calls(calls, engine, {0, 50, 10});
}

LiveInputs inputs_with(Change change) {
  LiveInputs inputs = make_inputs(accounts, 51);
  change(inputs.engine.policies);
  inputs.capacity.positions = 100'000;
  inputs.capacity.pockets = 2'000;
  return inputs;
}

// What add-ons read of a market and of an account.
void add_inputs(EngineInputs& engine) {
  MarketColumns& m = engine.market;
  for (auto* column : {&m.price_velocity, &m.flow_signed, &m.flow_total, &m.open_interest,
                       &m.regime_score, &m.macro_score, &m.rate_stress, &m.index_confidence}) {
    column->assign(underlyings, 0.5);
  }
  m.open_interest.assign(underlyings, 1e8);
  m.index_ts_ns.assign(underlyings, start_ns);
  m.asset_borrow_rate.assign(m.asset_price.size(), 0.05);
  m.asset_risk.assign(m.asset_price.size(), 0.01);
  m.mark_funding_rate.assign(engine.instruments.size(), 0.1);
  engine.portfolio.account_credit_score.assign(accounts, 0.8);
}

void run(Change change) {
  for (const bool bands : {true, false}) {
    LiveInputs inputs = inputs_with(change);
    add_inputs(inputs.engine);
    inputs.settings.bands = bands;
    LiveEngine engine(inputs);
    drive_and_count(engine, inputs, 52);
  }
}

void by_matrix(PolicySet& set) {
  MatrixParameters p;
  for (int move = -3; move <= 3; ++move) {
    for (std::uint8_t vol = 0; vol < 3; ++vol) {
      p.price_move.push_back(0.05 * move);
      p.vol_index.push_back(vol);
    }
  }
  p.standard = p.price_move.size();
  for (const double move : {-0.6, 0.6}) {
    p.price_move.push_back(move);
    p.vol_index.push_back(1);
  }
  p.vol_shock = {0.4, 0.0, -0.3};
  p.price_range = 0.15;
  p.roll_ratio_annual = 0.05;
  p.roll_ratio_min = 0.005;
  p.delta_shock_slope = 1e-3;
  p.delta_shock_max_ratio = 0.1;
  p.correlation_ratio = 0.01;
  p.maintenance_factor = 0.8;
  for (Policy& policy : set.policies) {
    policy.method = MethodId::matrix;
    policy.matrix.assign(underlyings, p);
  }
}

void by_span(PolicySet& set) {
  SpanParameters p;
  p.scan_ratio = 0.15;
  p.vol_range = 0.3;
  p.tier_end_days = {30, 400};
  p.short_minimum = 10;
  p.spot_charge = 5;
  p.spot_days = 20;
  p.maintenance_factor = 0.8;
  for (Policy& policy : set.policies) {
    policy.method = MethodId::span;
    policy.netting.rule = NettingRule::sum;
    policy.span.assign(underlyings, p);
    policy.span_credits = {{0, 1, 1.0, 20.0, 0.5}};
  }
}

void by_tail(PolicySet& set, MethodId method) {
  Draw draw(61);
  TailParameters p;
  p.sets = {{0, 250, {}}, {250, 150, {}}};
  p.moves.resize(underlyings);
  for (TailMoves& moves : p.moves) {
    moves.known = true;
    for (int s = 0; s < 400; ++s) {
      moves.price_move.push_back(0.03 * draw.normal());
      moves.vol_shock.push_back(0.05 * draw.normal());
    }
  }
  p.initial.terms = {{0, 0.75}, {1, 0.25}};
  p.initial.factor = 1.2;
  p.maintenance.confidence = 0.95;
  p.maintenance.terms = {{0, 1.0}};
  for (Policy& policy : set.policies) {
    policy.method = method;
    policy.netting.rule = NettingRule::sum;
    policy.tail = p;
  }
}
void by_value_at_risk(PolicySet& set) {
  by_tail(set, MethodId::var);
}
void by_expected_shortfall(PolicySet& set) {
  by_tail(set, MethodId::es);
}
// Without scenarios: deltas and gammas under a covariance.
void by_delta_gamma(PolicySet& set) {
  TailParameters p;
  p.quadratic = true;
  p.moves.resize(underlyings);
  for (TailMoves& moves : p.moves) moves.known = true;
  for (TailMargin* margin : {&p.initial, &p.maintenance}) {
    for (int a = 0; a < underlyings; ++a) {
      for (int b = 0; b < underlyings; ++b) {
        margin->covariance.push_back(a == b ? 1e-3 : 5e-4);
      }
    }
  }
  p.initial.factor = 1.2;
  Policy& policy = set.policies[0];  // the others keep theirs: its integrals take long
  policy.method = MethodId::es;
  policy.netting.rule = NettingRule::sum;
  policy.tail = p;
}

// Other contracts than linear futures are not a protocol's: half of the accounts keep their method.
void by_protocol(PolicySet& set) {
  const ProtocolRule rules[] = {ProtocolRule::dydx_v4, ProtocolRule::vega, ProtocolRule::drift_v2};
  for (std::size_t n = 0; n < set.policies.size(); n += 2) {
    ProtocolParameters p;
    p.rule = rules[n / 2];
    p.size_decimals = 6;
    p.price_decimals = 4;
    p.initial_ppm = 50'000;
    p.maintenance_fraction_ppm = 600'000;
    p.risk_long = p.risk_short = 0.05;
    p.initial_scaling = 1.5;
    p.initial_ratio = 0.1;
    p.maintenance_ratio = 0.05;
    Policy& policy = set.policies[n];
    policy.method = MethodId::protocol;
    policy.netting.rule = NettingRule::sum;
    policy.protocol.assign(underlyings, p);
    if (p.rule == ProtocolRule::drift_v2) policy.tokens.assign(5, {});
  }
}

// Each add-on that the method lets a policy charge, with a value for each of its keys.
void with_every_add_on(PolicySet& set) {
  for (Policy& policy : set.policies) {
    for (std::uint8_t id = 0; id < margin::add_on_count; ++id) {
      const margin::AddOn& add_on = margin::add_on_of(static_cast<margin::AddOnId>(id));
      if (add_on.seen_by >> static_cast<unsigned>(policy.method) & 1) continue;
      AddOnParameters charged{id, {}};
      for (std::int32_t row = 0; row < (add_on.unit != nullptr ? underlyings : 1); ++row) {
        for (const margin::Key& key : add_on.keys) {
          charged.values.push_back(key.range == margin::KeyRange::positive ? 1.0 : 1e-3);
        }
      }
      policy.add_ons.push_back(charged);
    }
    policy.pegs.assign(5, {-1, 1.0, 1.5, 2.0, 1.0});  // every asset is below its threshold
    CHECK(policy.add_ons.size() > 15);
  }
}

TEST(nothing_allocates_by_matrix) {
  run(by_matrix);
}
TEST(nothing_allocates_by_span) {
  run(by_span);
}
TEST(nothing_allocates_by_value_at_risk) {
  run(by_value_at_risk);
}
TEST(nothing_allocates_by_expected_shortfall) {
  run(by_expected_shortfall);
}
TEST(nothing_allocates_by_delta_gamma) {
  run(by_delta_gamma);
}
TEST(nothing_allocates_by_protocol) {
  run(by_protocol);
}
TEST(nothing_allocates_with_every_add_on) {
  run(with_every_add_on);
}

// Copying a record to the journal's ring is on its way too; the journal's thread is not.
TEST(nothing_allocates_while_recording) {
  std::string directory = (std::filesystem::temp_directory_path() / "counted.XXXXXX").string();
  CHECK(mkdtemp(directory.data()) != nullptr);
  {
    const LiveInputs inputs = inputs_with([](PolicySet&) {});
    LiveEngine engine(inputs);
    engine.record_to(directory);
    drive_and_count(engine, inputs, 53);
    CHECK(engine.flush());
    CHECK_EQ(engine.durable_seq(), engine.applied_seq());
    CHECK(engine.applied_seq() > 500);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace

CHECK_MAIN()
