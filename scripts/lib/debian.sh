# shellcheck shell=bash
# Debian packages of a suite that this system need not run: an apt with lists of its own, and nothing installed.
#
# Of this system's apt it takes the mirrors, the settings (proxies) and the keys. What it says of a package is
# authenticated: signed release file, its package lists, their hashes.
#
# Sourced by bash with `set -euo pipefail`.

: "${debian_keyring:=/usr/share/keyrings/debian-archive-keyring.gpg}"

# debian_mirrors ARCHIVE: where this system's own packages come from (`debian`, or `debian-security`), one URI a line
debian_mirrors() {
  local name own='(oldstable|stable|testing|unstable|sid)'
  name=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  [ "$1" = debian ] || own="${name}-security" name=$own
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v name="$name" -v own="^$own\$" '$3 == "main" && ($2 == name || $2 ~ own) && !seen[$1]++ { print $1 }' | sed 's:/*$::'
}

# prepare_apt FOLDER ARCHITECTURES SOURCE...: a source is `URI SUITE COMPONENT...`. Then `private_apt FOLDER get update`
prepare_apt() {
  local folder=$1 architectures=$2 uri suite components
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  for source in "${@:3}"; do
    read -r uri suite components <<<"$source"
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nSigned-By: %s\n\n' "$uri" "$suite" "$components" "$debian_keyring"
  done >"$folder/suite.sources"
  cat >"$folder/apt.conf" <<CONF
Dir::Etc::SourceList "$folder/suite.sources";
Dir::Etc::SourceParts "-";
Dir::Etc::Preferences "-";
Dir::Etc::PreferencesParts "-";
Dir::State::Lists "$folder/lists";
Dir::State::Status "/dev/null";
Dir::Cache "$folder/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::AllowInsecureRepositories "false";
APT::Sandbox::User "";
APT::Architecture "${architectures%%,*}";
APT::Architectures "$architectures";
CONF
}

# private_apt FOLDER get|cache ARGUMENT...
private_apt() { APT_CONFIG=$1/apt.conf "apt-$2" -qq "${@:3}" 2> >(grep -v 'Unable to read .*/-/' >&2); }
