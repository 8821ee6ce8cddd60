#!/usr/bin/env bash
# The images of deploy/docker without a Docker engine: what `cmake --install` installs, in a root that debootstrap
# made of nothing but the packages that the Dockerfile names, run as its user on a read-only file system.
#
#   package.sh [BUILD_DIR]     default: build/release
#
# Says the sizes; exit code 0 if all held, 1 if not, 77 if this machine cannot do it. Takes a minute or two.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build/release}
skip() { echo "SKIPPED: $1"; exit 77; }
[ "$(id -u)" -eq 0 ] || skip "not root"
for tool in debootstrap unshare ip; do command -v $tool >/dev/null || skip "no $tool"; done
[ -x "$build/bin/sfp-master" ] || skip "$build holds no programs: make build"

# The lines between apt-get install and the next && of the runtime stage.
packages=$(sed -n '/AS runtime/,/&& rm/p' deploy/docker/Dockerfile | sed -n 's/^      \([a-z0-9.+-]*\) \\$/\1/p')
[ "$(wc -w <<<"$packages")" -ge 5 ] || { echo "no packages found in the Dockerfile"; exit 1; }

work=$(mktemp -d)
root=$work/root
trap 'rm -rf "$work"' EXIT
log=$work/log
fail() { echo "FAILED: $1"; tail -n 20 "$log"; exit 1; }

debootstrap --variant=minbase --include="$(tr '\n' ',' <<<"$packages" | sed 's/,$//')" bookworm "$root" >"$log" 2>&1 ||
  skip "debootstrap: $(tail -n 1 "$log")"
# What Debian's smallest root does not have: neither essential nor needed by apt, nor of priority "required".
added=$(chroot "$root" sh -c '
  essential=$(dpkg-query -W -f "\${Essential} \${Package}\n" | sed -n "s/^yes //p")
  apt-cache depends --recurse --installed --no-recommends --no-suggests --no-breaks --no-conflicts --no-replaces \
    --no-enhances $essential apt | grep "^[a-z0-9]" | sort -u
  echo
  dpkg-query -W -f "\${Package} \${Installed-Size} \${Priority}\n"' |
  awk '$0 == "" {all = 1} !all {base[$1] = 1} all && !($1 in base) && $3 != "required" {sum += $2} END {printf "%d", sum / 1024}')
for part in master worker demo-api; do
  cmake --install "$build" --component $part --prefix "$work/stage/$part/usr" --strip >"$log" 2>&1 || fail "cmake --install"
  installed=$(cd "$work/stage/$part" && find . -type f | sort | tr '\n' ' ')
  [ "$installed" = "./usr/bin/sfp-$part " ] || fail "component $part installs $installed"
  echo "sfp-$part: $(du -sk "$work/stage/$part" | cut -f1) kB"
  cp -a "$work/stage/$part/." "$root/"
done
echo "packages beside those of a bare Debian: $added MB"

cat > "$work/scenario.yaml" <<'SCENARIO'
target: {url: "http://127.0.0.1:8080", base_path: /v1/staff-fee-privilege, auth: {basic: {user: user, password: password}}}
load: {users: 50, spawn_rate: 50, run_time: 3s}
users: {u: {wait: {constant: 100ms}, tasks: {t: {get: "?term=201500"}}}}
SCENARIO
install -m 0644 "$work/scenario.yaml" "$root/etc/scenario.yaml"
echo "127.0.0.1 localhost" > "$root/etc/hosts"  # as every engine does

# As in a container: own namespaces, a read-only root, one writable folder, user 10001.
unshare --mount --net --pid --fork --mount-proc bash -euc '
  root=$1
  mount --bind "$root" "$root"
  mount -o remount,bind,ro "$root"
  mount -t tmpfs -o mode=0755,uid=10001,gid=10001 none "$root/mnt"
  mount -t proc none "$root/proc"
  mount --bind /dev/urandom "$root/dev/urandom" 2>/dev/null || true
  ip link set lo up
  inside() { chroot --userspec=10001:10001 "$root" env -i -C /mnt PATH=/usr/bin "$@"; }
  inside sh -c "! touch /etc/written 2>/dev/null" || { echo "the root is writable"; exit 1; }
  for part in master worker demo-api; do
    version=$(inside sfp-$part --version)
    [ -n "$version" ] || exit 1
  done
  inside sfp-demo-api --service-time 5ms > "$root/mnt/api.log" &
  inside sfp-worker --threads 1 --termination-log /mnt/worker.log 2> "$root/mnt/worker.err" & worker=$!
  inside sfp-master --config /etc/scenario.yaml --headless --only-summary --out results --termination-log /mnt/last
  wait $worker || { cat "$root/mnt/worker.err"; exit 1; }
  head -n 3 "$root/mnt/last"
  grep -q "exit code 0" "$root/mnt/last"
' bash "$root" >"$log" 2>&1 || fail "the programs in the root"
grep -E 'exit code|requests,' "$log"
if grep -q "exit code 0, verdict" "$log"; then echo "package: all held"; else fail "no verdict"; fi
