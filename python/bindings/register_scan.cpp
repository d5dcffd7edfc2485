// Scenario tables and scans over positions: arrays borrowed from the caller, results into the
// caller's arrays, the GIL released. The package's scan.py gives the arrays their types and shapes.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>

#include "columns.hpp"
#include "engine/parallel.hpp"
#include "kernels/kernels.hpp"
#include "register.hpp"

namespace tickmargin::bindings {
namespace {

// An array must be exactly what the kernel reads: no conversion, no hidden copy.
template <class T>
py::array_t<T, py::array::c_style> exact_array(const py::handle& object, const char* name) {
  using Array = py::array_t<T, py::array::c_style>;
  if (!py::isinstance<Array>(object)) {
    throw py::type_error(std::string(name) + " must be a contiguous array of " +
                         py::str(py::dtype::of<T>()).cast<std::string>());
  }
  return py::reinterpret_borrow<Array>(object);
}

template <class T>
const T* borrow(const py::dict& columns, const char* name, std::size_t count) {
  if (!columns.contains(name)) throw py::value_error(std::string("missing column ") + name);
  const auto array = exact_array<T>(columns[name], name);
  if (static_cast<std::size_t>(array.size()) != count) {
    throw py::value_error(std::string(name) + " has the wrong number of elements");
  }
  return array.data();
}

template <class T>
T* borrow_output(const py::dict& out, const char* name, std::size_t count) {
  if (!out.contains(name)) return nullptr;
  auto array = exact_array<T>(out[name], name);
  if (static_cast<std::size_t>(array.size()) != count) {
    throw py::value_error(std::string(name) + " has the wrong number of elements");
  }
  return array.mutable_data();
}

// `instruments`: is_call, forward, strike, expiry_years, scale, base_value (a value a row) and
// vols_annual (rows x volatilities); `scenarios`: price_factor, vol_index, weight.
void scenario_matrix(const py::dict& instruments, const py::dict& scenarios, py::array out) {
  auto profit = exact_array<double>(out, "out");
  const auto vols = exact_array<double>(instruments["vols_annual"], "vols_annual");
  if (profit.ndim() != 2 || vols.ndim() != 2) {
    throw py::value_error("out and vols_annual must have two dimensions");
  }
  const auto rows = static_cast<std::size_t>(profit.shape(0));
  const auto columns = static_cast<std::size_t>(profit.shape(1));
  const auto vol_count = static_cast<std::size_t>(vols.shape(1));
  const kernels::ScenarioRows input{rows,
                                    borrow<std::uint8_t>(instruments, "is_call", rows),
                                    borrow<double>(instruments, "forward", rows),
                                    borrow<double>(instruments, "strike", rows),
                                    borrow<double>(instruments, "expiry_years", rows),
                                    borrow<double>(instruments, "vols_annual", rows * vol_count),
                                    vol_count,
                                    borrow<double>(instruments, "scale", rows),
                                    borrow<double>(instruments, "base_value", rows)};
  const kernels::ScenarioGrid grid{columns, borrow<double>(scenarios, "price_factor", columns),
                                   borrow<std::uint8_t>(scenarios, "vol_index", columns),
                                   borrow<double>(scenarios, "weight", columns)};
  for (std::size_t s = 0; s < columns; ++s) {
    if (grid.vol_index[s] >= vol_count) throw py::value_error("vol_index names no volatility");
  }
  double* target = profit.mutable_data();
  const py::gil_scoped_release unlocked;
  kernels::kernels().option_scenarios(input, grid, target, columns);
}

struct Scan {
  kernels::PositionGroups groups;
  std::size_t positions;
  const double* table;
  std::size_t rows;
  std::size_t stride;  // of the table, a multiple of 8
  std::size_t columns;
  double* sums;
  double* worst;
  std::uint32_t* worst_column;
};

enum class Fault : std::uint8_t { none, row, offsets };

// Whether offsets `first` .. `end` rise within the positions: a block of groups reads no other.
bool offsets_sound(const Scan& scan, std::size_t first, std::size_t end) {
  const std::int64_t* offsets = scan.groups.offsets;
  bool sound = offsets[first] >= 0 && offsets[end] <= static_cast<std::int64_t>(scan.positions);
  for (std::size_t g = first; g < end; ++g) sound &= offsets[g] <= offsets[g + 1];
  return sound;
}

Fault scan_block(const Scan& scan, std::size_t first, std::size_t end) {
  if (!offsets_sound(scan, first, end)) return Fault::offsets;
  const kernels::Kernels& k = kernels::kernels();
  const std::int64_t* offsets = scan.groups.offsets + first;
  const std::size_t count = end - first;
  const auto held = static_cast<std::size_t>(offsets[count] - offsets[0]);
  if (held > 0 && k.largest_row(scan.groups.row + offsets[0], held) >= scan.rows) {
    return Fault::row;
  }
  k.portfolio_scan({count, offsets, scan.groups.row, scan.groups.quantity}, scan.table, scan.stride,
                   scan.columns, scan.sums == nullptr ? nullptr : scan.sums + first * scan.stride,
                   scan.worst + first, scan.worst_column + first);
  return Fault::none;
}

// A block of groups is checked right before it is scanned, so it is read from memory once.
Fault run_scan(const Scan& scan, int threads) {
  constexpr std::size_t block_groups = 1024;
  const std::size_t groups = scan.groups.count;
  if (scan.groups.offsets[0] != 0 ||
      scan.groups.offsets[groups] != static_cast<std::int64_t>(scan.positions)) {
    return Fault::offsets;
  }
  std::atomic<bool> rows{true};
  std::atomic<bool> offsets{true};
  const std::size_t blocks = (groups + block_groups - 1) / block_groups;
  engine::for_each_block(blocks, threads, [&](std::size_t block, std::size_t) {
    const std::size_t first = block * block_groups;
    const Fault fault = scan_block(scan, first, std::min(first + block_groups, groups));
    if (fault == Fault::offsets) offsets.store(false);
    if (fault == Fault::row) rows.store(false);
  });
  return !offsets.load() ? Fault::offsets : !rows.load() ? Fault::row : Fault::none;
}

// `positions`: offsets (groups + 1), row, quantity; `out`: worst, worst_scenario and, if wanted,
// sums (groups x table columns). Of the table's columns the first `columns` compete for the worst.
// Returns None; or the first position whose row the table does not have; or -1 if the offsets do
// not rise from 0 to the number of positions.
py::object portfolio_scan(const py::dict& positions, const py::array& table, std::size_t columns,
                          const py::dict& out, int threads) {
  const auto values = exact_array<double>(table, "table");
  const auto offsets = exact_array<std::int64_t>(positions["offsets"], "offsets");
  if (values.ndim() != 2 || values.shape(1) % 8 != 0 || values.shape(1) < 8) {
    throw py::value_error("table must have two dimensions and a multiple of 8 columns");
  }
  if (offsets.size() < 1) throw py::value_error("offsets must have at least one element");
  Scan scan{};
  scan.rows = static_cast<std::size_t>(values.shape(0));
  scan.stride = static_cast<std::size_t>(values.shape(1));
  scan.columns = std::min(columns, scan.stride);
  scan.table = values.data();
  const auto groups = static_cast<std::size_t>(offsets.size()) - 1;
  const auto quantity = exact_array<double>(positions["quantity"], "quantity");
  scan.positions = static_cast<std::size_t>(quantity.size());
  scan.groups = {groups, offsets.data(), borrow<std::uint32_t>(positions, "row", scan.positions),
                 quantity.data()};
  scan.sums = borrow_output<double>(out, "sums", groups * scan.stride);
  scan.worst = borrow_output<double>(out, "worst", groups);
  scan.worst_column = borrow_output<std::uint32_t>(out, "worst_scenario", groups);
  if (scan.worst == nullptr || scan.worst_column == nullptr) {
    throw py::value_error("out must hold worst and worst_scenario");
  }
  if (scan.rows > UINT32_MAX) throw py::value_error("table has too many rows");
  std::optional<std::ptrdiff_t> refused;
  {
    const py::gil_scoped_release unlocked;
    const Fault fault = run_scan(scan, threads);
    if (fault == Fault::offsets) refused = -1;
    if (fault == Fault::row) {
      const std::uint32_t* row = scan.groups.row;
      const std::uint32_t* bad =
          std::find_if(row, row + scan.positions, [&](std::uint32_t r) { return r >= scan.rows; });
      refused = bad - row;
    }
  }
  return refused ? py::object(py::int_(*refused)) : py::object(py::none());
}

}  // namespace

void register_scan(Module& m) {
  m.def("scenario_matrix", &scenario_matrix, py::arg("instruments"), py::arg("scenarios"),
        py::arg("out"));
  m.def("portfolio_scan", &portfolio_scan, py::arg("positions"), py::arg("table"),
        py::arg("columns"), py::arg("out"), py::arg("threads"));
}

}  // namespace tickmargin::bindings
