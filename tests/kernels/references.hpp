// The rows of references.inc as arrays. Each expected value is the sum of two doubles.
#pragma once

#include <vector>

struct Exact {
  double high;
  double low;
  // The difference is exact enough: x and high are close, low is tiny.
  double error_of(double x) const { return (x - high) - low; }
};

struct PricedRow {
  int is_call;
  double forward, strike, vol, expiry, rate;
  Exact price, delta, gamma, vega, theta, rho, vanna, volga, charm;
};

struct ImpliedRow {
  int is_call;
  double price, forward, strike, expiry, rate, vol;
  double condition = 1.0;
};

struct PointRow {
  double x;
  Exact value;
};

namespace references {

#define NOTHING(...)
#define ROW(...) {__VA_ARGS__},

#define BLACK76 ROW
#define BACHELIER NOTHING
#define IMPLIED NOTHING
#define BACHELIER_IMPLIED NOTHING
#define EXP NOTHING
#define LOG NOTHING
#define ERFC NOTHING
inline const std::vector<PricedRow> black76 = {
#include "references.inc"
};
#undef BLACK76
#undef BACHELIER
#define BLACK76 NOTHING
#define BACHELIER ROW
inline const std::vector<PricedRow> bachelier = {
#include "references.inc"
};
#undef BACHELIER
#undef IMPLIED
#define BACHELIER NOTHING
#define IMPLIED ROW
inline const std::vector<ImpliedRow> implied = {
#include "references.inc"
};
#undef IMPLIED
#undef BACHELIER_IMPLIED
#define IMPLIED NOTHING
#define BACHELIER_IMPLIED ROW
inline const std::vector<ImpliedRow> bachelier_implied = {
#include "references.inc"
};
#undef BACHELIER_IMPLIED
#undef EXP
#define BACHELIER_IMPLIED NOTHING
#define EXP ROW
inline const std::vector<PointRow> exp = {
#include "references.inc"
};
#undef EXP
#undef LOG
#define EXP NOTHING
#define LOG ROW
inline const std::vector<PointRow> log = {
#include "references.inc"
};
#undef LOG
#undef ERFC
#define LOG NOTHING
#define ERFC ROW
inline const std::vector<PointRow> erfc = {
#include "references.inc"
};
#undef ERFC
#undef LOG
#undef EXP
#undef BACHELIER_IMPLIED
#undef IMPLIED
#undef BACHELIER
#undef BLACK76
#undef ROW
#undef NOTHING

}  // namespace references
