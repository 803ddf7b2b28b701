/**
 * A site of any size, for the benchmark and the long tests.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A site of so many groups that each require a mac and a uuid, with the files of a small etcd cluster. */
export function writeSite(site: string, size: number): void {
  const group = (n: number): string => {
    const hex = n.toString(16).padStart(12, '0')
    const mac = `52:54:00:${hex.slice(6).match(/../g)!.join(':')}`
    return `  - name: node ${n}
    spec: etcd
    require: {mac: "${mac}", uuid: 16e7d8a7-bfa9-428b-9117-${hex}}
    metadata:
      etcd_name: node${n}
      ipv4_address: 172.15.${(n >> 8) & 255}.${n & 255}
      gateway: 172.15.0.1
      rack: ${n % 40}
      keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${hex}]
      labels: {zone: a, row: r${n % 9}}
`
  }
  const files: Record<string, string> = {
    'config.yaml': `api_version: v1alpha1\ngroups:\n${Array.from({ length: size }, (_, n) => group(n)).join('')}`,
    'specs/etcd/spec.json': JSON.stringify({
      id: 'etcd',
      ignition_id: 'etcd.json',
      cloud_id: 'etcd.sh',
      boot: {
        kernel: '/assets/flatcar/current/flatcar_production_pxe.vmlinuz',
        initrd: ['/assets/flatcar/current/flatcar_production_pxe_image.cpio.gz'],
        cmdline: {
          'ignition.config.url': '${cwduri}ignition?uuid=${uuid}&mac=${net0/mac:hexhyp}',
          'flatcar.first_boot': '1',
          console: 'ttyS0',
        },
      },
    }),
    'ignition/etcd.json': `{
  "ignition": {"version": "3.3.0"},
  "storage": {"files": [
    {"path": "/etc/hostname", "mode": 420, "contents": {"source": "data:,{{.etcd_name}}"}},
    {"path": "/etc/rack", "mode": 420, "contents": {"source": "data:,{{.rack}}"}}
  ]},
  "systemd": {"units": [
    {"name": "etcd-member.service", "enabled": true,
     "dropins": [{"name": "20.conf", "contents": "[Service]\\nEnvironment=ETCD_NAME={{.etcd_name}}\\nEnvironment=ETCD_IP={{.ipv4_address}}\\n"}]}
  ]},
  "passwd": {"users": [{"name": "core", "sshAuthorizedKeys": [{{range $i, $k := .keys}}{{if $i}}, {{end}}"{{$k}}"{{end}}]}]}
}
`,
    'cloud/etcd.sh':
      '#!/bin/sh\nhostname {{.etcd_name}}\n{{range $k, $v := .labels}}echo {{$k}}={{$v}}\n{{end}}ip route add default via {{.gateway}}\n',
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(site, path)), { recursive: true })
    writeFileSync(join(site, path), text)
  }
}
