# Sourced by the scripts: install what they need, or say what is missing. Expects the project folder as the current one.

# need_node_modules: the npm packages of the lock file, the pinned Node among them.
need_node_modules() {
  if ! command -v npm >/dev/null; then
    need_packages npm
  fi
  if [ -x node_modules/.bin/node ] && [ node_modules/.package-lock.json -nt package-lock.json ]; then
    sh scripts/link-node
    return
  fi
  echo "installing npm packages ..."
  npm ci --loglevel=error
  touch node_modules/.package-lock.json
}

# need_packages NAME...: Debian packages. As root they are installed; else they are named, and the status is 1.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$name" 2>/dev/null | grep -q '^ii' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "missing packages; as root: apt-get install ${missing[*]}" >&2
    return 1
  fi
  echo "installing ${missing[*]} ..."
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
