#define TICKMARGIN_TARGET avx512
#define TICKMARGIN_VECTOR_BYTES 64
#define TICKMARGIN_SCAN_COLUMNS 32
#include "kernels/target-inl.hpp"
