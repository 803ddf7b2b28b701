/**
 * The proof: a machine's own firmware boots from bootcfg.
 *
 *   SeaBIOS -> iPXE ROM --DHCP--> /boot.ipxe -> /ipxe?labels -> kernel and initrd from /assets
 *     -> Linux asks /ignition, /cloud and /metadata, and for signatures, as the machine it is
 *
 * What arrived comes back over the serial console, every byte of it.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import type { Attempt } from '../../src/core/boots/attempt.ts'
import { installMachine, MachineUnavailable, reportedFiles } from '../support/machine.ts'
import { HOST, type Machine, machineRequirements, startMachine } from '../support/qemu.ts'
import { require, skip } from '../support/requirements.ts'
import { type Server, startServer } from '../support/server.ts'

/** About 10 s on an idle machine without KVM. */
const BOOT_MAX_MS = 150_000

const UUID = '16e7d8a7-bfa9-428b-9117-363341bb330b'
const MAC = '52:54:00:b0:07:c6'
const SERIAL = 'RACK1-U7'
/** As the machine's kernel command line has it: iPXE filled in the spec's `${uuid}` and `${net0/mac:hexhyp}`. */
const QUERY = `uuid=${UUID}&mac=52-54-00-b0-07-c6`

const CONFIG = `api_version: v1alpha1
groups:
  - name: every other machine
    spec: other
  - name: the machine in the rack
    spec: machine
    require: {uuid: ${UUID}, mac: "${MAC}"}
    metadata:
      hostname: node7
      id: 0755
      peers: [node1, "n\u00f6de2"]
`
const SPEC = {
  id: 'machine',
  ignition_id: 'machine.yaml',
  cloud_id: 'machine.yaml.liquid',
  boot: {
    kernel: '/assets/machine/vmlinuz',
    initrd: ['/assets/machine/initrd.gz'],
    cmdline: {
      console: 'ttyS0',
      quiet: '',
      'bootcfg.url': '${cwduri}',
      'bootcfg.query': 'uuid=${uuid}&mac=${net0/mac:hexhyp}',
      'bootcfg.fetch': 'ignition,ignition.asc,cloud,cloud.sig,metadata,metadata.asc',
      'bootcfg.report': 'base64',
    },
  },
}
const IGNITION = `ignition_version: 1
systemd:
  units:
    - name: {{.hostname}}.service
      enable: true
networkd:
  units: []
`
const CLOUD = '#cloud-config\nhostname: {{ hostname }}\n# {{ peers | join: " & " }}\nid: {{ id }}\n'

/** What the machine must have been answered. */
const RENDERED = {
  ignition:
    '{"ignitionVersion":1,"storage":{},"systemd":{"units":[{"name":"node7.service","enable":true}]},"networkd":{},"passwd":{}}',
  cloud: '#cloud-config\nhostname: node7\n# node1 & n\u00f6de2\nid: 493\n',
  metadata: `HOSTNAME=node7\nID=493\nPEERS=[node1 n\u00f6de2]\nMAC=${MAC}\nUUID=${UUID}\n`,
}

test(
  'a machine boots over the network and gets the files made for it',
  { timeout: BOOT_MAX_MS + 60_000 },
  async (context) => {
    require(context, [...machineRequirements(), ['gpg', 'gnupg']])
    const folder = mkdtempSync(join(tmpdir(), 'bootcfg-machine-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    await installMachine(join(folder, 'assets')).catch((error: unknown) => {
      if (error instanceof MachineUnavailable) skip(context, error.message)
      throw error
    })
    const gpg = signingKey(join(folder, 'gnupg'), join(folder, 'secring.gpg'))
    onTestFinished(() => gpg.close())
    const server = await serve(folder)
    onTestFinished(async () => void (await server.stop()))

    const machine = startMachine({
      wire: { bootFile: `http://${HOST}:${new URL(server.url).port}/boot.ipxe` },
      uuid: UUID,
      mac: MAC,
      serial: SERIAL,
    })
    onTestFinished(machine.stop)
    await poweredOff(machine, server)

    const received = reportedFiles(machine.console())
    expect([...received.keys()], machine.console()).toEqual(SPEC.boot.cmdline['bootcfg.fetch'].split(','))
    for (const [route, body] of Object.entries(RENDERED)) expect(received.get(route)?.toString()).toBe(body)
    for (const [route, bytes] of received) expect(bytes, route).toEqual(await answer(server, `/${route}?${QUERY}`))
    for (const [route, body] of [
      ['ignition.asc', 'ignition'],
      ['cloud.sig', 'cloud'],
      ['metadata.asc', 'metadata'],
    ] as const) {
      expect(gpg.verifies(received.get(body)!, received.get(route)!), route).toBe(true)
      expect(gpg.verifies(Buffer.from('another body'), received.get(route)!), route).toBe(false)
    }
    expect(await sentTo(server)).toEqual(RENDERED)
    await server.stop() // its log is complete then
    expect(requestsOf(server)).toEqual([
      { path: '/boot.ipxe', status: 200 },
      { path: '/ipxe', status: 200, uuid: UUID, mac: MAC, serial: SERIAL, spec: 'machine' },
      { path: '/assets/machine/vmlinuz', status: 200 },
      { path: '/assets/machine/initrd.gz', status: 200 },
      ...[...received.keys()].map((route) => ({
        path: `/${route}`,
        status: 200,
        uuid: UUID,
        mac: MAC,
        spec: 'machine',
      })),
    ])
  },
)

/** What the server says that it sent, by its route. */
async function sentTo({ url }: Server): Promise<Record<string, string>> {
  const { attempts } = (await (await fetch(`${url}/api/attempts?mac=${MAC}`)).json()) as { attempts: { id: string }[] }
  const { entries } = (await (await fetch(`${url}/api/attempts/${attempts[0]!.id}`)).json()) as Attempt
  const sent = entries.filter(({ kind }) => Object.hasOwn(RENDERED, kind))
  const texts = sent.map(async ({ kind, body }) => [kind, await (await fetch(`${url}/api/bodies/${body}`)).text()])
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>
}

function serve(folder: string): Promise<Server> {
  const files = {
    'config.yaml': CONFIG,
    'specs/machine/spec.json': JSON.stringify(SPEC),
    'specs/other/spec.json': JSON.stringify({ id: 'other' }),
    'ignition/machine.yaml': IGNITION,
    'cloud/machine.yaml.liquid': CLOUD,
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'data', path)), { recursive: true })
    writeFileSync(join(folder, 'data', path), text)
  }
  return startServer([
    `-config=${folder}/data/config.yaml`,
    `-data-path=${folder}/data`,
    `-assets-path=${folder}/assets`,
    `-key-ring-path=${folder}/secring.gpg`,
  ])
}

async function poweredOff(machine: Machine, server: Server): Promise<void> {
  const end = await Promise.race([
    machine.off.then(() => 'the machine switched itself off'),
    server.exited.then((status) => `bootcfg ended with status ${status}: ${JSON.stringify(server.log.at(-1))}`),
    sleep(BOOT_MAX_MS, `the machine is still on after ${BOOT_MAX_MS} ms`, { ref: false }),
  ])
  if (!machine.console().includes('\n@@ done\n')) throw new Error(`${end}:\n${machine.console()}`)
}

async function answer(server: Server, path: string): Promise<Buffer> {
  const response = await fetch(server.url + path)
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}

/** The log's requests up to the machine's last one, without what differs from run to run. */
function requestsOf(server: Server): Record<string, unknown>[] {
  const machines = server.log.filter((line) => line['event'] === 'http.request').slice(0, 4 + 6)
  return machines.map(({ path, status, uuid, mac, labels, spec }) => {
    const [, serial] = /\bserial=(\S+)/.exec(String(labels)) ?? []
    return Object.fromEntries(
      Object.entries({ path, status, uuid, mac, serial, spec }).filter(([, value]) => value !== undefined),
    )
  })
}

/** A new Ed25519 key in a keyring of its own, and gpg to verify with. */
function signingKey(home: string, ring: string) {
  mkdirSync(home, { mode: 0o700 })
  const gpg = (...args: string[]): void => {
    execFileSync('gpg', ['--homedir', home, '--batch', '--quiet', '--pinentry-mode', 'loopback', ...args], {
      stdio: 'pipe',
    })
  }
  gpg('--passphrase', '', '--quick-generate-key', 'bootcfg test', 'ed25519', 'sign', 'never')
  gpg('--output', ring, '--export-secret-keys')
  return {
    verifies(body: Uint8Array, signature: Uint8Array): boolean {
      writeFileSync(join(home, 'body'), body)
      writeFileSync(join(home, 'signature'), signature)
      try {
        gpg('--verify', join(home, 'signature'), join(home, 'body'))
        return true
      } catch {
        return false
      }
    },
    close(): void {
      execFileSync('gpgconf', ['--homedir', home, '--kill', 'all'])
    },
  }
}
