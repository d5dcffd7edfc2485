// Answers of the live engine as columns.
#pragma once

#include <vector>

#include "columns.hpp"
#include "tickmargin/live.hpp"

namespace tickmargin::bindings {

struct AccountColumns {
  std::vector<State> state;
  std::vector<Status> status;
  std::vector<std::uint8_t> breach, blocked;
  std::vector<std::int32_t> policy;
  std::vector<Ticks> equity, equity_initial, initial_margin, maintenance_margin, slack;
  std::vector<TimeNs> since_ns;
  std::vector<std::uint64_t> applied_seq, epoch;

  void add(const LiveAccount& a) {
    state.push_back(a.state);
    status.push_back(a.status);
    breach.push_back(a.breach);
    blocked.push_back(a.liquidation_blocked);
    policy.push_back(a.policy);
    equity.push_back(a.equity);
    equity_initial.push_back(a.equity_initial);
    initial_margin.push_back(a.initial_margin);
    maintenance_margin.push_back(a.maintenance_margin);
    slack.push_back(a.slack);
    since_ns.push_back(a.since_ns);
    applied_seq.push_back(a.applied_seq);
    epoch.push_back(a.epoch);
  }

  py::dict give() && {
    py::dict d;
    d["state"] = give_column(std::move(state));
    d["status"] = give_column(std::move(status));
    d["breach"] = give_column(std::move(breach));
    d["liquidation_blocked"] = give_column(std::move(blocked));
    d["policy"] = give_column(std::move(policy));
    d["equity"] = give_column(std::move(equity));
    d["equity_initial"] = give_column(std::move(equity_initial));
    d["initial_margin"] = give_column(std::move(initial_margin));
    d["maintenance_margin"] = give_column(std::move(maintenance_margin));
    d["slack_ticks"] = give_column(std::move(slack));
    d["since_ns"] = give_column(std::move(since_ns));
    d["applied_seq"] = give_column(std::move(applied_seq));
    d["epoch"] = give_column(std::move(epoch));
    return d;
  }
};

struct CheckColumns {
  std::vector<CheckVerdict> verdict;
  std::vector<Status> status;
  std::vector<UnderlyingIndex> underlying;
  std::vector<double> price_move, vol_shock;
  std::vector<Ticks> shortfall, equity_after, initial_after;

  explicit CheckColumns(std::size_t n)
      : verdict(n),
        status(n),
        underlying(n),
        price_move(n),
        vol_shock(n),
        shortfall(n),
        equity_after(n),
        initial_after(n) {}

  void set(std::size_t row, const CheckedOrder& c) {
    verdict[row] = c.verdict;
    status[row] = c.status;
    underlying[row] = c.binding_underlying;
    price_move[row] = c.binding_price_move;
    vol_shock[row] = c.binding_vol_shock;
    shortfall[row] = c.shortfall;
    equity_after[row] = c.equity_after;
    initial_after[row] = c.initial_after;
  }

  py::dict give() && {
    py::dict d;
    d["verdict"] = give_column(std::move(verdict));
    d["status"] = give_column(std::move(status));
    d["binding_underlying"] = give_column(std::move(underlying));
    d["binding_price_move"] = give_column(std::move(price_move));
    d["binding_vol_shock"] = give_column(std::move(vol_shock));
    d["shortfall"] = give_column(std::move(shortfall));
    d["equity_after"] = give_column(std::move(equity_after));
    d["initial_margin_after"] = give_column(std::move(initial_after));
    return d;
  }
};

}  // namespace tickmargin::bindings
