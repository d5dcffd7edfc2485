// Written by tests/oracle/kernel_coefficients.py; do not edit by hand.
#pragma once

namespace tickmargin::kernels {

// Denominator of both Mills forms on [0, 100]; Q(0) = 1.
constexpr double mills_q[] = {
    0x1.0000000000000p+0,
    0x1.558adb8e22fdap+1,
    0x1.adc53ff766f7bp+1,
    0x1.51e280ec2e53fp+1,
    0x1.728b46e56177fp+0,
    0x1.2b5e098fb8f96p-1,
    0x1.6e90bfae1f927p-3,
    0x1.58071f297addfp-5,
    0x1.ed922875e610ep-8,
    0x1.0989f7b9e298dp-10,
    0x1.9a2aa4e8e42e9p-14,
    0x1.9d2f42e23dea1p-18,
    0x1.a2bfb1cf77924p-23,
};

// N(-z) / exp(-z^2 / 2) = P / Q, error 1.0e-17.
constexpr double mills_p[] = {
    0x1.0000000000000p-1,
    0x1.ded38d7da4494p-1,
    0x1.ba84a75d4f9fep-1,
    0x1.07694c21e0becp-1,
    0x1.bdd114daf9a4ap-3,
    0x1.18a515aad90e6p-4,
    0x1.0bfe8a32fbe27p-6,
    0x1.84bacce428e2bp-9,
    0x1.a529cb65f3d36p-12,
    0x1.469cee997f015p-15,
    0x1.49ac72a82186dp-19,
    0x1.4e1cfb31590dep-24,
};

// phi(z) (1 - z R(z)) / exp(-z^2 / 2) = S / Q, same error.
constexpr double mills_s[] = {
    0x1.9884533d43651p-2,
    0x1.2105d8917e3dcp-1,
    0x1.9df9ebcee0889p-2,
    0x1.82abf30b7edacp-3,
    0x1.01eba418d3632p-4,
    0x1.fe788362495dep-7,
    0x1.7a9fffb4d20a2p-9,
    0x1.a003199b19d7fp-12,
    0x1.454ed19e5240fp-15,
    0x1.49ac72a82119dp-19,
    0x1.4e1cfb315916bp-24,
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
