// Strong gamma against brute force: pockets whose equity is convex or concave in an index and next
// to flat in it, near their borders, while every factor moves by about as much as bands are wide.
// There a slope taken from the wrong side of a kink-free curve has another sign.
#include "check.hpp"
#include "live_bursts.hpp"

using namespace live_book;

namespace {

constexpr std::int32_t accounts = 48;

// Straddles at the money beside a small perpetual that asks for margin, under the rule that
// margins each contract by its own notional and counts option values in equity.
LiveInputs gamma_inputs() {
  LiveInputs in = make_inputs(2, 11, 2);
  const InstrumentColumns& c = in.engine.instruments;
  PortfolioColumns& p = in.engine.portfolio;
  const auto each = static_cast<std::int32_t>(c.size()) / underlyings;
  const auto hold = [&](std::int32_t account, std::int32_t instrument, double contracts) {
    const auto at = static_cast<std::size_t>(instrument);
    const double index = index_at_start[c.underlying[at]];
    p.position_account.push_back(account);
    p.position_pocket.push_back(0);
    p.position_instrument.push_back(instrument);
    p.position_quantity.push_back(contracts * 60'000.0 / index);
    p.position_entry_price.push_back(c.kind[at] == Kind::option ? missing : index);
  };
  Draw draw(12);
  for (std::int32_t a = 2; a < accounts; ++a) {
    const std::int32_t u = draw.below(underlyings);
    const double size = draw.uniform(40, 80) * (a % 3 == 2 ? -1 : 1);
    for (const int call : {0, 2}) hold(a, u * each + 3 + 3 * 4 + call + 1, size);
    hold(a, u * each, draw.chance(0.5) ? 6 : -6);
    p.balance_account.push_back(a);
    p.balance_pocket.push_back(0);
    p.balance_asset.push_back(0);
    p.balance_amount.push_back(3e4);
  }
  p.account_count = accounts;
  in.engine.policies.policies = {make_policy(MethodId::fixed, false)};
  in.engine.policies.account_policy.assign(accounts, 0);
  in.capacity.positions = 64 * accounts;
  in.capacity.balances = 16 * accounts;
  in.capacity.transfers = 1 << 16;
  in.settings.renewals_per_record = accounts;
  return in;
}

}  // namespace

TEST(no_transition_of_strong_gamma_is_missed) {
  const LiveInputs inputs = gamma_inputs();
  LiveEngine engine(inputs);
  Bursts stream(engine, inputs, 13);
  Moves moves;
  for (std::int32_t u = 0; u < underlyings; ++u) engine.apply(stream.first_tick(u));
  CHECK(engine.policy_has_bands(0));
  long divergent = 0;
  constexpr long records = 20'000;
  for (long n = 0; n < records && divergent == 0; ++n) {
    CHECK_EQ(engine.apply(stream.next()).status, RecordStatus::ok);
    divergent += static_cast<long>(engine.audit());
    if (n % 16 == 0) moves.read(engine);
  }
  moves.read(engine);
  const LiveCounters c = engine.counters();
  std::printf("  %ld transitions to worse, %ld to better; %llu evaluated, %llu renewed\n",
              moves.all_worse(), moves.all_better(), static_cast<unsigned long long>(c.evaluated),
              static_cast<unsigned long long>(c.renewed));
  CHECK_EQ(divergent, 0L);
  CHECK(moves.all_worse() >= records / 100);
  CHECK(moves.all_better() >= records / 100);
  CHECK(c.watched < static_cast<std::uint64_t>(records) * accounts / 4);  // bands, not brute force
}

CHECK_MAIN()
