/**
 * scripts/libvirt with libvirt itself, in a cell: its machines boot from bin/bootcfg -net virbr0, beside libvirt's own
 * dnsmasq on the same host and bridge. QEMU emulates, since KVM is not everywhere.
 */
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import { type Cell, CELL_REQUIREMENTS, startCell } from '../support/cell.ts'
import { fetchFirmware, FirmwareUnavailable } from '../support/firmware.ts'
import { createLab, type Host, requireLab } from '../support/lab.ts'
import { type Requirement, skip } from '../support/requirements.ts'
import { type Server, siteFlags, startServer } from '../support/server.ts'
import { writeFiles } from '../support/site.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/libvirt')

const REQUIREMENTS: readonly Requirement[] = [
  ['libvirtd', 'libvirt-daemon-system'],
  ['virsh', 'libvirt-clients'],
  ['virt-install', 'virtinst'],
  ['qemu-system-x86_64', 'qemu-system-x86'],
  ['qemu-img', 'qemu-utils'],
  ['/usr/share/OVMF/OVMF_CODE_4M.fd', 'ovmf'],
]

/** libvirt's own network, as it comes with it. */
const NETWORK = `<network>
  <name>default</name>
  <forward mode="nat"/>
  <bridge name="virbr0" stp="on" delay="0"/>
  <ip address="192.168.122.1" netmask="255.255.255.0">
    <dhcp><range start="192.168.122.2" end="192.168.122.254"/></dhcp>
  </ip>
</network>`

const QEMU_CONF =
  'user = "root"\ngroup = "root"\nsecurity_driver = "none"\ncgroup_controllers = []\nnamespaces = []\nstdio_handler = "file"\n'

const SETUP = `
  for folder in /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /run; do mount -t tmpfs tmpfs "$folder"; done
  printf '%s\\n' 'auth_unix_rw = "none"' 'auth_unix_ro = "none"' >/etc/libvirt/libvirtd.conf
  printf '%s' '${QEMU_CONF}' >/etc/libvirt/qemu.conf
  printf '%s' '${NETWORK}' >/etc/libvirt/default.xml
  libvirtd & wait`

/** Skips the test where libvirt itself does not come up, or cannot make its network. */
async function startLibvirt(context: TestContext, host: Host): Promise<Cell> {
  const cell = await startCell(host, SETUP)
  try {
    await cell.runUntilDone('virsh', 'version')
    await cell.run('virsh', 'net-define', '/etc/libvirt/default.xml')
    await cell.run('virsh', 'net-start', 'default')
    await cell.run('virsh', 'net-destroy', 'default')
    return cell
  } catch (error) {
    await cell[Symbol.asyncDispose]()
    return skip(context, `libvirt does not run in a namespace here: ${String(error)}`)
  }
}

const MACS = { node1: '52:54:00:a1:9c:ae', node2: '52:54:00:b2:2f:86' }
const UUIDS = { node1: '16e7d8a7-bfa9-428b-9117-363341bb330b', node2: '264cd073-ca62-44b3-98c0-50aad5b5f819' }

test('machines of libvirt, BIOS and UEFI, boot beside its own DHCP server', { timeout: 180_000 }, async (context) => {
  requireLab(context, [...CELL_REQUIREMENTS, ...REQUIREMENTS])
  const firmware = await fetchFirmware().catch((error: unknown) => {
    if (error instanceof FirmwareUnavailable) skip(context, error.message)
    throw error
  })
  await using lab = await createLab()
  const app = await lab.host('app', '')
  await using libvirt = await startLibvirt(context, app)
  const script = (...args: readonly string[]): Promise<string> => libvirt.run(SCRIPT, ...args)
  const site = join(lab.folder, 'site')
  writeFiles(site, {
    'config.yaml': `api_version: v1alpha1
groups:
  - {name: first, spec: node, require: {mac: "${MACS.node1}"}}
  - {name: second, spec: node, require: {uuid: ${UUIDS.node2}}}
`,
    'specs/node/spec.json': '{"id": "node", "boot": {"kernel": "/assets/vmlinuz"}}',
  })
  const flags = ['-net', 'virbr0', '-address', '0.0.0.0:8080', '-firmware-path', firmware, ...siteFlags(site)]
  await using server = await startServer(flags, {}, app.wrapper)
  expect(await server.waitFor('net.waiting')).toMatchObject({ iface: 'virbr0' })

  await script('create', '--virt-type', 'qemu', '--memory', '512', 'node1')
  // libvirt switches IPv6 off on its bridges. With it, iPXE is spared its wait for a router (docs/libvirt.md).
  await app.run('sh', '-c', 'echo 0 >/proc/sys/net/ipv6/conf/virbr0/disable_ipv6')
  await script('create', '--virt-type', 'qemu', '--memory', '512', '-uefi', 'node2')
  expect(await script('status')).toMatch(/^node1 +running.*\nnode2 +running.*\nnode3 +- .*\nnode4 +- .*\n$/)
  expect(await asked(server, 'node1')).toMatchObject({ uuid: UUIDS.node1, group: 'first', status: 200 })
  expect(await asked(server, 'node2')).toMatchObject({ uuid: UUIDS.node2, group: 'second', status: 200 })
  expect(await server.waitFor('dhcp.neighbour')).toMatchObject({ reason: expect.stringContaining('dnsmasq') })
  const leases = await libvirt.run('virsh', 'net-dhcp-leases', 'default')
  for (const mac of Object.values(MACS)) expect(leases).toContain(mac)

  await script('delete-disks')
  expect(await script('status', 'node1', 'node2')).toMatch(/^node1 +shut off.*\nnode2 +shut off.*\n$/)
  const { length: soFar } = server.log
  await script('start', 'node1')
  await server.waitFor('dhcp.offer', (line) => server.log.indexOf(line) >= soFar && line['mac'] === MACS.node1)

  await script('destroy')
  expect(await script('status')).toMatch(/^(node\d  - .*\n){4}$/)
  expect(await libvirt.run('virsh', 'vol-list', 'default')).not.toContain('node')
})

/** The request for its script, of which it knows the address by DHCP only. */
function asked(server: Server, node: keyof typeof MACS) {
  return server.waitFor('http.request', ({ path, mac }) => path === '/ipxe' && mac === MACS[node])
}
