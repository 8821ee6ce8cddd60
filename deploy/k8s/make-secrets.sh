#!/usr/bin/env bash
# Makes the three secrets that a run in the cluster needs, and the namespace for them:
#
#   sfp-master-tls, sfp-worker-tls   certificates of one authority, and the join token
#   sfp-api                          the API under test: user, password, target, and who may be sent load
#
#   SFP_API_USER=user SFP_API_PASSWORD=… deploy/k8s/make-secrets.sh --target https://api.example:8443
#
#   --target URL      the API under test (not for overlays/demo, which brings its own)
#   --namespace NAME  default: sfp
#   --print           write them to stdout in place of the cluster: they hold the private keys
#
# Calling it again makes new ones. It needs kubectl, and sfp-master: in PATH, in build/release/bin, or SFP_MASTER_BIN.
set -euo pipefail
cd "$(dirname "$0")/../.."

namespace=sfp
target=
print=false
while [ $# -gt 0 ]; do
  case "$1" in
    --target) target=${2:?--target needs a URL}; shift 2 ;;
    --namespace) namespace=${2:?--namespace needs a name}; shift 2 ;;
    --print) print=true; shift ;;
    *) echo "usage: $0 [--target URL] [--namespace NAME] [--print]" >&2; exit 2 ;;
  esac
done
fail() { echo "$1" >&2; exit 2; }

master=${SFP_MASTER_BIN:-$(command -v sfp-master || echo build/release/bin/sfp-master)}
[ -x "$master" ] || fail "there is no sfp-master: make build, or set SFP_MASTER_BIN"
command -v kubectl >/dev/null || fail "there is no kubectl"

# HOST:PORT of the target, with the scheme's port if it names none.
allow=
if [ -n "$target" ]; then
  case "$target" in
    https://*) port=443 ;;
    http://*) port=80 ;;
    *) fail "--target must be http://HOST[:PORT] or https://HOST[:PORT], not $target" ;;
  esac
  authority=${target#*://}
  case "$authority" in
    */* | '') fail "--target is scheme, host and port; the path is base_path in the scenario" ;;
    *:*[0-9]) allow=$authority ;;
    *) allow=$authority:$port ;;
  esac
fi
if [ -z "${SFP_API_PASSWORD:-}" ] && [ -t 0 ]; then
  read -r -p "user of the API [${SFP_API_USER:-user}]: " answer
  SFP_API_USER=${answer:-${SFP_API_USER:-user}}
  read -r -s -p "password of $SFP_API_USER: " SFP_API_PASSWORD
  echo >&2
fi

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$master" certs --out "$work/certs" --days 90 \
  --host "sfp-master,sfp-master.$namespace,sfp-master.$namespace.svc,sfp-master.$namespace.svc.cluster.local,localhost" >/dev/null
mkdir "$work/api"
printf %s "${SFP_API_USER:-user}" > "$work/api/user"
printf %s "${SFP_API_PASSWORD:-password}" > "$work/api/password"
if [ -n "$target" ]; then
  printf %s "$target" > "$work/api/target"
  printf %s "$allow" > "$work/api/allow"
fi

# What is in files is on no command line.
objects() {
  kubectl create namespace "$namespace" --dry-run=client -o yaml
  for secret in sfp-master-tls=certs/master sfp-worker-tls=certs/worker sfp-api=api; do
    echo ---
    kubectl create secret generic "${secret%%=*}" --namespace "$namespace" --from-file="$work/${secret#*=}" \
      --dry-run=client -o yaml
  done
}
if $print; then objects; else objects | kubectl apply -f -; fi
