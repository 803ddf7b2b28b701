# shellcheck shell=bash
# Debian packages of a suite that this system need not run: an apt with lists of its own, and nothing installed.
#
# Of this system's apt it takes the mirrors, the settings (proxies) and the keys. What it says of a package is
# authenticated: signed release file, its package lists, their hashes.
#
# Sourced by bash with `set -euo pipefail`.

# debian_mirrors ARCHIVE: where this system's own packages come from (`debian`, or `debian-security`), a line each:
# `URI KEYRING`, the keyring that vouches for it being Debian's if none is named
debian_mirrors() {
  local name own='(oldstable|stable|testing|unstable|sid)'
  name=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  [ "$1" = debian ] || own="${name}-security" name=$own
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(SIGNED_BY)' 'Created-By: Packages' |
    awk -v name="$name" -v own="^$own\$" '$3 == "main" && ($2 == name || $2 ~ own) && !seen[$1]++ {
      print $1, $4 ~ /^\// ? $4 : "/usr/share/keyrings/debian-archive-keyring.gpg"
    }'
}

# prepare_apt FOLDER ARCHITECTURES SOURCE...: a source is `URI KEYRING SUITE COMPONENT...`, ARCHITECTURES `amd64,arm64`, or empty
# for this system's. Then `private_apt FOLDER get update`
prepare_apt() {
  local folder=$1 architectures=$2 source uri keyring suite components between=
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  for source in "${@:3}"; do
    read -r uri keyring suite components <<<"$source"
    printf '%sTypes: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n' "$between" "$uri" "$suite" "$components" "$keyring"
    between=$'\n'
  done >"$folder/suite.sources"
  cat >"$folder/apt.conf" <<CONF
Dir::Etc::SourceList "$folder/suite.sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$folder/lists";
Dir::State::Status "/dev/null";
Dir::Cache "$folder/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Sandbox::User "";
CONF
  [ -z "$architectures" ] ||
    printf 'APT::Architecture "%s";\nAPT::Architectures "%s";\n' "${architectures%%,*}" "$architectures" >>"$folder/apt.conf"
}

# private_apt FOLDER get|cache ARGUMENT...
private_apt() {
  # On the command line, where no setting of this system is stronger.
  APT_CONFIG=$1/apt.conf "apt-$2" -qq -o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false "${@:3}"
}
