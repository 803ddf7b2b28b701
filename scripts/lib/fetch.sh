# shellcheck shell=bash
# Parts that the get-* scripts share: fetch a file whole or not at all, and trust it only when its signature is good.
#
#   URL --curl--> name.part --(sha256, OpenPGP)--> name
#
# A file under its final name is complete and was verified; what was cut off stays in `name.part`, and the next run goes
# on from there. Nothing is trusted because of where it came from: `trust_keys` makes a keyring of the pinned keys and
# nothing else, and `signed` accepts good signatures by those alone. So a mirror may be plain HTTP.
#
# Sourced by bash with `set -euo pipefail`; the caller sets `me` (its name, for messages).

: "${me:?set before this file is sourced}"

# How patient to be; the tests are in a hurry.
: "${FETCH_ATTEMPTS:=5}"       # attempts in a row that brought no byte
: "${FETCH_RETRY_SECONDS:=2}"  # pause between two attempts
: "${FETCH_STALL_SECONDS:=30}" # a connection that brings less than a byte a second for so long is given up

say() { printf '%s: %s\n' "$me" "$*" >&2; }

# die WHAT [WHAT TO DO]
die() {
  say "$1"
  if [ $# -gt 1 ]; then printf '  %s\n' "${@:2}" >&2; fi
  exit 1
}

# wrong_usage WHAT: exit status 2, as for every wrong command line here
wrong_usage() {
  say "$1"
  printf '  %s --help shows how to use it\n' "$me" >&2
  exit 2
}

# need TOOL PACKAGE [TOOL PACKAGE ...]: name everything that is missing at once, and the Debian packages that bring it
need() {
  local tools=() packages=()
  while [ $# -gt 0 ]; do
    if ! command -v "$1" >/dev/null; then
      tools+=("$1")
      packages+=("$2")
    fi
    shift 2
  done
  [ ${#tools[@]} -eq 0 ] || die "missing: ${tools[*]}" "on Debian, as root: apt-get install ${packages[*]}"
}

# One temporary folder, gone when the script ends. Downloads are not in it: a `.part` outlives the run on purpose.
work_folder() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
}

# open_folder FOLDER: make it, and be the only one of us at work in it
open_folder() {
  mkdir -p "$1" || die "cannot make the folder $1" 'give another one as the last argument'
  exec 9<"$1"
  flock -n 9 || die "another run is at work in $1" 'wait for it to end'
}

# ---- fetching

# transfer URL FILE: fetch, going on after a cut, from where FILE ends. Sets `code` (curl's), `http` and `why`.
#
# Our own loop, because curl's --retry starts a file over. An attempt that brought bytes does not count against
# FETCH_ATTEMPTS, so a bad line gets there in the end. What will not change by asking again ends it at once.
transfer() {
  local url=$1 file=$2 failures=0 restarts=0 before after answer
  local quiet=(--silent)
  [ -t 2 ] && quiet=(--progress-bar)
  while :; do
    before=$(stat -c %s "$file" 2>/dev/null || echo 0)
    code=0
    answer=$(curl --fail --location --proto '=http,https' "${quiet[@]}" \
      --connect-timeout 15 --speed-limit 1 --speed-time "$FETCH_STALL_SECONDS" \
      --continue-at - --output "$file" --write-out '%{http_code} %{errormsg}' -- "$url") || code=$?
    [ "$code" -ne 0 ] || return 0
    http=${answer%% *}
    why=${answer#* }
    case $code:$http in
      22:408 | 22:429 | 22:5*) ;; # the server may answer otherwise in a moment
      33:* | 22:416)              # it cannot go on from here: from the first byte, then
        restarts=$((restarts + 1))
        rm -f "$file"
        [ "$restarts" -le "$FETCH_ATTEMPTS" ] || return 1
        continue
        ;;
      22:* | 1:* | 3:* | 23:* | 60:*) return 1 ;; # refused, no such protocol, no URL, cannot write, bad certificate
    esac
    after=$(stat -c %s "$file" 2>/dev/null || echo 0)
    if [ "$after" -gt "$before" ]; then failures=0; else failures=$((failures + 1)); fi
    [ "$failures" -lt "$FETCH_ATTEMPTS" ] || return 1
    sleep "$FETCH_RETRY_SECONDS"
  done
}

# fetch URL FILE [ADVICE WHEN IT IS NOT THERE]: transfer or die
fetch() {
  transfer "$1" "$2" && return 0
  case $code:$http in
    22:404 | 22:403 | 22:410) die "$1: not there (HTTP $http)" "${3:-check the address}" ;;
    22:*) die "$1: the server answered HTTP $http" 'try again later, or another mirror (--mirror)' ;;
    1:* | 3:*) die "$1: $why" 'an address starts with http:// or https://' ;;
    23:*)
      die "cannot write $2: $why" 'is the disk full, or the folder read-only?' \
        'is it a FAT, such as BOOTCFG of an appliance? It holds no file of 4 GiB: docs/appliance.md, Disks, has a place for larger ones'
      ;;
    60:*) die "$1: $why" 'is ca-certificates installed, and the clock right?' ;;
    *) die "$1: $why" 'check the network or try another mirror (--mirror); the next run goes on where this one ended' ;;
  esac
}

# small URL FILE [ADVICE]: fetch a small file anew, whatever an earlier run left
small() {
  rm -f "$2"
  fetch "$@"
}

# obtain URL FILE CHECK [ARGUMENT ...]: FILE is there and `CHECK path ARGUMENT ...` holds, or die
#
# CHECK is run on what is there already, then on the `.part` when it has all that the server has. A resumed `.part` that
# fails may have begun as another file, so there is one more try from the first byte; what fails then is the server's.
obtain() {
  local url=$1 file=$2 resumed
  shift 2
  if [ -e "$file" ]; then
    if "$1" "$file" "${@:2}"; then
      say "$(basename "$file"): already there, verified"
      return 0
    fi
    say "$file is not what it should be ($reason): fetching it again"
  fi
  while :; do
    resumed=no
    if [ -s "$file.part" ]; then
      if "$1" "$file.part" "${@:2}"; then break; fi # the last run ended just before it was renamed
      resumed=yes
      say "$(basename "$file"): going on after $(numfmt --to=iec "$(stat -c %s "$file.part")")"
    else
      say "fetching $url"
    fi
    fetch "$url" "$file.part" "${not_there:-check the address}"
    if "$1" "$file.part" "${@:2}"; then break; fi
    rm -f "$file.part"
    [ "$resumed" = yes ] || die "$url: $reason; nothing of it was kept" 'try again, or another mirror (--mirror)'
    say "$(basename "$file"): $reason: starting over"
  done
  mv -f "$file.part" "$file"
  say "$(basename "$file"): verified"
}

# ---- checks: true, or false with `reason` set

# same_sha256 FILE HASH
same_sha256() {
  [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$2" ] || {
    reason='wrong checksum (sha256)'
    return 1
  }
}

# trust_keys FILE [FINGERPRINT ...]: from now on `signed` accepts these keys of FILE and no others (all, if none is named)
trust_keys() {
  local file=$1 home=$work/gnupg
  shift
  mkdir -m 700 "$home"
  : >"$home/common.conf" # no keybox daemon, whatever this gpg's default is
  # not zero also when one key of many is of a kind this gpg does not know: what counts is what comes out
  gpg --homedir "$home" --batch --quiet --no-autostart --import "$file" 2>/dev/null || true
  gpg --homedir "$home" --batch --quiet --no-autostart --export "$@" >"$work/trusted.gpg" 2>/dev/null
  [ -s "$work/trusted.gpg" ] ||
    die "$file holds none of the keys this script trusts" \
      'if the publisher has a new key: check its fingerprint on their site, then add --fingerprint FINGERPRINT'
}

# good_signature GPGV-ARGUMENT ...: at least one good signature by a trusted key, and no bad one.
#
# Read from gpgv's status lines, not from its exit status, which is not zero when one signature of several is by a key we
# do not have (Debian signs with the keys of two releases).
good_signature() {
  gpgv --keyring "$work/trusted.gpg" --status-fd 3 "$@" 3>"$work/gpgv.status" 2>"$work/gpgv.err" || true
  if grep -q '^\[GNUPG:\] BADSIG ' "$work/gpgv.status"; then
    reason='wrong signature: the contents were changed'
  elif grep -q '^\[GNUPG:\] GOODSIG ' "$work/gpgv.status" && grep -q '^\[GNUPG:\] VALIDSIG ' "$work/gpgv.status"; then
    return 0
  elif grep -q '^\[GNUPG:\] EXPKEYSIG ' "$work/gpgv.status"; then
    [ -z "${allow_expired_key:-}" ] || return 0
    reason='its signing key has expired (an old version? --allow-expired-key takes it all the same)'
  elif grep -q '^\[GNUPG:\] REVKEYSIG ' "$work/gpgv.status"; then
    reason='its signing key was revoked'
  elif grep -q '^\[GNUPG:\] NO_PUBKEY ' "$work/gpgv.status"; then
    reason="signed by a key that is not trusted ($(sed -n 's/^\[GNUPG:\] NO_PUBKEY //p' "$work/gpgv.status" | head -n 1))"
  else
    reason='no usable signature'
  fi
  return 1
}

# signed FILE SIGNATURE
signed() { good_signature "$2" "$1"; }

# ---- the assets folder

# point_current FOLDER VERSION: FOLDER/current leads to VERSION, at one stroke
point_current() {
  ln -sfn "$2" "$1/.current.new"
  mv -fT "$1/.current.new" "$1/current"
}

# plain_name TEXT WHAT: a word from the network that becomes a folder's name is a plain one
plain_name() {
  [[ $1 =~ ^[A-Za-z0-9][A-Za-z0-9.+~_-]*$ ]] || die "$2 is no plain name: '$1'" 'try another mirror (--mirror)'
}
