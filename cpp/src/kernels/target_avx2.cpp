#define TICKMARGIN_TARGET avx2
#define TICKMARGIN_VECTOR_BYTES 32
#define TICKMARGIN_SCAN_COLUMNS 32
#include "kernels/target-inl.hpp"
