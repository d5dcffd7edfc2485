#include "engine/currency_equity.hpp"

#include "collateral/valuation.hpp"

namespace tickmargin::engine {

std::vector<CurrencyEquityRow> currency_equity(const Revaluation& world, const book::Book& book,
                                               const PolicySet& policies, AccountIndex account) {
  const auto a = static_cast<std::size_t>(account);
  const PolicyState& policy = world.policies[static_cast<std::size_t>(policies.account_policy[a])];
  const pricing::Context context = world.context();
  const std::size_t assets = world.values.asset_price.size();
  std::vector<CurrencyEquityRow> rows(assets);
  std::vector<bool> named(assets, false);
  for (std::size_t n = 0; n < assets; ++n) rows[n].asset = static_cast<AssetIndex>(n);
  for (std::int64_t p = book.account_pockets[a]; p < book.account_pockets[a + 1]; ++p) {
    const book::PocketRows pocket = book::pocket_rows(book, static_cast<std::size_t>(p));
    for (std::size_t b = 0; b < pocket.balance_asset.size(); ++b) {
      const auto asset = static_cast<std::size_t>(pocket.balance_asset[b]);
      rows[asset].balance += pocket.balance_amount[b];
      named[asset] = true;
    }
    for (std::int64_t k = pocket.first_position(); k < pocket.end_position(); ++k) {
      const std::uint32_t i = pocket.instrument[k];
      if (!collateral::counts_in_equity(context, *policy.policy, i)) continue;
      const auto asset = static_cast<std::size_t>(world.instruments.settlement_asset[i]);
      const double worth =
          collateral::position_worth(context, i, pocket.quantity[k], pocket.entry[k]);
      const bool option = world.instruments.kind[i] == Kind::option;
      (option ? rows[asset].option_value : rows[asset].unrealised) +=
          worth / world.values.asset_price[asset];
      named[asset] = true;
    }
  }
  std::vector<CurrencyEquityRow> out;
  for (std::size_t n = 0; n < assets; ++n) {
    rows[n].equity = rows[n].balance + rows[n].unrealised + rows[n].option_value;
    if (named[n]) out.push_back(rows[n]);
  }
  return out;
}

}  // namespace tickmargin::engine
