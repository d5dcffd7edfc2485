#!/bin/sh
# Builds the kernel tests for aarch64 and runs them under qemu-user: the same hashes as here, or
# exit 1. Needs g++-aarch64-linux-gnu and qemu-user-static.
#   compare_neon.sh [hashes executable of this machine, built if not given]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${TICKMARGIN_NEON_BUILD:-$root/build/neon}
native=${1:-}
if [ -z "$native" ]; then
  native_build=${TICKMARGIN_DEV_BUILD:-$root/build/dev}
  cmake --preset dev -S "$root" -B "$native_build" > /dev/null
  cmake --build "$native_build" --target kernel_hashes > /dev/null
  native=$native_build/tests/kernels/kernel_hashes
fi
cd "$root"
cmake --preset neon -B "$build" > /dev/null
cmake --build "$build" --target kernel_tests > /dev/null
emulator="qemu-aarch64-static -L /usr/aarch64-linux-gnu"
for test in "$build"/tests/kernels/kernels_test_*; do
  if [ -x "$test" ]; then $emulator "$test"; fi
done
"$native" > "$build/hashes-native.txt"
$emulator "$build/tests/kernels/kernel_hashes" > "$build/hashes-aarch64.txt"
diff "$build/hashes-native.txt" "$build/hashes-aarch64.txt"
echo "aarch64 gives the same bits: $(wc -l < "$build/hashes-native.txt") hashes compared"
