#!/bin/sh
# Guards the vector code of an x86-64 build: the loops of each target are vectorised at its width,
# nothing outside the targets uses wide registers, and no target exports a function that the linker
# could merge with another's.
#   check_vector_code.sh <archive of the core or of the kernels>
set -eu
archive=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && ar x "$archive")
failed=0
fail() { echo "FAILED $1"; failed=1; }
count() { objdump -d --no-show-raw-insn "$1" | grep -Ec "$2" || true; }
at_least() {  # file, what, pattern, how many
  found=$(count "$1" "$3")
  if [ "$found" -lt "$4" ]; then fail "$1 has $found $2, expected $4 or more"; fi
}
at_least "$work/target_avx512.cpp.o" "zmm fused multiply-adds" 'vfn?m(add|sub).*pd.*%zmm' 500
at_least "$work/target_avx512.cpp.o" "zmm divisions" 'vdivpd.*%zmm' 10
at_least "$work/target_avx2.cpp.o" "ymm fused multiply-adds" 'vfn?m(add|sub).*pd.*%ymm' 500
at_least "$work/target_avx2.cpp.o" "ymm divisions" 'vdivpd.*%ymm' 10
# A loop the compiler gave up on shows as scalar fused multiply-adds.
for target in avx2 avx512; do
  found=$(count "$work/target_$target.cpp.o" 'vfn?m(add|sub).*sd')
  if [ "$found" -gt 0 ]; then fail "target_$target has $found scalar fused multiply-adds"; fi
done
for object in "$work"/*.o; do
  case $object in
    */target_avx2.cpp.o) wide='%zmm' ;;
    */target_avx512.cpp.o) continue ;;
    *) wide='%[yz]mm' ;;
  esac
  found=$(count "$object" "$wide")
  if [ "$found" -gt 0 ]; then fail "$(basename "$object") uses $wide $found times"; fi
done
for object in "$work"/target_*.o; do
  shared=$(nm "$object" | grep -E ' [WVu] ' || true)
  if [ -n "$shared" ]; then fail "$(basename "$object") has mergeable symbols: $shared"; fi
done
[ "$failed" -eq 0 ] && echo "vector code is as meant"
exit "$failed"
