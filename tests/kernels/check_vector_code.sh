#!/bin/sh
# Guards the vector code of an x86-64 build: the loops of each target are vectorised at its width,
# nothing outside the targets uses wide registers, and no target exports a function that the linker
# could merge with another's.
#   check_vector_code.sh <archive of the core or of the kernels>
set -eu
archive=$1

# Per member of the archive: wide and scalar fused multiply-adds, wide divisions, wide registers.
# A loop the compiler gave up on shows as scalar fused multiply-adds.
objdump -d --no-show-raw-insn "$archive" | awk '
  /file format/ { member = $1; sub(/:$/, "", member); members[member] = 1 }
  /%zmm/ { zmm[member]++ }
  /%ymm/ { ymm[member]++ }
  /vfn?m(add|sub)[0-9]*pd.*%zmm/ { zmm_fma[member]++ }
  /vfn?m(add|sub)[0-9]*pd.*%ymm/ { ymm_fma[member]++ }
  /vfn?m(add|sub)[0-9]*sd/ { scalar_fma[member]++ }
  /vdivpd.*%zmm/ { zmm_div[member]++ }
  /vdivpd.*%ymm/ { ymm_div[member]++ }
  function fail(text) { print "FAILED " text; failed = 1 }
  END {
    wide = "target_avx512.cpp.o"; half = "target_avx2.cpp.o"
    if (zmm_fma[wide] < 500) fail(wide ": " zmm_fma[wide] + 0 " zmm fused multiply-adds")
    if (zmm_div[wide] < 10) fail(wide ": " zmm_div[wide] + 0 " zmm divisions")
    if (ymm_fma[half] < 500) fail(half ": " ymm_fma[half] + 0 " ymm fused multiply-adds")
    if (ymm_div[half] < 10) fail(half ": " ymm_div[half] + 0 " ymm divisions")
    if (zmm[half] > 0) fail(half ": zmm registers used " zmm[half] " times")
    for (m in members) {
      if (m == wide || m == half) {
        if (scalar_fma[m] > 0) fail(m ": " scalar_fma[m] " scalar fused multiply-adds")
      } else if (zmm[m] + ymm[m] > 0) {
        fail(m ": wide registers used " zmm[m] + ymm[m] " times")
      }
    }
    exit failed
  }'

mergeable=$(nm "$archive" |
  awk '/\.o:$/ { member = $1 } member ~ /^target_/ && / [WVu] / { print member, $0 }')
if [ -n "$mergeable" ]; then
  echo "FAILED mergeable symbols: $mergeable"
  exit 1
fi
echo "vector code is as meant"
