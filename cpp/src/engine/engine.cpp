#include "tickmargin/engine.hpp"

#include "base/assert.hpp"
#include "base/float_state.hpp"
#include "engine/batch.hpp"
#include "engine/currency_equity.hpp"
#include "engine/explain.hpp"
#include "engine/liquidation_price.hpp"
#include "engine/projection.hpp"
#include "engine/risk_matrix.hpp"
#include "engine/state_counts.hpp"
#include "engine/what_if.hpp"

namespace tickmargin {

Engine::Engine(EngineInputs inputs) {
  const base::FloatState standard;
  InstrumentColumns instruments = std::move(inputs.instruments);
  book::Book book = book::make_book(inputs.portfolio, instruments);
  market::Market market = market::make_market(std::move(inputs.market), instruments);
  state_ = State::make(std::move(instruments), std::move(market), std::move(book),
                       std::move(inputs.policies), base::tick_scale(inputs.numeraire_decimals));
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}

// The revaluation refers to the instruments and policies, so they must stand at their final
// address first.
std::unique_ptr<Engine::State> Engine::State::make(InstrumentColumns instruments,
                                                   market::Market market, book::Book book,
                                                   PolicySet policies, base::TickScale scale,
                                                   std::optional<engine::PolicyRamp> ramp) {
  auto state = std::unique_ptr<State>(new State{
      std::move(instruments), std::move(policies), std::move(book), scale, std::move(ramp), {}});
  TICKMARGIN_ASSERT(state->policies.account_policy.size() == state->book.account_count());
  state->world.emplace(engine::revalue(std::move(market), state->instruments,
                                       state->policies.policies,
                                       state->ramp ? &*state->ramp : nullptr));
  return state;
}

Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Result Engine::recompute(const RecomputeOptions& options) const {
  const base::FloatState standard;
  const PolicySet& policies = options.candidate != nullptr ? *options.candidate : state_->policies;
  if (options.candidate == nullptr && options.index.empty()) {
    return engine::recompute_all(*state_->world, state_->book, policies, state_->scale,
                                 options.threads);
  }
  market::Market market = state_->world->market;
  engine::move_index(market, options.index);
  // A candidate is looked at as if it had been in force for long.
  const bool ramped = options.candidate == nullptr && state_->ramp;
  const engine::Revaluation world = engine::revalue(
      std::move(market), state_->instruments, policies.policies, ramped ? &*state_->ramp : nullptr);
  return engine::recompute_all(world, state_->book, policies, state_->scale, options.threads);
}

Result Engine::project(const Projection& projection) const {
  const base::FloatState standard;
  return engine::project(state_->instruments, state_->world->market, state_->book, state_->policies,
                         state_->ramp, state_->scale, projection);
}

StateCounts Engine::count_states(const JointScenarios& scenarios) const {
  const base::FloatState standard;
  return engine::count_states(state_->instruments, state_->world->market, state_->book,
                              state_->policies, state_->ramp, state_->scale, scenarios);
}

Explanation Engine::explain(AccountIndex account) const {
  const base::FloatState standard;
  return engine::explain_account(*state_->world, state_->book, state_->policies, state_->scale,
                                 account);
}

RiskMatrix Engine::risk_matrix(AccountIndex account) const {
  const base::FloatState standard;
  return engine::risk_matrix(*state_->world, state_->book, state_->policies, account);
}

std::vector<CurrencyEquityRow> Engine::currency_equity(AccountIndex account) const {
  const base::FloatState standard;
  return engine::currency_equity(*state_->world, state_->book, state_->policies, account);
}

std::vector<OrderEffect> Engine::what_if(const std::vector<Order>& orders, InstrumentIndex hedge,
                                         int threads) const {
  const base::FloatState standard;
  return engine::order_effects(*state_->world, state_->book, state_->policies, state_->scale,
                               orders, hedge, threads);
}

LiquidationPrices Engine::liquidation_prices(AccountIndex account, std::int32_t pocket,
                                             UnderlyingIndex underlying) const {
  const base::FloatState standard;
  const book::Book& book = state_->book;
  const auto a = static_cast<std::size_t>(account);
  const Policy& policy =
      state_->policies.policies[static_cast<std::size_t>(state_->policies.account_policy[a])];
  for (std::int64_t p = book.account_pockets[a]; p < book.account_pockets[a + 1]; ++p) {
    const auto row = static_cast<std::size_t>(p);
    if (book.pocket_name[row] != pocket) continue;
    return engine::liquidation_prices(*state_->world, book, policy, state_->scale, row, underlying);
  }
  // A pocket that holds nothing has no price that could hurt it.
  return {base::canonical_nan, base::canonical_nan, RootStatus::none, RootStatus::none};
}

std::vector<double> Engine::position_values(const std::vector<InstrumentIndex>& instrument,
                                            const std::vector<double>& quantity,
                                            const std::vector<double>& entry_price) const {
  const base::FloatState standard;
  const pricing::Context context = state_->world->context();
  std::vector<double> values(instrument.size());
  for (std::size_t n = 0; n < values.size(); ++n) {
    const auto i = static_cast<std::uint32_t>(instrument[n]);
    const double entry = book::entry_term(state_->instruments.payoff[i], entry_price[n]);
    values[n] = collateral::position_worth(context, i, quantity[n], entry);
  }
  return values;
}

std::vector<std::uint8_t> Engine::supported(std::int32_t policy) const {
  const base::FloatState standard;
  const engine::PolicyState& rules = state_->world->policies[static_cast<std::size_t>(policy)];
  std::vector<std::uint8_t> known(state_->instruments.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    known[i] = engine::is_supported(*state_->world, rules, static_cast<std::uint32_t>(i)) ? 1 : 0;
  }
  return known;
}

std::vector<double> Engine::gross_notional() const {
  const base::FloatState standard;
  const book::Book& book = state_->book;
  std::vector<double> gross(book.account_count(), 0.0);
  for (std::size_t pocket = 0; pocket < book.pocket_count(); ++pocket) {
    const book::PocketRows rows = book::pocket_rows(book, pocket);
    double& sum = gross[static_cast<std::size_t>(book.pocket_account[pocket])];
    for (std::int64_t k = rows.first_position(); k < rows.end_position(); ++k) {
      const double contracts = rows.quantity[k] < 0 ? -rows.quantity[k] : rows.quantity[k];
      sum += contracts * state_->world->values.contract[rows.instrument[k]].notional;
    }
  }
  return gross;
}

std::size_t Engine::account_count() const noexcept {
  return state_->book.account_count();
}

std::size_t Engine::underlying_count() const noexcept {
  return state_->world->market.underlying_count();
}

const char* verdict_name(OrderVerdict verdict) noexcept {
  switch (verdict) {
    case OrderVerdict::accepted: return "accepted";
    case OrderVerdict::accepted_reduces: return "accepted_reduces";
    case OrderVerdict::refused_margin: return "refused_margin";
    case OrderVerdict::refused_undecidable: return "refused_undecidable";
  }
  return "unknown";
}

const char* root_status_name(RootStatus status) noexcept {
  switch (status) {
    case RootStatus::found: return "found";
    case RootStatus::none: return "none";
    case RootStatus::already_past: return "already_past";
    case RootStatus::undecidable: return "undecidable";
  }
  return "unknown";
}

}  // namespace tickmargin
