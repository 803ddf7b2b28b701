# shellcheck shell=bash
# Sourced by the scripts: install what they need, or say what is missing. Expects the project folder as the current one.
# The functions answer with their exit status and do not rely on `set -e`, which a caller's `||` would switch off.

# need_node_modules: the npm packages of the lock file, the pinned Node among them.
need_node_modules() {
  # npm writes its own lock last, so an install that was cut off is not taken for one.
  if [ node_modules/.package-lock.json -nt package-lock.json ] && sh scripts/link-node; then
    need_running_node
    return
  fi
  command -v npm >/dev/null || need_packages npm || return 1
  echo "installing npm packages ..."
  if ! npm ci --loglevel=error; then
    rm -f node_modules/.package-lock.json
    echo "npm could not install the packages" >&2
    return 1
  fi
  touch node_modules/.package-lock.json
  need_running_node
}

# need_running_node: what the pinned Node is linked with and a small Debian lacks.
need_running_node() {
  node_modules/.bin/node --version >/dev/null 2>&1 || need_packages libatomic1
}

# need_packages NAME...: Debian packages. As root they are installed; else they are named, and the status is 1.
need_packages() {
  local missing=() name
  command -v apt-get >/dev/null || { echo "this is no Debian; these packages of it are needed: $*" >&2; return 1; }
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    echo "missing packages; as root: apt-get install ${missing[*]}" >&2
    return 1
  fi
  apt-get update -qq
  # One name that this release of Debian lacks must not keep the others out.
  local found=()
  for name in "${missing[@]}"; do
    if apt-cache show "$name" >/dev/null 2>&1; then found+=("$name"); else echo "this Debian has no package $name" >&2; fi
  done
  [ ${#found[@]} -gt 0 ] || return 1
  missing=("${found[@]}")
  echo "installing ${missing[*]} ..."
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null </dev/null
}
