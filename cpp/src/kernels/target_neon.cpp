#define TICKMARGIN_TARGET neon
#define TICKMARGIN_VECTOR_BYTES 16
#define TICKMARGIN_SCAN_COLUMNS 32
#include "kernels/target-inl.hpp"
