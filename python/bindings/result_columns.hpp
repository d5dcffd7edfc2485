// Memory of a result that Python only ever sees read-only, and knows how often it is seen.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace tickmargin::bindings {

namespace py = pybind11;

// Float64 columns of one length, each on its own cache lines and uninitialised: the kernel writes
// every row. An array handed out keeps the memory alive and is counted until its last view dies.
// NumPy lets the holder of a writable base turn a read-only view writable again; here the base is
// a capsule, so nobody can.
class ResultColumns {
 public:
  ResultColumns(std::vector<std::string> names, std::size_t count)
      : names_(std::move(names)), memory_(std::make_shared<Memory>()) {
    // A broadcast of one value can claim any number of rows; the product below must not wrap.
    if (count > PTRDIFF_MAX / sizeof(double) / (names_.size() + 1) - 8) throw std::bad_alloc();
    stride_ = (count + 7) / 8 * 8;
    memory_->count = count;
    memory_->allocate(names_.size() * stride_ * sizeof(double));
  }

  double* column(const std::string& name) const {
    for (std::size_t c = 0; c < names_.size(); ++c) {
      if (names_[c] == name) return memory_->data + c * stride_;
    }
    throw py::key_error(name);
  }

  py::array view(const std::string& name) const {
    double* data = column(name);
    auto* held = new std::shared_ptr<Memory>(memory_);
    memory_->exports.fetch_add(1);
    const py::capsule owner(held, [](void* p) {
      auto* memory = static_cast<std::shared_ptr<Memory>*>(p);
      (*memory)->exports.fetch_sub(1);
      delete memory;
    });
    py::array_t<double> out({static_cast<py::ssize_t>(memory_->count)}, {sizeof(double)}, data,
                            owner);
    out.attr("flags").attr("writeable") = false;
    return out;
  }

  double item(const std::string& name) const { return *column(name); }
  const std::vector<std::string>& names() const noexcept { return names_; }
  std::size_t count() const noexcept { return memory_->count; }
  int exports() const noexcept { return memory_->exports.load(); }

 private:
  struct Memory {
    double* data = nullptr;
    std::size_t count = 0;
    std::align_val_t alignment{64};
    std::atomic<int> exports{0};
    Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() { ::operator delete(data, alignment); }

    void allocate(std::size_t bytes) {
      // The first touch of 4 KiB pages costs more than pricing a million options; 2 MiB pages are
      // asked for where they pay.
      constexpr std::size_t large = std::size_t{1} << 21;
      if (bytes >= 2 * large) {
        bytes = (bytes + large - 1) / large * large;
        alignment = std::align_val_t{large};
      }
      data = static_cast<double*>(::operator new(std::max<std::size_t>(bytes, 64), alignment));
#ifdef __linux__
      if (bytes >= 2 * large) madvise(data, bytes, MADV_HUGEPAGE);
#endif
    }
  };

  std::vector<std::string> names_;
  std::shared_ptr<Memory> memory_;
  std::size_t stride_ = 0;
};

}  // namespace tickmargin::bindings
