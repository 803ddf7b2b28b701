/**
 * scripts/libvirt against a virsh and a virt-install that note what they are asked and remember which machines there are.
 *
 * With libvirt itself: test/slow/libvirt.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { parseWhole } from '../../src/core/store/groups-file.ts'
import { createProject, type Project } from './project.ts'

const ROOT = join(import.meta.dirname, '../..')
const ALL = ['node1', 'node2', 'node3', 'node4']

test('create makes four machines with fixed addresses that boot from disk, else from the network', () => {
  using host = hostWithLibvirt()
  const { status, stderr, made } = host.libvirt('create', '--virt-type', 'qemu')
  expect(status).toBe(0)
  expect(made.map((options) => options['name'])).toEqual(ALL)
  expect(new Set(made.map((options) => options['uuid'])).size).toBe(4)
  for (const options of made) expect(options).toMatchObject({ boot: 'hd,network', 'virt-type': 'qemu', memory: '3072' })
  expect(made[0]!['network']).toBe('network=default,mac=52:54:00:a1:9c:ae,model=virtio')
  expect(stderr).toContain('bin/bootcfg -net virbr0')
})

test('the machines are those of the examples', () => {
  using host = hostWithLibvirt()
  const made = host.libvirt('create').made.slice(0, 3)
  const required = (file: string, label: 'mac' | 'uuid') =>
    parseWhole(readFileSync(join(ROOT, file), 'utf8'))
      .groups.filter(({ name }) => name.startsWith('etcd node'))
      .map(({ require }) => require.find(({ key }) => key === label)?.value)
  const macs = made.map((options) => /mac=([^,]+)/.exec(options['network']!)?.[1])
  expect(macs).toEqual(required('examples/config.yaml', 'mac'))
  expect(made.map((options) => options['uuid'])).toEqual(required('examples/v1alpha1/config.yaml', 'uuid'))
})

test('KVM is used where there is KVM', () => {
  using host = hostWithLibvirt()
  expect(host.libvirt('create', 'node1').made[0]!['virt-type']).toBe(existsSync('/dev/kvm') ? 'kvm' : 'qemu')
})

test('-uefi asks for firmware that runs what is not signed', () => {
  using host = hostWithLibvirt()
  const [options] = host.libvirt('create', 'node1', '-uefi').made
  expect(options!['boot']).toMatch(/^hd,network,firmware=efi,.*name=secure-boot,\S*enabled=no/)
})

test('memory, disk and network are to choose', () => {
  using host = hostWithLibvirt()
  const [options] = host.libvirt('create', 'node4', '--memory', '512', '--disk', '3', '--network', 'default').made
  expect(options).toMatchObject({ memory: '512', disk: 'size=3,format=qcow2,bus=virtio' })
})

test('a machine that is there is not made again', () => {
  using host = hostWithLibvirt()
  host.libvirt('create', 'node2')
  const { status, made } = host.libvirt('create')
  expect([status, made.map((options) => options['name'])]).toEqual([0, ['node1', 'node3', 'node4']])
})

test('a network that is off is switched on', () => {
  using host = hostWithLibvirt()
  host.state('network', 'no')
  expect(host.libvirt('create', 'node1').asked).toContain('net-start default')
  host.libvirt('poweroff')
  host.state('network', 'no')
  expect(host.libvirt('start', 'node1').asked).toContain('net-start default')
})

test('when one cannot be made, the others are not tried, and what may help is said', () => {
  using host = hostWithLibvirt()
  host.project.program('path/virt-install', 'echo "ERROR  failed to set MSR"; exit 1')
  const { status, stderr } = host.libvirt('create', '--virt-type', 'kvm', '-uefi')
  expect(status).toBe(1)
  expect(stderr).toMatch(
    /failed to set MSR\nlibvirt: node1: virt-install cannot make it\n.*ovmf\n.*--virt-type qemu\n$/,
  )
})

//               verb            one that runs is asked               one that is off is asked
const verbs: [string, readonly string[], readonly string[]][] = [
  ['start', [], ['start node1']],
  ['reboot', ['reboot node1'], []],
  ['reset', ['reset node1'], []],
  ['shutdown', ['shutdown node1'], []],
  ['poweroff', ['destroy node1'], []],
  ['destroy', ['destroy node1', UNDEFINE()], [UNDEFINE()]],
  ['delete-disks', ['destroy node1', ...EMPTY()], EMPTY()],
]
for (const [verb, running, off] of verbs) {
  test(`${verb}, once for a machine that runs and once for one that is off`, () => {
    for (const [state, expected] of [['running', running] as const, ['shut off', off] as const]) {
      using host = hostWithLibvirt()
      host.state('node1', state)
      const { asked } = host.libvirt(verb, 'node1')
      const questions = /^(uri|domstate|net-info|domiflist|domblklist|vol-pool|vol-info) ?/
      expect(asked.filter((words) => !questions.test(words))).toEqual(expected)
    }
  })
}

function UNDEFINE(): string {
  return 'undefine node1 --nvram --remove-all-storage'
}

function EMPTY(): string[] {
  return ['vol-delete /images/node1.qcow2', 'vol-create-as default node1.qcow2 10737418240 --format qcow2']
}

test('without names a verb is for all machines that there are', () => {
  using host = hostWithLibvirt()
  host.libvirt('create')
  host.state('node2', undefined)
  const { status, asked } = host.libvirt('reboot')
  expect(asked.filter((words) => words.startsWith('reboot'))).toEqual(['reboot node1', 'reboot node3', 'reboot node4'])
  expect(status).toBe(0)
})

test('one that fails does not keep a verb from the others', () => {
  using host = hostWithLibvirt()
  host.libvirt('create', 'node1', 'node3')
  const { status, stderr, asked } = host.libvirt('reboot', 'node1', 'node2', 'node3')
  expect(asked.filter((words) => words.startsWith('reboot'))).toEqual(['reboot node1', 'reboot node3'])
  expect([status, stderr]).toEqual([
    1,
    expect.stringContaining('node2: there is none; to make it: scripts/libvirt create node2'),
  ])
})

test('where there are no machines, it is said how to make them', () => {
  using host = hostWithLibvirt()
  const { status, stderr } = host.libvirt('start')
  expect([status, stderr]).toEqual([1, expect.stringContaining('scripts/libvirt create')])
})

test('destroying what is not there is done already', () => {
  using host = hostWithLibvirt()
  expect(host.libvirt('destroy').status).toBe(0)
})

test('status shows each machine with its address and uuid', () => {
  using host = hostWithLibvirt()
  host.libvirt('create', 'node1')
  const lines = host.libvirt('status').stdout.trim().split('\n')
  expect(lines.map((line) => line.split(/ +/).slice(0, 3))).toEqual([
    ['node1', 'running', '52:54:00:a1:9c:ae'],
    ['node2', '-', '52:54:00:b2:2f:86'],
    ['node3', '-', '52:54:00:c3:61:77'],
    ['node4', '-', '52:54:00:d7:99:c7'],
  ])
})

test('a libvirt that cannot be reached is told with what it said', () => {
  using host = hostWithLibvirt()
  host.project.program(
    'path/virsh',
    'echo "error: failed to connect to the hypervisor" >&2; echo "error: no such socket" >&2; exit 1',
  )
  const { status, stderr } = host.libvirt('start')
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/qemu:\/\/\/system: error: no such socket\n.*group libvirt/),
  ])
})

test('a network that libvirt does not have is told with how to make it', () => {
  using host = hostWithLibvirt()
  const { status, stderr } = host.libvirt('create', '--network', 'other')
  expect([status, stderr]).toEqual([1, expect.stringMatching(/no network other\n[^]*net-define/)])
})

test('every package that is missing is named at once', () => {
  using host = hostWithLibvirt()
  const tools = join(host.project.path, 'tools')
  mkdirSync(tools)
  for (const tool of ['bash', 'sed', 'cat']) symlinkSync(join('/bin', tool), join(tools, tool))
  const { status, stderr } = host.run(['create'], { PATH: tools })
  expect(status).toBe(1)
  expect(stderr).toMatch(/^libvirt: missing: libvirt-clients virtinst .*qemu-system-x86 qemu-utils\n.*apt-get install/)
})

for (const args of [
  [],
  ['fly'],
  ['start', 'node5'],
  ['create', '--fast'],
  ['create', '--memory'],
  ['create', '--disk', '1G'],
  ['create', '--virt-type', 'xen'],
]) {
  test(`"${args.join(' ')}" is wrong usage`, () => {
    using host = hostWithLibvirt()
    const { status, stderr, asked } = host.libvirt(...args)
    expect([status, stderr, asked]).toEqual([2, expect.stringContaining('--help shows how to use it'), []])
  })
}

test('--help names every verb', () => {
  using host = hostWithLibvirt()
  const { status, stdout } = host.libvirt('--help')
  expect(status).toBe(0)
  for (const verb of ['create', 'status', ...verbs.map(([name]) => name)])
    expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'))
})

interface LibvirtHost extends Disposable {
  readonly project: Project
  /** What a machine is now, or whether the network is on; undefined: there is none. */
  state(name: string, state: string | undefined): void
  run(args: readonly string[], env: NodeJS.ProcessEnv): { status: number | null; stdout: string; stderr: string }
  /** What virsh was asked in this run, and the options of each call of virt-install. */
  libvirt(...args: readonly string[]): ReturnType<LibvirtHost['run']> & {
    asked: readonly string[]
    made: readonly Readonly<Record<string, string>>[]
  }
}

const VIRSH = `
cd "$STATE"; echo "$*" >>asked
case $1 in
  uri) echo qemu:///system ;;
  domstate) cat "$2" 2>/dev/null || { echo 'error: failed to get domain' >&2; exit 1; } ;;
  net-info) [ "$2" = default ] && printf 'Name:           default\\nActive:         %s\\nBridge:         virbr0\\n' "$(cat network)" ;;
  net-start) echo yes >network ;;
  start) echo running >"$2" ;;
  destroy) echo 'shut off' >"$2" ;;
  undefine) rm "$2" ;;
  domiflist) printf ' Interface   Type      Source    Model    MAC\\n-----\\n vnet0       network   default   virtio   52:54:00\\n' ;;
  domblklist) printf ' Type   Device   Target   Source\\n-----\\n file   disk     vda      /images/%s.qcow2\\n' "$2" ;;
  vol-pool) echo default ;;
  vol-info) printf 'Name:           node1.qcow2\\nType:           file\\nCapacity:       10737418240 bytes\\n' ;;
esac`

const VIRT_INSTALL = `
cd "$STATE"; printf '%s\\0' "$@" >>made; printf '\\n' >>made
while [ "$1" != --name ]; do shift; done
echo running >"$2"`

function hostWithLibvirt(): LibvirtHost {
  const project = createProject(['scripts/libvirt'])
  const state = join(project.path, 'state')
  mkdirSync(state)
  writeFileSync(join(state, 'network'), 'yes\n')
  project.program('path/virsh', VIRSH)
  project.program('path/virt-install', VIRT_INSTALL)
  for (const tool of ['libvirtd', 'qemu-system-x86_64', 'qemu-img']) project.program(`path/${tool}`, '')
  const noted = (file: string): string[] => {
    const path = join(state, file)
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
    writeFileSync(path, '')
    return lines
  }
  const run: LibvirtHost['run'] = (args, env) =>
    spawnSync(join(project.path, 'scripts/libvirt'), args, {
      cwd: '/',
      encoding: 'utf8',
      env: { ...process.env, LIBVIRT_DEFAULT_URI: '', STATE: state, ...env },
    })
  return {
    project,
    run,
    state: (name, is) => {
      if (is === undefined) spawnSync('rm', [join(state, name)])
      else writeFileSync(join(state, name), `${is}\n`)
    },
    libvirt: (...args) => {
      noted('asked')
      noted('made')
      const ended = run(args, { PATH: `${project.path}/path:${process.env['PATH']}` })
      return { ...ended, asked: noted('asked'), made: noted('made').map((line) => optionsOf(line.split('\0'))) }
    },
    [Symbol.dispose]: () => project[Symbol.dispose](),
  }
}

/** `--name node1 --import …` as `{ name: 'node1', import: '' }` */
function optionsOf(words: readonly string[]): Record<string, string> {
  const options: Record<string, string> = {}
  let name = ''
  for (const word of words) {
    if (word.startsWith('--')) options[(name = word.slice(2))] = ''
    else options[name] += word
  }
  return options
}
