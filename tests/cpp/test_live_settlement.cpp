// The settlement window: what is left of a contract while its average fills up, what it pays at
// the end. Numbers by hand; sources: cpp/src/margin/README.md, cpp/src/live/README.md.
#include <algorithm>

#include "live_audit.hpp"

using namespace live_audit;

namespace {

constexpr TimeNs second = 1'000'000'000;
constexpr TimeNs window = 1800 * second;
constexpr TimeNs expiry = start_ns + ns_per_day;

enum Contract : std::int32_t { call, put, coin_call, coin_put, future, inverse, contracts };

// Index 100, dollars (0) and the coin (1). Account i is long one contract of instrument i.
LiveInputs small_book(double strike) {
  LiveInputs in;
  in.capacity.instruments = 32;
  EngineInputs& e = in.engine;
  MarketColumns& m = e.market;
  m.as_of_ns = start_ns;
  m.asset_price = {1.0, missing};
  m.asset_underlying = {-1, 0};
  m.index_price = {100.0};
  m.quote_asset = {0};
  m.realised_vol_annual = {0.5};
  m.depth_notional = {1e9};
  m.previous_mm_ratio = {missing};
  m.previous_ts_ns = {0};
  m.forward_underlying = {0};
  m.forward_expiry_ns = {expiry};
  m.forward_price = {100.0};
  m.forward_rate_annual = {0.0};
  InstrumentColumns& c = e.instruments;
  c.kind = {Kind::option, Kind::option, Kind::option, Kind::option, Kind::future, Kind::future};
  c.payoff = {Payoff::linear, Payoff::linear, Payoff::coin,
              Payoff::coin,   Payoff::linear, Payoff::inverse};
  c.underlying.assign(contracts, 0);
  c.settlement_asset = {0, 0, 1, 1, 0, 1};
  c.multiplier = {1, 1, 1, 1, 1, 100};
  c.strike = {strike, strike, strike, strike, 0, 0};
  c.expiry_ns.assign(contracts, expiry);
  c.is_call = {1, 0, 1, 0, 0, 0};
  c.bachelier.assign(contracts, 0);
  m.mark_price.assign(contracts, missing);
  m.mark_vol_annual = {0.5, 0.5, 0.5, 0.5, missing, missing};
  m.mark_vol_normal_annual.assign(contracts, missing);
  PortfolioColumns& p = e.portfolio;
  p.account_count = contracts;
  for (std::int32_t i = 0; i < contracts; ++i) {
    p.position_account.push_back(i);
    p.position_pocket.push_back(0);
    p.position_instrument.push_back(i);
    p.position_quantity.push_back(1.0);
    p.position_entry_price.push_back(i >= future ? 100.0 : missing);
    p.balance_account.push_back(i);
    p.balance_pocket.push_back(0);
    p.balance_asset.push_back(0);
    p.balance_amount.push_back(1000.0);
  }
  Policy policy;
  policy.method = MethodId::scenario;
  policy.haircut_initial.assign(2, Haircut{});
  policy.haircut_maintenance.assign(2, Haircut{});
  policy.futures.assign(1, {});
  policy.options.assign(1, {});
  policy.dynamic.assign(1, {});
  ScenarioParameters grid;
  grid.price_move = {-0.1, 0.0, 0.1};
  grid.vol_index = {0, 0, 0};
  grid.weight = {1, 1, 1};
  grid.vol_shock = {0};
  grid.price_range = 0.1;
  policy.scenario.assign(1, grid);
  e.policies = {{policy}, std::vector<std::int32_t>(contracts, 0)};
  in.settings.oracle.assign(1, {});
  OracleSettings& o = in.settings.oracle[0];
  o.heartbeat_ns = o.unusable_after_ns = 365 * ns_per_day;
  o.band_ratio = o.band_cap_ratio = 0.9;
  return in;
}

// Prices at times after the window's start; the clock stands at the last of them.
class Venue {
 public:
  explicit Venue(double strike) : engine(small_book(strike)) {
    price(100.0, start_ns);
    clock(-1);
  }
  void price(double index, TimeNs ts_ns) { apply_ok(engine, index_tick(0, ++seq_, index, ts_ns)); }
  void tick(double index, std::int64_t seconds) { price(index, at(seconds)); }
  void clock(std::int64_t seconds) { apply_ok(engine, clock_at(at(seconds))); }
  void expire(std::int32_t i) {
    apply_ok(engine, make_record(RecordType::instrument_expiry, i, engine.now_ns()));
  }
  // Worth of account i beyond its thousand dollars.
  double worth(AccountIndex i) {
    return static_cast<double>(engine.account(i).equity) / 1e6 - 1000.0;
  }
  double maintenance(AccountIndex i) {
    return static_cast<double>(engine.account(i).maintenance_margin) / 1e6;
  }

  LiveEngine engine;

 private:
  static TimeNs at(std::int64_t seconds) { return expiry - window + seconds * second; }
  std::uint64_t seq_ = 0;
};

TEST(half_of_the_average_is_known) {
  Venue v(100.0);
  v.tick(110.0, 0);
  v.clock(0);
  v.clock(900);
  // w = 1/2, A = 110: half a contract of strike (100 - 55) / 0.5 = 90.
  const double ten = 10.0;
  CHECK_NEAR(v.worth(call), ten, 2e-6);  // 0.5 (110 - 90)
  CHECK_NEAR(v.worth(put), 0.0, 2e-6);
  CHECK_NEAR(v.worth(coin_call), ten, 2e-6);  // 110 x 10 / 110
  CHECK_NEAR(v.worth(future), ten, 2e-6);     // 55 + 55 - 100
  CHECK_NEAR(v.worth(inverse), 110 * 100 * (1.0 / 100 - 1.0 / 110), 2e-6);
  // Down by a tenth, 99: the call loses 0.5 x 11, the future the same; what the call won in coin
  // is worth less besides: 10 - 99 x 0.5 x 9 / (55 + 49.5).
  CHECK_NEAR(v.maintenance(call), 5.5, 2e-6);
  CHECK_NEAR(v.maintenance(future), 5.5, 2e-6);
  CHECK_NEAR(v.maintenance(coin_call), 10.0 - 99 * 4.5 / 104.5, 2e-6);
  CHECK_NEAR(v.maintenance(inverse), 100.0 * 0.5 * 0.1, 2e-6);
  CHECK_NEAR(v.maintenance(put), 0.0, 2e-6);
  v.tick(80.0, 900);
  CHECK_NEAR(v.worth(call), 0.0, 2e-6);
  CHECK_NEAR(v.worth(put), 0.5 * (90 - 80), 2e-6);
  CHECK_NEAR(v.worth(coin_put), 80 * 5.0 / 95, 2e-6);  // X = 55 + 40
  CHECK_NEAR(v.worth(future), 95.0 - 100.0, 2e-6);
  CHECK_NEAR(v.worth(inverse), 80 * 100 * (1.0 / 100 - 1.0 / 95), 2e-6);
  same_as_frozen(v.engine);
}

TEST(an_average_that_decides_leaves_a_forward) {
  Venue v(100.0);
  v.tick(110.0, 0);
  v.clock(0);
  v.clock(1710);  // w = 0.95: K' = (100 - 104.5) / 0.05 = -90
  CHECK_NEAR(v.worth(call), 0.05 * (110 + 90), 2e-6);
  CHECK_NEAR(v.worth(put), 0.0, 0.0);
  v.tick(50.0, 1711);
  CHECK_NEAR(v.worth(call), 0.05 * (50 + 90), 2e-6);
  CHECK_NEAR(v.worth(coin_call), 50 * 7.0 / 107, 2e-6);
  CHECK_NEAR(v.maintenance(call), 0.05 * 5, 2e-6);  // a forward: 0.05 x 50 x 0.1
  CHECK_NEAR(v.maintenance(coin_call), 50 * 7.0 / 107 - 45 * 6.75 / 106.75, 2e-6);
  same_as_frozen(v.engine);
  for (const ExplainedScenario& s : v.engine.freeze().explain(coin_call).scenarios) {
    if (s.price_move == 0) CHECK_EQ(s.profit, 0.0);
  }
}

// Scenario profits are what a move of the index makes of the value, Greeks its derivatives.
void expect_derivatives(LiveEngine& engine, double index) {
  const Engine frozen = engine.freeze();
  const auto equity = [&](double price, std::size_t a) {
    RecomputeOptions options;
    options.index = {{0, price}};
    return frozen.recompute(options).accounts.equity[a];
  };
  const Result result = frozen.recompute();
  const double h = 0.02;
  for (std::int32_t i = 0; i < contracts; ++i) {
    const auto a = static_cast<std::size_t>(i);
    if (i != inverse) {  // its coins won count as collateral, see README.md
      const double up = equity(index + h, a), down = equity(index - h, a);
      CHECK_NEAR(result.units.delta_base[a], (up - down) / (2 * h), 2e-3);
      CHECK_NEAR(result.units.gamma[a], (up - 2 * equity(index, a) + down) / (h * h), 2e-2);
      for (const ExplainedScenario& s : frozen.explain(i).scenarios) {
        const double moved = equity(index * (1 + s.price_move), a);
        CHECK_NEAR(s.profit, moved - equity(index, a), 3e-6);
      }
    }
  }
}

TEST(scenarios_and_greeks_follow_the_window) {
  Venue v(107.5);  // K' = 105 at half the window
  v.tick(110.0, 0);
  v.clock(0);
  v.clock(900);
  v.tick(105.1, 900);
  expect_derivatives(v.engine, 105.1);
  const Result result = v.engine.freeze().recompute();
  CHECK_NEAR(result.units.delta_base[future], 0.5, 1e-12);
  CHECK_NEAR(result.units.delta_base[call] - result.units.delta_base[put], 0.5, 1e-12);
  CHECK_NEAR(result.pockets.gross_notional[future], 0.5 * 105.1, 1e-9);
  v.clock(1750);
  v.tick(140.0, 1750);
  expect_derivatives(v.engine, 140.0);
}

// 110 for half the window, then 80 and 120 for a quarter each: an average of 105.
void run_to_expiry(Venue& v) {
  v.tick(110.0, 0);
  v.clock(0);
  v.tick(80.0, 900);
  v.clock(1000);
  v.tick(120.0, 1350);
}

TEST(the_value_converges_to_the_payout_which_comes_once) {
  Venue v(100.0);
  run_to_expiry(v);
  const double paid[contracts] = {5, 0, 120 * 5.0 / 105, 0, 5, 120 * 100 * (0.01 - 1.0 / 105)};
  double last = 1e9;
  for (const std::int64_t left : {300, 100, 30, 10, 1}) {
    v.clock(1800 - left);
    double off = 0;
    for (std::int32_t i = 0; i < contracts; ++i) off += std::fabs(v.worth(i) - paid[i]);
    CHECK(off <= last);
    last = off;
    same_as_frozen(v.engine);
  }
  CHECK(last < 0.1);
  v.clock(1800);
  for (std::int32_t i = 0; i < contracts; ++i) {
    CHECK_NEAR(v.worth(i), paid[i], 2e-6);
    // Nothing of it moves with the index but the coins.
    const bool in_coin = i == coin_call;
    CHECK_NEAR(v.maintenance(i), in_coin ? 0.1 * paid[i] : 0.0, 2e-6);
  }
  same_as_frozen(v.engine);
  for (std::int32_t i = 0; i < contracts; ++i) {
    // Nothing trades any more, though the contract has yet to settle.
    const std::uint64_t hash = v.engine.state_hash();
    for (const RecordType type : {RecordType::fill, RecordType::order}) {
      Record trade = make_record(type, i, v.engine.now_ns());
      trade.account = i;
      trade.sequence = type == RecordType::order ? 7 : 0;
      trade.value[0] = -1.0;
      trade.value[1] = 100.0;
      const RecordStatus answer = v.engine.apply(trade).status;
      CHECK_EQ(answer, RecordStatus::expired);
    }
    CHECK(v.engine.check({i, 0, i, -1.0, 100.0}).verdict == CheckVerdict::refused_unknown);
    CHECK_EQ(v.engine.state_hash(), hash);
  }
  for (std::int32_t i = 0; i < contracts; ++i) {
    const double before = v.worth(i);
    v.expire(i);
    CHECK_NEAR(v.worth(i), before, 2e-6);
    CHECK_EQ(v.engine.account(i).maintenance_margin, Ticks{0});
    const std::uint64_t hash = v.engine.state_hash();
    const Record again = make_record(RecordType::instrument_expiry, i, v.engine.now_ns());
    const RecordStatus answer = v.engine.apply(again).status;
    CHECK_EQ(answer, RecordStatus::expired);
    CHECK_EQ(v.engine.state_hash(), hash);
  }
}

TEST(a_tick_after_the_expiry_is_not_in_the_average) {
  Venue v(100.0);
  run_to_expiry(v);
  v.tick(50.0, 1810);
  v.clock(1820);
  CHECK_NEAR(v.worth(call), 5.0, 2e-6);
  CHECK_NEAR(v.worth(future), 5.0, 2e-6);
  v.expire(call);
  CHECK_NEAR(v.worth(call), 5.0, 2e-6);
}

TEST(ticks_ahead_of_the_clock_are_in_the_average) {
  Venue v(100.0);
  v.clock(0);
  v.tick(170.0, 900);
  v.tick(150.0, 1350);
  v.clock(1000);  // the average is known to 1350: 100 for 900 s, 170 for 450 s
  CHECK_NEAR(v.worth(future), 0.75 * (370.0 / 3) + 0.25 * 150.0 - 100.0, 2e-6);
  v.clock(1800);
  CHECK_NEAR(v.worth(future), 130.0 - 100.0, 2e-6);
}

TEST(a_saved_window_goes_on) {
  Venue v(100.0);
  run_to_expiry(v);
  v.clock(1500);
  LiveEngine loaded = LiveEngine::load(v.engine.save());
  CHECK_EQ(loaded.state_hash(), v.engine.state_hash());
  same_as_frozen(loaded);
  for (LiveEngine* engine : {&loaded, &v.engine}) {
    apply_ok(*engine, clock_at(expiry));
    apply_ok(*engine, make_record(RecordType::instrument_expiry, call, expiry));
  }
  CHECK_EQ(loaded.state_hash(), v.engine.state_hash());
}

TEST(windows_are_used_again) {
  Venue v(100.0);
  for (std::int32_t n = 0; n < 20; ++n) {
    const TimeNs now = v.engine.now_ns(), ends = now + 4 * 3600 * second;
    Record listing = make_record(RecordType::instrument_listing, contracts + n, now);
    listing.sequence = static_cast<std::uint64_t>(ends);
    listing.detail = static_cast<std::int32_t>(Kind::future);
    listing.value[0] = 1.0;
    listing.value[2] = missing;
    apply_ok(v.engine, listing);
    apply_ok(v.engine, clock_at(ends - 60 * second));
    apply_ok(v.engine, clock_at(ends));
    v.expire(contracts + n);
  }
}

TEST(states_follow_every_record_through_a_window) {
  LiveInputs in = make_inputs(100, 31);
  in.engine.policies.policies[1].simulated_collateral = false;
  in.engine.policies.policies[2].simulated_collateral = true;
  const TimeNs ends = start_ns + 10 * ns_per_day;
  in.engine.market.as_of_ns = ends - 2 * 3600 * second;
  LiveEngine engine(in);
  Stream stream(engine, in, 32, in.engine.market.as_of_ns);
  std::size_t wrong = 0;
  for (int n = 0; stream.now() < ends + 60 * second; ++n) {
    RecordStatus status;
    const Record record = stream.next(engine, 20 * second);
    wrong += differences(engine, record, &status);
    CHECK(status == RecordStatus::ok || status == RecordStatus::capacity);
    if (n % 40 == 39) same_as_frozen(engine);
    if (n % 240 == 90) {
      LiveEngine loaded = LiveEngine::load(engine.save());
      CHECK_EQ(loaded.state_hash(), engine.state_hash());
      same_as_frozen(loaded);
      engine = std::move(loaded);
    }
  }
  apply_ok(engine, clock_at(stream.now()));
  same_as_frozen(engine);
  for (std::size_t i = 0; i < engine.instrument_count(); ++i) {
    if (in.engine.instruments.expiry_ns[i] != ends) continue;
    const auto handle = static_cast<InstrumentIndex>(i);
    apply_ok(engine, make_record(RecordType::instrument_expiry, handle, stream.now()));
  }
  same_as_frozen(engine);
  CHECK_EQ(wrong, std::size_t{0});
}

// Twenty pockets, each with eight balances: a ninth for each is more than there is room for.
TEST(a_settlement_without_room_changes_nothing) {
  LiveInputs in = small_book(100.0);
  MarketColumns& m = in.engine.market;
  for (int a = 0; a < 8; ++a) {
    m.asset_price.push_back(1.0);
    m.asset_underlying.push_back(-1);
  }
  Policy& policy = in.engine.policies.policies[0];
  policy.haircut_initial.assign(10, Haircut{});
  policy.haircut_maintenance.assign(10, Haircut{});
  PortfolioColumns& p = in.engine.portfolio;
  p = {};
  p.account_count = 20;
  in.engine.policies.account_policy.assign(20, 0);
  for (std::int32_t account = 0; account < 20; ++account) {
    p.position_account.push_back(account);
    p.position_pocket.push_back(0);
    p.position_instrument.push_back(call);
    p.position_quantity.push_back(1.0);
    p.position_entry_price.push_back(missing);
    for (std::int32_t asset = 2; asset < 10; ++asset) {
      p.balance_account.push_back(account);
      p.balance_pocket.push_back(0);
      p.balance_asset.push_back(asset);
      p.balance_amount.push_back(1.0);
    }
  }
  in.capacity.pockets = 20;
  in.capacity.balances = p.balance_asset.size();
  LiveEngine engine(in);
  apply_ok(engine, index_tick(0, 1, 110.0, start_ns));
  apply_ok(engine, clock_at(expiry));
  const std::uint64_t hash = engine.state_hash();
  const Record settle = make_record(RecordType::instrument_expiry, call, expiry);
  const RecordStatus answer = engine.apply(settle).status;
  CHECK_EQ(answer, RecordStatus::capacity);
  CHECK_EQ(engine.state_hash(), hash);
  CHECK_EQ(engine.audit(), std::size_t{0});
  in.capacity.balances *= 2;
  LiveEngine roomy(in);
  apply_ok(roomy, index_tick(0, 1, 110.0, start_ns));
  apply_ok(roomy, clock_at(expiry));
  apply_ok(roomy, settle);
  CHECK_EQ(roomy.account(19).equity, static_cast<Ticks>(18e6));
}

}  // namespace

CHECK_MAIN()
