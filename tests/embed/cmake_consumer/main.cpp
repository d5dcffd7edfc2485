// A risk service in C++: one account, one perpetual, margined in process, once as a batch and once
// record by record. With an argument the live engine is saved there, as other doors open it.
#include <tickmargin/engine.hpp>
#include <tickmargin/live.hpp>
#include <tickmargin/version.hpp>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <vector>

namespace {

tickmargin::Policy two_percent() {
  tickmargin::Policy policy;
  policy.name = "two-percent";
  policy.haircut_initial.resize(1);
  policy.haircut_maintenance.resize(1);
  policy.futures.resize(1);
  policy.futures[0].initial_ratio = 0.02;
  policy.futures[0].maintenance_ratio = 0.01;
  policy.options.resize(1);
  return policy;
}

tickmargin::EngineInputs one_perpetual() {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  tickmargin::EngineInputs in;
  in.market.as_of_ns = 1'700'000'000'000'000'000;
  in.market.asset_price = {1.0};
  in.market.asset_underlying = {-1};
  in.market.index_price = {60000.0};
  in.market.quote_asset = {0};
  in.market.realised_vol_annual = {missing};
  in.market.depth_notional = {missing};
  in.market.previous_mm_ratio = {missing};
  in.market.previous_ts_ns = {0};
  in.market.mark_price = {60000.0};
  in.market.mark_vol_annual = {missing};
  in.market.mark_vol_normal_annual = {missing};
  in.instruments.kind = {tickmargin::Kind::perpetual};
  in.instruments.payoff = {tickmargin::Payoff::linear};
  in.instruments.underlying = {0};
  in.instruments.settlement_asset = {0};
  in.instruments.multiplier = {1.0};
  in.instruments.strike = {missing};
  in.instruments.expiry_ns = {0};
  in.instruments.is_call = {0};
  in.instruments.bachelier = {0};
  in.portfolio.account_count = 1;
  in.portfolio.position_account = {0};
  in.portfolio.position_pocket = {0};
  in.portfolio.position_instrument = {0};
  in.portfolio.position_quantity = {2.0};
  in.portfolio.position_entry_price = {59000.0};
  in.portfolio.balance_account = {0};
  in.portfolio.balance_pocket = {0};
  in.portfolio.balance_asset = {0};
  in.portfolio.balance_amount = {5000.0};
  in.policies.policies = {two_percent()};
  in.policies.account_policy = {0};
  return in;
}

bool batch() {
  const tickmargin::Engine engine(one_perpetual());
  const tickmargin::Result result = engine.recompute();
  const double equity = result.accounts.equity[0];
  const double margin = result.accounts.initial_margin[0];
  std::printf("tickmargin %s: equity %.2f, initial margin %.2f, %s\n", TICKMARGIN_VERSION, equity,
              margin, tickmargin::state_name(result.accounts.state[0]));
  // 5,000 + 2 x (60,000 - 59,000) and 2 % of 120,000.
  return equity == 7000.0 && margin == 2400.0;
}

tickmargin::Record index_tick(double price, std::uint64_t sequence) {
  tickmargin::Record record{};
  record.type = tickmargin::RecordType::index_tick;
  record.ts_ns = 1'700'000'000'000'000'000;
  record.sequence = sequence;
  record.value[0] = price;
  return record;
}

bool live(const char* save_to) {
  tickmargin::LiveInputs inputs;
  inputs.engine = one_perpetual();
  tickmargin::LiveEngine engine(inputs);
  bool right = engine.apply(index_tick(60'000.0, 1)).status == tickmargin::RecordStatus::ok;
  if (save_to != nullptr) {
    const std::vector<std::byte> bytes = engine.save();
    std::ofstream(save_to, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  // 2 % of 12 x 60,000, no binary fraction and rounded up, less 7,000 of equity.
  const tickmargin::CheckedOrder refused = engine.check({0, 0, 0, 10.0, 60'000.0});
  right = right && refused.verdict == tickmargin::CheckVerdict::refused_margin &&
          refused.shortfall == 7'400'000'001;
  for (const double price : {58'500.0, 57'000.0}) {
    engine.apply(index_tick(price, price == 58'500.0 ? 2 : 3));
  }
  // 5,000 - 2 x 2,000 against 1 % of 114,000.
  const tickmargin::LiveAccount account = engine.account(0);
  std::printf("live: %s, slack %lld, hash %016llx\n", tickmargin::state_name(account.state),
              static_cast<long long>(account.slack),
              static_cast<unsigned long long>(engine.state_hash()));
  return right && account.state == tickmargin::State::liquidating &&
         account.slack == -140'000'000 && engine.audit() == 0;
}

}  // namespace

int main(int argc, char** argv) {
  return batch() && live(argc > 1 ? argv[1] : nullptr) ? 0 : 1;
}
