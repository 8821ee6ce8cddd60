#!/usr/bin/env bash
# Installs what building, testing and the demo need, from Debian's packages: only what is missing, quietly.
# Safe to run any number of times. Without root it says what an administrator would have to install.
#
#   deploy/install-dependencies.sh build    compilers and libraries
#   deploy/install-dependencies.sh test     the same, and the servers and tools that tests talk to
#   deploy/install-dependencies.sh package  the same as build, and debootstrap
#   deploy/install-dependencies.sh fuzz     compilers and libraries, and clang with libFuzzer
set -euo pipefail

build=(
  g++ cmake ninja-build ccache mold pkg-config git
  libboost1.81-dev libboost-json1.81-dev
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
  libyaml-cpp-dev libabsl-dev libre2-dev libssl-dev libcli11-dev zlib1g-dev
  libgtest-dev libgmock-dev
)
test=(clang-format-14 nginx-light wrk libbenchmark-dev python3-jsonschema python3-prometheus-client libhdrhistogram-java libfaketime libxml2-utils
  chromium fonts-dejavu-core)
package=(debootstrap)
fuzz=(clang-14 libclang-rt-14-dev)

case "${1:-build}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${test[@]}") ;;
  package) wanted=("${build[@]}" "${package[@]}") ;;
  fuzz) wanted=("${build[@]}" "${fuzz[@]}") ;;
  *) echo "usage: $0 build|test|package|fuzz" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
# Any of these will do, however it was installed.
if [ "${1:-build}" = test ]; then
  for tool in node:nodejs python3:python3 ip:iproute2 java:default-jre-headless; do
    command -v "${tool%%:*}" >/dev/null || missing+=("${tool##*:}")
  done
fi

[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "These packages are missing; an administrator can install them with" >&2
  echo "  apt-get install ${missing[*]}" >&2
  exit 1
fi

echo "installing ${missing[*]}"
log=$(mktemp)
# No server may start by itself: the tests start their own.
policy=/usr/sbin/policy-rc.d
made_policy=false
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  made_policy=true
fi
finish() {
  if $made_policy; then rm -f "$policy"; fi
  rm -f "$log"
}
trap finish EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "the installation failed" >&2
  exit 1
fi
