// Written by tests/oracle/kernel_coefficients.py; do not edit by hand.
#pragma once

namespace tickmargin::kernels {

// N(-z) / exp(-z^2 / 2) = P / Q, error 4.6e-17 at 0, 1.8e-16 up to 38; folded.
constexpr double tail_p[] = {
    0x1.0000000000000p-1,
    0x1.8f36fc8a36bafp-1,
    0x1.33b3b3df27c58p-1,
    0x1.5ffda8ef446e9p-1,
    0x1.266f3ca9db808p+6,
    -0x1.2000211c5b18fp-6,
    0x1.166bb36ac5081p+5,
    0x1.70a707b57732fp-12,
    0x1.470951905c80bp-15,
    0x1.880cbac81172ep-20,
};

// Its denominator, folded; Q(0) = 1.
constexpr double tail_q[] = {
    0x1.0000000000000p+0,
    0x1.2dbc93146c35fp+1,
    0x1.c0d36fb26c1b8p+0,
    0x1.3a6c14f534756p+4,
    -0x1.f60fe86729600p-3,
    0x1.720ec59de9b25p+3,
    -0x1.68f48175d5064p-5,
    0x1.38c8386a9a163p+6,
    0x1.ce098f3a82d8ep-11,
    0x1.99e11cb993f88p-14,
    0x1.eb5c88d5f5e68p-19,
};

// phi(z) (1 - z R(z)) / exp(-z^2 / 2) = S / Q on [0, 100], error 1.0e-17.
constexpr double slope_s[] = {
    0x1.9884533d43651p-2,
    0x1.20fc1ff9f9c85p-1,
    0x1.9ddfbafb6e41fp-2,
    0x1.828854fa2819fp-3,
    0x1.01cc45caa2d5cp-4,
    0x1.fe2a7d2b24ee1p-7,
    0x1.7a594583d4772p-9,
    0x1.9fa5a26566df5p-12,
    0x1.44f796e0febe1p-15,
    0x1.4942f1d54d4ddp-19,
    0x1.4d9bcd39e952ep-24,
};

// N(-z) / exp(-z^2 / 2) = P / Q with the same denominator.
constexpr double slope_p[] = {
    0x1.0000000000000p-1,
    0x1.dec75e80e03f9p-1,
    0x1.ba6eb14241db0p-1,
    0x1.0755ccd2dc3d1p-1,
    0x1.bda4bd1d5e775p-3,
    0x1.18818bd2317edp-4,
    0x1.0bd4af25efb85p-6,
    0x1.84715eeb66014p-9,
    0x1.a4caae2cf5d84p-12,
    0x1.464532ae34084p-15,
    0x1.4942f1d54dbb7p-19,
    0x1.4d9bcd39e94a1p-24,
};

// The denominator of both, Q(0) = 1.
constexpr double slope_q[] = {
    0x1.0000000000000p+0,
    0x1.5584c40fc0f8cp+1,
    0x1.adb5689e1dda4p+1,
    0x1.51cf29509e821p+1,
    0x1.726ded28095f9p+0,
    0x1.2b3f3199f8227p-1,
    0x1.6e6170128d9d0p-3,
    0x1.57d0d54513361p-5,
    0x1.ed346b64a95bfp-8,
    0x1.094dd8e28d209p-10,
    0x1.99bc5e9fd2483p-14,
    0x1.9cab0857e78e1p-18,
    0x1.a21dcac0fa74ep-23,
};

// (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2.
constexpr double exp_tail[] = {
    0x1.0000000000001p-1,
    0x1.5555555555556p-3,
    0x1.5555555553d68p-5,
    0x1.11111111109b5p-7,
    0x1.6c16c17889fc9p-10,
    0x1.a01a01a7c2f83p-13,
    0x1.a019b91465e3cp-16,
    0x1.71de0db2d67a1p-19,
    0x1.28917cc7ed137p-22,
    0x1.af389f1c678b1p-26,
};

// (2 atanh(r) - 2 r) / r^3 in r^2 for r^2 <= 0.04.
constexpr double atanh_tail[] = {
    0x1.5555555555555p-1,
    0x1.9999999999f4ap-2,
    0x1.24924923d8d53p-2,
    0x1.c71c72e6a0bf3p-3,
    0x1.745caa083f891p-3,
    0x1.3b2a29705fb2cp-3,
    0x1.0e857c4765545p-3,
    0x1.16d0d0a09926bp-3,
};

// H / sqrt(eta) in sqrt(eta), error 2.7e-04.
constexpr double normal_vol[] = {
    0x1.9713393a68deep-2,
    0x1.bce30971bf6c1p-5,
    0x1.4e239963fed0fp-1,
    -0x1.7c3226ea0e17cp-2,
    0x1.65238d2295d68p+0,
    -0x1.dfa1536d681fcp+0,
    0x1.7dbc1bdac8d2cp-1,
};

// ln(2) in two parts; the first has 12 trailing zero bits, so k ln2_high is exact.
constexpr double ln2_high = 0x1.62e42fefa3000p-1;
constexpr double ln2_low = 0x1.3de6af278ece6p-42;

}  // namespace tickmargin::kernels
