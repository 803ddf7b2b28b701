/** What becomes of the events of real boots: which machine, which attempt, how far, and when it has ended. */
import { describe, expect, test } from 'vitest'

import { parseStored } from '../../../src/core/boots/stored.ts'
import { ADDRESS, kinds, LABELS, MAC, SCRIPT_URL, SPEC, Story, UUID, WALL } from './story.ts'

const OTHER = '52:54:00:aa:bb:02'

describe('a boot is one attempt, from its first packet to its config', () => {
  test('UEFI by PXE and snponly.efi', () => {
    const story = new Story().untilKernel().wait(20).ask('ignition')
    const attempt = story.latest()
    expect(kinds(attempt)).toBe(
      'discover ok, offer ok, read probe, read ok, autoexec ok, script ok, ipxe ok, download ok, download ok, ignition ok',
    )
    expect(attempt).toMatchObject({
      mac: MAC,
      state: 'booted',
      stage: 'done',
      startedAt: new Date(WALL).toISOString(),
      durationMs: 25_000,
      group: 'node',
      spec: 'node',
      architecture: 'x64-uefi',
      uuid: UUID,
      address: ADDRESS,
      bytes: 68_000_000,
      totalBytes: 68_000_000,
      labels: { mac: MAC, uuid: UUID, hostname: 'node1', serial: 'R7' },
      truncated: false,
    })
    expect(attempt.diagnosis.text).toBe('Booted: got its ignition config after 25 s.')
    expect(story.count()).toBe(1)
  })

  test('a BIOS ROM, undionly.kpxe, and DHCP once more by that', () => {
    const story = new Story()
      .discover('undionly.kpxe', 'rom')
      .address()
      .read('undionly.kpxe')
      .wait(3)
      .discover(SCRIPT_URL, 'able')
      .request('script')
      .ask('ipxe')
      .download('vmlinuz')
      .download('initrd.gz')
      .ask('ignition')
    expect(story.count()).toBe(1)
    expect(story.verdict()).toBe('booted done booted')
    expect(story.latest().architecture).toBe('x86-bios')
  })

  test('who is told something else has asked anew, not once more', () => {
    const story = new Story().discover(SCRIPT_URL, 'able').wait(8).discover('undionly.kpxe', 'rom')
    expect(kinds(story.latest())).toBe('discover ok, offer ok, discover ok, offer ok')
  })

  test('firmware that asks at 4, 8, 16 and 32 seconds asks once, counted', () => {
    const story = new Story().discover()
    for (const seconds of [4, 8, 16, 32]) story.wait(seconds).discover()
    expect(story.count()).toBe(1)
    expect(kinds(story.latest())).toBe('discover ok x5, offer ok x5')
    expect(story.latest().entries[0]).toMatchObject({ startMs: 0, durationMs: 60_000 })
  })

  test('PXE and HTTP boot side by side are one attempt', () => {
    const story = new Story().discover().discover('http://10.9.0.2:8080/firmware/ipxe-amd64.efi').discover()
    expect(story.count()).toBe(1)
  })

  test('firmware that wants to be told again asks on 4011', () => {
    const story = new Story().discover().wait(4).address().askAgainAt4011().read()
    expect(kinds(story.latest())).toBe('discover ok, offer ok, ask-4011 ok, offer ok, read ok')
  })

  test('without a config in the spec it has booted when kernel and initrds were sent whole', () => {
    const bare = { ...SPEC, ignitionId: '' }
    const story = new Story({ site: { spec: () => bare } }).untilScript().download('vmlinuz')
    const initrd = story.begin('http', 'initrd.gz', 1000)
    expect(story.verdict()).toBe('booting kernel booting')
    initrd.end('part', 10)
    expect(story.verdict()).toBe('booting kernel booting')
    story.download('initrd.gz')
    expect(story.verdict()).toBe('booted done booted')
  })

  test('kernels that come from elsewhere are not seen', () => {
    const spec = { ...SPEC, ignitionId: '', boot: { kernel: 'http://mirror/vmlinuz', initrd: [], cmdline: null } }
    const story = new Story({ site: { spec: () => spec } }).untilScript().wait(120)
    expect(story.verdict()).toBe('booted script handed-over')
  })

  test('Pixiecore asks for the machine, from an address of its own', () => {
    const path = '/pixiecore/v1/boot/52-54-00-AA-BB-01'
    const story = new Story().ask('pixiecore', { path, labels: new Map(), address: '10.9.0.9' })
    expect(story.latest()).toMatchObject({ mac: MAC, address: null, group: 'node' })
    expect(story.ask('ignition').verdict()).toBe('booted done booted')
  })
})

describe('another attempt begins', () => {
  const after: [name: string, story: () => Story, attempts: number][] = [
    ['with a DISCOVER of firmware that has read a file before', () => new Story().untilScript().discover(), 2],
    [
      'with a DISCOVER of iPXE once there was a script',
      () => new Story().untilScript().discover(SCRIPT_URL, 'able'),
      2,
    ],
    ['with a DISCOVER after a minute of silence', () => new Story().discover().wait(62).discover(), 2],
    ['not with a DISCOVER half a minute later', () => new Story().discover().wait(32).discover(), 1],
    ['with /boot.ipxe after the kernel', () => new Story().untilKernel().request('script'), 2],
    ['not with a script that is asked for again at once', () => new Story().untilScript().wait(5).ask('ipxe'), 1],
    ['with one that is asked for again later', () => new Story().untilScript().wait(31).ask('ipxe'), 2],
    ['with a network boot program after a script', () => new Story().untilScript().read(), 2],
    ['not with a config that comes late', () => new Story().untilKernel().wait(600).ask('ignition'), 1],
    ['with whatever comes after half an hour', () => new Story().untilKernel().wait(1900).ask('metadata'), 2],
  ]
  for (const [name, story, attempts] of after) test(name, () => expect(story().count()).toBe(attempts))

  test('and the one before has failed where it stood, and says so', () => {
    const story = new Story().discover().address().read().wait(9).discover()
    const [, before] = story.recorder.overview.machine(MAC, story.nowMs)!.attempts
    expect(before).toMatchObject({ state: 'failed', stage: 'firmware', diagnosis: { code: 'firmware-silent' } })
    expect(before!.diagnosis.text).toMatch(/Then it began anew\.$/)
  })
})

describe('an attempt ends', () => {
  test('not while bytes move, however long that takes', () => {
    const story = new Story().untilScript()
    const kernel = story.begin('http', 'vmlinuz', 1_000_000_000)
    for (let minute = 1; minute <= 30; minute++) kernel.move(minute * 1_000_000).wait(60)
    expect(story.verdict()).toBe('booting kernel booting')
    expect(story.latest()).toMatchObject({ bytes: 30_000_000, diagnosis: { text: 'Downloads vmlinuz.' } })
  })

  test('when the machine is silent for longer than its stage takes, at the time of its last word', () => {
    const story = new Story().discover().address().read()
    expect(story.wait(90).verdict()).toBe('booting firmware booting')
    expect(story.wait(2).verdict()).toBe('failed firmware firmware-silent')
    expect(story.latest().durationMs).toBe(0)
    expect(story.ended).toHaveLength(1)
  })

  test('and goes on when the machine does after all', () => {
    const story = new Story().untilKernel().wait(302)
    expect(story.verdict()).toBe('failed kernel no-config')
    expect(story.ask('ignition').verdict()).toBe('booted done booted')
    expect(story.ended.map(({ state }) => state)).toEqual(['failed', 'booted'])
  })

  test('at once where the answer leaves nothing to go on with, once however often it is asked', () => {
    const story = new Story().refuse('nothing-fits', 'there is no iPXE for it').wait(4)
    story.refuse('nothing-fits', 'there is no iPXE for it').wait(8).refuse('nothing-fits', 'there is no iPXE for it')
    expect(story.verdict()).toBe('failed dhcp no-firmware')
    expect(story.count()).toBe(1)
  })

  test('of a machine that only asks for something in no verdict, from the first', () => {
    const story = new Story().ask('metadata')
    expect(story.verdict()).toBe('seen config seen')
    expect(story.wait(100).latest()).toMatchObject({ endedAt: null, durationMs: 0 })
    expect(story.wait(202).verdict()).toBe('seen config seen')
    expect(story.ended.map(({ state }) => state)).toEqual(['seen'])
  })

  test('that was only seen without one, when a boot begins', () => {
    const story = new Story().ask('metadata').wait(1).ask('ipxe')
    expect(story.verdict()).toBe('booting script booting')
    expect(story.ended.map(({ state }) => state)).toEqual(['seen'])
  })

  test('and stays so whatever asks for metadata: that is no boot that goes on', () => {
    const story = new Story().untilKernel().wait(302).ask('metadata')
    expect(story.verdict()).toBe('failed kernel no-config')
    expect(story.latest().entries.at(-1)!.kind).toBe('metadata')
    expect(story.ended).toHaveLength(1)
  })

  test('after its boot it may fetch what it likes', () => {
    const story = new Story().untilKernel().ask('ignition').wait(5).ask('metadata').wait(5).download('image.raw')
    expect(story.verdict()).toBe('booted done booted')
    expect(story.count()).toBe(1)
  })
})

describe('whose it is', () => {
  test('what comes from an address is of the machine that DHCP says has it', () => {
    const story = new Story().discover().address().request('script').request('metadata')
    expect(story.recorder.overview.machines(story.nowMs).map(({ mac }) => mac)).toEqual([MAC])
  })

  test('an address that nobody knows is a machine of its own, until a request tells its MAC', () => {
    const story = new Story().read().wait(3).request('script')
    expect(story.recorder.overview.machines(story.nowMs).map(({ mac }) => mac)).toEqual([`address:${ADDRESS}`])
    const kernel = story.ask('ipxe').begin('http', 'vmlinuz', 10)
    kernel.end()
    expect(story.recorder.overview.machines(story.nowMs).map(({ mac }) => mac)).toEqual([MAC])
    expect(kinds(story.latest())).toBe('read ok, script ok, ipxe ok, download ok')
    expect(story.latest().startedAt).toBe(new Date(WALL).toISOString())
  })

  test('a download that runs meanwhile goes over with it', () => {
    const story = new Story().discover()
    const read = story.begin('tftp', 'snponly.efi', 10)
    story.wait(1).address()
    read.end()
    expect(kinds(story.latest())).toBe('discover ok, offer ok, read ok')
    expect(story.recorder.overview.machines(story.nowMs)).toHaveLength(1)
  })

  test('an address passes from one machine to the next when DHCP says so', () => {
    const story = new Story()
      .discover()
      .address()
      .discover('snponly.efi', undefined, OTHER)
      .address(ADDRESS, OTHER)
      .read()
    expect(kinds(story.latest(OTHER))).toBe('discover ok, offer ok, read ok')
    expect(kinds(story.latest())).toBe('discover ok, offer ok')
  })

  test('an address that several MACs use at once tells nothing', () => {
    const labels = new Map([['mac', OTHER]])
    const story = new Story().ask('ipxe').ask('ipxe', { labels }).download('vmlinuz')
    expect(kinds(story.latest())).toBe('ipxe ok')
    expect(kinds(story.latest(OTHER))).toBe('ipxe ok')
    expect(kinds(story.latest(`address:${ADDRESS}`))).toBe('download ok')
  })

  test('a machine that boots by its second network card is one machine', () => {
    const labels = new Map([...LABELS, ['mac', OTHER]])
    const story = new Story().discover().address().read().request('script').ask('ipxe', { labels })
    story.download('vmlinuz').download('initrd.gz').ask('ignition', { labels, address: '10.9.0.177' })
    expect(story.recorder.overview.machines(story.nowMs).map(({ mac }) => mac)).toEqual([MAC])
    expect(story.verdict()).toBe('booted done booted')
  })

  test('what asks with fewer labels than iPXE takes none away', () => {
    const labels = new Map([
      ['mac', MAC],
      ['os', 'installed'],
    ])
    const story = new Story().untilKernel().ask('ignition', { labels })
    expect(story.latest().labels).toEqual({
      mac: MAC,
      uuid: UUID,
      hostname: 'node1',
      serial: 'R7',
      os: 'installed',
    })
    expect(story.recorder.overview.machines(story.nowMs)[0]!.hostname).toBe('node1')
  })

  test('the nearest group is sought by the labels of the request that none matched', () => {
    const nearest = (labels: ReadonlyMap<string, string>) => [...labels.keys()].join(' ')
    const story = new Story({ site: { nearest } }).untilKernel()
    story.ask('ignition', { labels: new Map([['mac', MAC]]), group: undefined, status: 404 })
    expect(story.latest().diagnosis.text).toBe('No group matches it. Nearest: mac.')
  })

  test('an attempt ends with the nearest group named, of one machine a second: it takes long', () => {
    const story = new Story({ site: { nearest: () => 'the next' } })
    const lost = (mac: string) => story.ask('ipxe', { labels: new Map([['mac', mac]]), group: undefined, status: 404 })
    for (const mac of ['52:54:00:00:00:01', '52:54:00:00:00:02']) lost(mac)
    story.wait(2)
    lost('52:54:00:00:00:03')
    expect(story.ended.map(({ diagnosis }) => diagnosis.text)).toEqual([
      'No group matches it. Nearest: the next.',
      'No group matches it.',
      'No group matches it. Nearest: the next.',
    ])
  })

  test('a UUID alone is enough where an address changed', () => {
    const story = new Story().untilKernel()
    story.ask('ignition', { labels: new Map([['uuid', UUID]]), address: '10.9.0.177' })
    expect(story.verdict()).toBe('booted done booted')
  })
})

describe('progress', () => {
  test('the total is known once every file has begun, or from the boot before', () => {
    const story = new Story().untilScript()
    story.begin('http', 'vmlinuz', 8000).move(4000)
    expect(story.latest()).toMatchObject({ bytes: 4000, totalBytes: null })
    story.begin('http', 'initrd.gz', 60_000).move(1000)
    expect(story.latest()).toMatchObject({ bytes: 5000, totalBytes: 68_000 })
    const next = { labels: new Map([['mac', OTHER]]), address: '10.9.0.101' }
    story.ask('ipxe', next)
    expect(story.latest(OTHER)).toMatchObject({ bytes: 0, totalBytes: 68_000 })
  })
})

describe('limits', () => {
  test('the machine heard of longest ago is forgotten, with its attempts', () => {
    const story = new Story({ limits: { machinesMax: 2 } })
    const macs = ['52:54:00:00:00:01', '52:54:00:00:00:02', '52:54:00:00:00:03']
    for (const mac of macs) story.discover('x.efi', undefined, mac)
    expect(story.recorder.overview.machines(story.nowMs).map(({ mac }) => mac)).toEqual([macs[2], macs[1]])
  })

  test('a machine keeps its latest attempts', () => {
    const story = new Story({ limits: { attemptsPerMachineMax: 3 } })
    for (let boot = 0; boot < 5; boot++) story.untilScript().wait(70)
    expect(
      story.recorder.overview.machine(MAC, story.nowMs)!.attempts.map(({ startedAt }) => Date.parse(startedAt)),
    ).toEqual([4, 3, 2].map((boot) => WALL + boot * 75_000))
  })

  test('an attempt keeps its first entries, and says that there were more', () => {
    const story = new Story({ limits: { entriesPerAttemptMax: 5 } }).untilKernel().ask('ignition')
    expect(story.latest().entries).toHaveLength(5)
    expect(story.latest().truncated).toBe(true)
    expect(story.verdict()).toBe('booted done booted')
  })

  test('of all that is over the latest stay, within so many bytes', () => {
    const story = new Story({ limits: { historyBytesMax: 2500 } })
    for (let boot = 0; boot < 15; boot++) story.untilScript().wait(70)
    expect(story.count()).toBeGreaterThan(2)
    expect(story.count()).toBeLessThan(10)
  })
})

describe('text from the network', () => {
  test('is printable ASCII of limited length', () => {
    const labels = new Map([
      ['mac', MAC],
      ['hostname', `\u0007<script>${'x'.repeat(5000)}`],
      ['__proto__', 'polluted'],
    ])
    const story = new Story().ask('ipxe', { labels }).read('\u001b[2J.efi')
    const { hostname } = story.recorder.overview.machine(MAC, story.nowMs)!
    expect(hostname).toMatch(/^\?<script>x{191}\.\.\.$/)
    expect(Object.getPrototypeOf(story.latest().labels)).toBe(Object.prototype)
    expect(story.latest().entries.at(-1)!.title).toBe('?[2J.efi')
  })
})

describe('what was saved', () => {
  test('an attempt is saved when it has begun, when it ends, and when it is over if something came after', () => {
    const story = new Story().discover().wait(1)
    expect(story.saved.map((line) => parseStored(line)?.attempt.state)).toEqual(['booting'])
    story.address().read().request('script').ask('ipxe').wait(9).ask('ignition')
    expect(story.saved).toHaveLength(2)
    story.wait(5).ask('metadata').wait(1900)
    expect(story.saved).toHaveLength(3)
    expect(parseStored(story.saved[2]!)?.attempt).toMatchObject({ state: 'booted', mac: MAC })
  })

  test('a boot that was under way when the power went is there, and goes on', () => {
    const before = new Story().discover().wait(1).address().read()
    const after = new Story().wait(20)
    for (const line of before.saved) after.recorder.load(parseStored(line)!, after.nowMs)
    expect(after.verdict()).toBe('booting dhcp booting')
    expect(after.address().request('script').ask('ipxe').ask('ignition').verdict()).toBe('booted done booted')
    expect(after.count()).toBe(1)
  })

  test('what an address did is not saved until it ends: it may be of a machine with a name', () => {
    const story = new Story().read().wait(2)
    expect(story.saved).toEqual([])
  })

  test('comes back as it was', () => {
    const before = new Story().untilKernel().ask('ignition').wait(1900)
    const after = new Story()
    for (const line of before.saved) after.recorder.load(parseStored(line)!, 1900_000 + 60_000)
    expect(after.recorder.overview.attempts(10, 0)).toEqual(before.recorder.overview.attempts(10, 0))
    expect(after.latest()).toEqual(before.latest())
    expect(after.recorder.overview.machine(MAC, 0)).toMatchObject({ hostname: 'node1', address: ADDRESS, uuid: UUID })
  })

  test('a boot that was under way goes on, and what was sent then has broken off', () => {
    const before = new Story().untilScript()
    before.begin('http', 'vmlinuz', 1000).move(400)
    before.recorder.saveAll(before.nowMs)
    const after = new Story().wait(15)
    for (const line of before.saved) after.recorder.load(parseStored(line)!, after.nowMs)
    expect(after.latest().entries.at(-1)).toMatchObject({ outcome: 'failed', reason: 'bootcfg was ended', bytes: 400 })
    after.download('vmlinuz').download('initrd.gz').ask('ignition')
    expect(after.verdict()).toBe('booted done booted')
    expect(after.latest().startedAt).toBe(new Date(WALL).toISOString())
  })

  test('a later line of the same attempt is in place of the earlier', () => {
    const before = new Story().untilKernel().wait(302).ask('ignition').wait(1900)
    const after = new Story()
    for (const line of before.saved) after.recorder.load(parseStored(line)!, 1e7)
    expect(after.recorder.overview.attempts(10, 0).map(({ state }) => state)).toEqual(['booted'])
  })

  test('what was sent is not on the disk, its sum is', () => {
    const before = new Story().untilScript().ask('ignition', { body: 'secret' }).wait(1900)
    expect(before.saved.join('')).not.toContain('secret')
    const after = new Story()
    for (const line of before.saved) after.recorder.load(parseStored(line)!, 1900_000 + 60_000)
    const sum = after.latest().entries.at(-1)!.body!
    expect([before.recorder.body(sum), after.recorder.body(sum)]).toEqual(['secret', undefined])
  })

  test('what is no attempt is none', () => {
    for (const line of ['', '{', '{}', 'null', '[]', '{"attempt":{"id":1}}']) expect(parseStored(line)).toBeUndefined()
  })
})

describe('a clock that is set while machines boot', () => {
  const YEARS_MS = 25 * 365.25 * 86_400_000

  test.each([
    ['forward', -YEARS_MS, YEARS_MS],
    ['back', YEARS_MS, -YEARS_MS],
  ])('%s: what began before it has the right start and its own length', (_name, wrongMs, setMs) => {
    const story = new Story().setClock(wrongMs).wait(2).untilScript()
    const { id } = story.latest()
    story.wait(1).setClock(setMs).wait(3).download('vmlinuz').download('initrd.gz').ask('ignition')
    expect(story.latest()).toMatchObject({
      id,
      state: 'booted',
      startedAt: new Date(WALL + 2000).toISOString(),
      endedAt: new Date(WALL + 11_000).toISOString(),
      durationMs: 9000,
    })
    expect(story.recorder.overview.machine(MAC, story.nowMs)?.lastSeenAt).toBe(new Date(WALL + 11_000).toISOString())
    expect(story.recorder.takeChanged()).toContain(MAC)
  })

  test('what was saved under the wrong time is one attempt with what is saved under the right one', () => {
    const before = new Story().setClock(-YEARS_MS).discover().wait(2).setClock(YEARS_MS).wait(1)
    before.recorder.saveAll(before.nowMs)
    expect(before.saved).toHaveLength(2)
    const after = new Story().wait(20)
    for (const line of before.saved) after.recorder.load(parseStored(line)!, after.nowMs)
    expect(after.count()).toBe(1)
    expect(after.latest()).toMatchObject({ id: before.latest().id, startedAt: new Date(WALL).toISOString() })
    expect(after.wait(1900).discover().count()).toBe(2)
  })

  test('a boot begins when it does, also after one that began by a clock that was ahead', () => {
    const story = new Story().setClock(YEARS_MS).discover().wait(1900).setClock(-YEARS_MS).wait(1).discover()
    expect(story.count()).toBe(2)
    expect(story.latest().startedAt).toBe(new Date(WALL + 1901_000).toISOString())
  })

  test('a boot of before the program was started keeps its time', () => {
    const before = new Story().discover().wait(1)
    const after = new Story().setClock(-YEARS_MS).wait(5)
    for (const line of before.saved) after.recorder.load(parseStored(line)!, after.nowMs)
    after.wait(1).setClock(YEARS_MS).wait(1)
    expect(after.latest().startedAt).toBe(new Date(WALL).toISOString())
    expect(after.latest().durationMs).toBeGreaterThanOrEqual(0)
  })
})
