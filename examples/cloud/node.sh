#!/bin/bash
# Runs as root on every boot, once the network is up. What stands in double braces comes from the group's metadata.
set -euo pipefail
hostnamectl set-hostname {{.hostname}}
{{- range .services}}
systemctl start {{.}}
{{- end}}
cat >/etc/motd <<'END'
{{.hostname}}, set up by a script from bootcfg.
END
