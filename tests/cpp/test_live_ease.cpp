// Small steps of everything that bands are drawn against, among accounts near every border: most
// bands that end are moved without an evaluation, and after every record each pocket is where brute
// force finds it.
#include <cstdio>

#include "live_audit.hpp"
#include "live_bursts.hpp"

using namespace live_audit;

namespace {

constexpr std::int32_t accounts = 240;

// Every account's equity within 3 % of a border of its policy, or of the way out of it.
LiveInputs inputs_near_borders(std::uint64_t seed) {
  LiveInputs in = make_inputs(accounts / 3, seed);
  add_specialists(in, accounts / 3, accounts, seed + 1);
  EngineInputs& e = in.engine;
  e.policies = make_policies(accounts);
  // Whoever is long both sides loses most at a strike: under the policies that look there.
  std::vector<std::int32_t>& policy_of = e.policies.account_policy;
  for (std::int32_t a = accounts / 3; a < accounts; ++a) {
    if (a % 4 == 2) policy_of[static_cast<std::size_t>(a)] = a % 8 == 2 ? 2 : 5;
  }
  const Result now = Engine(e).recompute();
  Draw draw(seed + 2);
  for (std::int32_t a = 0; a < accounts; ++a) {
    const auto account = static_cast<std::size_t>(a);
    const Policy& policy =
        e.policies.policies[static_cast<std::size_t>(e.policies.account_policy[account])];
    const Levels& l = policy.levels;
    const double levels[3] = {l.warning, l.margin_call, l.liquidation};
    const double wanted =
        levels[draw.below(3)] * draw.uniform(0.97, 1.05) * now.accounts.maintenance_margin[account];
    e.portfolio.balance_account.push_back(a);
    e.portfolio.balance_pocket.push_back(0);
    e.portfolio.balance_asset.push_back(0);
    e.portfolio.balance_amount.push_back(wanted - now.accounts.equity[account]);
  }
  return in;
}

class SmallSteps {
 public:
  SmallSteps(LiveEngine& engine, const InstrumentColumns& instruments, std::uint64_t seed)
      : instruments_(instruments), draw_(seed), vol_(instruments.size(), 0.6) {
    for (std::int32_t u = 0; u < underlyings; ++u) {
      price_[u] = index_at_start[u];
      apply_ok(engine, tick(u, 0));
    }
  }

  Record next(const LiveEngine& engine) {
    now_ += 100'000'000;
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.8) return tick(draw_.below(underlyings), draw_.chance(0.02) ? 3e-3 : 1e-4);
    if (kind < 0.9) return volatility();
    if (kind < 0.97) return forward(engine);
    return clock_at(now_ += static_cast<TimeNs>(draw_.uniform(0, 6e11)));
  }

 private:
  Record tick(std::int32_t u, double size) {
    price_[u] *= 1 + size * draw_.normal();
    return index_tick(u, ++sequence_, price_[u], now_);
  }
  Record volatility() {
    const std::int32_t i = an_option(draw_, instruments_);
    double& vol = vol_[static_cast<std::size_t>(i)];
    vol *= 1 + 5e-4 * draw_.normal();
    Record r = make_record(RecordType::volatility, i, now_);
    r.value[0] = vol;
    return r;
  }
  Record forward(const LiveEngine& engine) {
    const std::int32_t node = draw_.below(2 * underlyings);
    Record r = make_record(RecordType::forward, node / 2, now_);
    r.detail = node;
    r.value[0] = engine.index_price(node / 2) * (1.001 + 2e-5 * draw_.normal());
    r.value[1] = 0.03;
    return r;
  }

  const InstrumentColumns& instruments_;
  Draw draw_;
  std::vector<double> vol_;
  double price_[underlyings];
  TimeNs now_ = start_ns;
  std::uint64_t sequence_ = 0;
};

TEST(bands_move_without_an_evaluation) {
  for (const std::uint64_t seed : {61u, 62u, 63u}) {
    const LiveInputs inputs = inputs_near_borders(seed);
    LiveEngine engine(inputs);
    SmallSteps steps(engine, inputs.engine.instruments, seed + 100);
    long divergent = 0;
    Moves moves;
    const LiveCounters before = engine.counters();
    for (int n = 0; n < 6000 && divergent == 0; ++n) {
      const RecordStatus status = engine.apply(steps.next(engine)).status;
      CHECK_EQ(status, RecordStatus::ok);
      moves.read(engine);
      divergent += static_cast<long>(engine.audit());
    }
    const LiveCounters c = engine.counters();
    const std::uint64_t eased = c.eased - before.eased, crossed = c.crossed - before.crossed;
    std::printf(
        "  seed %llu: %llu bands eased, %llu crossed; %ld transitions to worse, %ld to better\n",
        static_cast<unsigned long long>(seed), static_cast<unsigned long long>(eased),
        static_cast<unsigned long long>(crossed), moves.all_worse(), moves.all_better());
    CHECK_EQ(divergent, 0L);
    CHECK(moves.all_worse() > 100);
    CHECK(moves.all_better() > 100);
    CHECK(eased > 5000);
    CHECK(eased > crossed);
    same_as_frozen(engine);
  }
}

}  // namespace

CHECK_MAIN()
