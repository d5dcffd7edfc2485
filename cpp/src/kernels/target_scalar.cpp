#define TICKMARGIN_TARGET scalar
#define TICKMARGIN_VECTOR_BYTES 8
#define TICKMARGIN_SCAN_COLUMNS 8
#include "kernels/target-inl.hpp"
