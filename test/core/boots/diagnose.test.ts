/** Each way in which a boot ends, and what is said about it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { CODES } from '../../../src/core/boots/diagnose.ts'
import type { Spec } from '../../../src/core/specs.ts'
import { ADDRESS, GROUP, MAC, SCRIPT_URL, SPEC, Story, type StoryOptions } from './story.ts'

const NOT_FOUND = { status: 404, group: undefined, reason: 'no group matches the labels of this machine' }
const LACKS = { status: 404, reason: 'group "node" matches, but its spec "node" has no boot section' }
const BROKEN = { status: 500, reason: 'ignition/node.yaml:3:12: unexpected "}"' }
const RIVAL = { type: 'rival', mac: MAC, server: '10.9.0.7', file: 'pxelinux.0', iface: 'eth0' } as const

function specWith(changes: Partial<Spec>): StoryOptions {
  return { site: { spec: () => ({ ...SPEC, ...changes }) } }
}

/** Name: the rule; code; how it comes to that; what is said. */
const cases: readonly (readonly [name: string, code: string, story: () => Story, text: RegExp])[] = [
  [
    'a machine that no group could be meant for, with -answer known',
    'not-answered',
    () => new Story().refuse('silent', 'unknown-machine'),
    /not answered: no group requires its MAC address or UUID/,
  ],
  [
    'an architecture without a file',
    'no-firmware',
    () => new Story().refuse('nothing-fits', 'the firmware folder has no file for x64-uefi (architecture 7)'),
    /^Was not told what to boot: the firmware folder has no file for x64-uefi \(architecture 7\)\.$/,
  ],
  [
    'an iPXE without HTTP that nothing can replace',
    'ipxe-without-http',
    () => new Story().refuse('nothing-fits', 'there is no iPXE for pc98 (architecture 1)', 'plain'),
    /^Runs an iPXE that has no HTTP/,
  ],
  [
    'offers that nobody follows',
    'no-read',
    () => new Story().discover().wait(4).discover().wait(8).discover().wait(62),
    /^Was told to boot snponly\.efi 3 times, and never asked for it\.$/,
  ],
  [
    'a second boot server',
    'rival',
    () => new Story().discover().report(RIVAL).wait(4).discover().report(RIVAL).wait(62),
    /^Was told what to boot by another server as well: 10\.9\.0\.7 offered pxelinux\.0\. It read nothing from here\.$/,
  ],
  [
    'a second boot server, whose file it wants from here',
    'rival',
    () => new Story().discover().report(RIVAL).address().report(missing('pxelinux.0')).wait(92),
    /10\.9\.0\.7 offered pxelinux\.0/,
  ],
  [
    'a file that is not there',
    'file-missing',
    () => new Story().discover().address().report(missing('pxelinux.0')).wait(92),
    /^Asked for pxelinux\.0 and was not sent it: not there/,
  ],
  [
    'a read that nobody acknowledges',
    'read-stalled',
    () => reading().end('failed', 0, 'never acknowledged anything').wait(92),
    /^Asked for snponly\.efi and acknowledged nothing of it \(never acknowledged anything\)\.$/,
  ],
  [
    'a read that stalls',
    'read-stalled',
    () => reading().end('failed', 42_000, 'no answer any more').wait(92),
    /^Reading snponly\.efi stopped after 42 kB of 285 kB \(no answer any more\)\.$/,
  ],
  [
    'a file that was read, and silence',
    'firmware-silent',
    () => new Story().discover().address().probe().read().wait(92),
    /^Read snponly\.efi to its end, and was not heard of again\.$/,
  ],
  [
    'an iPXE that never comes to HTTP, of UEFI',
    'no-http',
    () => new Story().discover().address().read().read('autoexec.ipxe').wait(92),
    /^Runs iPXE, and never asked for its script by HTTP\.$/,
  ],
  [
    'an iPXE that never comes to HTTP, of BIOS',
    'no-http',
    () =>
      new Story()
        .discover('undionly.kpxe', 'rom')
        .address()
        .read('undionly.kpxe')
        .discover(SCRIPT_URL, 'able')
        .wait(92),
    /never asked for its script by HTTP/,
  ],
  [
    'an iPXE that cannot come to HTTP, of a BIOS that starts anew and anew',
    'no-http',
    () => restarts(3),
    /never asked for its script by HTTP/,
  ],
  [
    'an iPXE in ROM that never comes to HTTP',
    'no-http',
    () => new Story().discover(SCRIPT_URL, 'able').wait(62),
    /never asked for its script by HTTP/,
  ],
  [
    'HTTP boot that never comes to HTTP',
    'no-read',
    () => new Story().discover('http://10.9.0.2:8080/firmware/ipxe-amd64.efi').wait(62),
    /^Was told to boot http:\S+, and never asked for it\.$/,
  ],
  [
    'a chainload loop',
    'loop',
    () => loop(3),
    /^Read undionly\.kpxe 3 times and came back each time without asking for its script\.$/,
  ],
  [
    'a chain that ends after its first script',
    'no-chain',
    () => new Story().discover().address().read().request('script').wait(62),
    /^Got \/boot\.ipxe and did not go on to \/ipxe\.$/,
  ],
  [
    'no group',
    'no-group',
    () => new Story().discover().address().read().request('script').ask('ipxe', NOT_FOUND),
    /^No group matches it\.$/,
  ],
  [
    'no group, but one that is near',
    'no-group',
    () => new Story({ site: { nearest: () => 'group "node1" wants serial=R7, not r7' } }).ask('ipxe', NOT_FOUND),
    /^No group matches it\. Nearest: group "node1" wants serial=R7, not r7\.$/,
  ],
  [
    'a group with nothing to boot',
    'nothing-to-boot',
    () => new Story().ask('ipxe', { ...LACKS, group: GROUP, unconfigured: true }),
    /^There is nothing to boot for it: group "node" matches, but its spec "node" has no boot section\.$/,
  ],
  [
    'a broken spec',
    'spec-broken',
    () => new Story().ask('ipxe', { status: 500, reason: 'specs/node/spec.json:1:2: no object' }),
    /^Its spec cannot be used: specs\/node\/spec\.json:1:2: no object\.$/,
  ],
  ['a script, and silence', 'no-kernel', () => new Story().untilScript().wait(62), /never asked for its kernel\.$/],
  [
    'a script that names another server, and silence',
    'no-kernel',
    () =>
      new Story(specWith({ boot: { kernel: 'http://mirror/vmlinuz', initrd: [], cmdline: null } }))
        .untilScript()
        .wait(62),
    /^Got its script, which names http:\/\/mirror\/vmlinuz, and was not heard of again\.$/,
  ],
  [
    'a kernel that is not there',
    'asset-missing',
    () => new Story().untilScript().report({ ...missing('vmlinuz'), via: 'http', from: 'assets', status: 404 }),
    /^Asked for \/assets\/vmlinuz, which it could not be sent: not there/,
  ],
  [
    'a download that breaks off',
    'download-broken',
    () =>
      new Story()
        .untilScript()
        .begin('http', 'vmlinuz', 8_000_000)
        .end('failed', 3_000_000, 'the machine broke it off'),
    /^The download of vmlinuz broke off after 3\.0 MB of 8\.0 MB\.$/,
  ],
  [
    'a kernel, and silence',
    'no-initrd',
    () => new Story().untilScript().download('vmlinuz').wait(302),
    /never asked for \/assets\/initrd\.gz\.$/,
  ],
  [
    'kernel and initrd, and silence',
    'no-config',
    () => new Story().untilKernel().wait(302),
    /^Kernel and initrd were sent, and nobody asked for the config/,
  ],
  [
    'a template that fails',
    'template-failed',
    () => new Story().untilKernel().ask('ignition', BROKEN),
    /^Its ignition config could not be made: ignition\/node\.yaml:3:12: unexpected "}"\.$/,
  ],
  [
    'a config that is named and not there',
    'config-missing',
    () =>
      new Story()
        .untilKernel()
        .ask('ignition', { status: 404, reason: 'its spec names ignition/x, which does not exist' }),
    /^Asked for \/ignition and got none: its spec names ignition\/x, which does not exist\.$/,
  ],
  [
    'a config that its group has not, and no other asked for',
    'config-missing',
    () =>
      new Story().untilKernel().ask('cloud', { status: 404, unconfigured: true, reason: 'has no cloud_id' }).wait(302),
    /^Asked for \/cloud and got none: has no cloud_id\.$/,
  ],
  [
    'a boot',
    'booted',
    () => new Story().untilKernel().ask('ignition'),
    /^Booted: got its ignition config after 5\.0 s\.$/,
  ],
  [
    'a boot without a config',
    'booted',
    () => new Story(specWith({ ignitionId: '' })).untilKernel(),
    /^Booted: got everything that it needs after 5\.0 s\.$/,
  ],
  [
    'a kernel from elsewhere',
    'handed-over',
    () =>
      new Story(specWith({ ignitionId: '', boot: { kernel: 'http://mirror/vmlinuz', initrd: [], cmdline: null } }))
        .untilScript()
        .wait(62),
    /^Got its script\. http:\/\/mirror\/vmlinuz comes from another server/,
  ],
  [
    'an iPXE of its own, whose spec has gone meanwhile: what it was to fetch is not known',
    'stopped',
    () => new Story({ site: { spec: () => undefined } }).ask('ipxe').download('vmlinuz', 8_000_000).wait(302),
    /^Stopped, and nothing tells why\.$/,
  ],
  ['a request without a boot', 'seen', () => new Story().ask('metadata').wait(302), /^Asked for \/metadata; no boot/],
  ['a boot that goes on', 'booting', () => reading().move(10), /^Reads snponly\.efi\.$/],
]

function missing(file: string) {
  return { type: 'refused', via: 'tftp', address: ADDRESS, from: 'firmware', file, reason: 'not there' } as const
}

function reading() {
  return new Story().discover().address().begin('tftp', 'snponly.efi', 284_672)
}

function restarts(times: number): Story {
  const story = new Story()
  for (let time = 0; time < times; time++) {
    story.discover('undionly.kpxe', 'rom').address().read('undionly.kpxe').wait(3).discover(SCRIPT_URL, 'able').wait(7)
  }
  return story
}

function loop(turns: number): Story {
  const story = new Story().discover('undionly.kpxe', 'rom').address()
  for (let turn = 0; turn < turns; turn++) story.read('undionly.kpxe').wait(18).discover('undionly.kpxe', 'rom')
  return story
}

describe('a boot ends, and the diagnosis says how', () => {
  for (const [name, code, tell, text] of cases) {
    test(`${name}: ${code}`, () => {
      const { diagnosis, state } = tell().latest()
      expect(diagnosis.code).toBe(code)
      expect(diagnosis.text).toMatch(text)
      // Who reads of a failure reads what to do.
      expect(diagnosis.advice !== '').toBe(state === 'failed')
    })
  }

  test('a loop that goes on has failed once, until it ends', () => {
    const story = loop(6)
    expect(story.ended.map(({ diagnosis }) => diagnosis.code)).toEqual(['loop'])
    story.request('script').ask('ipxe')
    expect(story.verdict()).toBe('booting script booting')
  })

  test('a config that it can do without is no failure', () => {
    const lacks = { status: 404, unconfigured: true, reason: 'has no cloud_id' }
    const story = new Story().untilKernel().ask('cloud', lacks)
    expect(story.verdict()).toBe('booting config booting')
    expect(story.ask('ignition').verdict()).toBe('booted done booted')
  })

  test('a mended file brings it up', () => {
    const story = new Story()
      .untilKernel()
      .ask('ignition', BROKEN)
      .wait(5)
      .ask('ignition', BROKEN)
      .wait(5)
      .ask('ignition')
    expect(story.verdict()).toBe('booted done booted')
    expect(story.ended.map(({ state }) => state)).toEqual(['failed', 'booted'])
  })

  test('what another server says to a machine that does not boot here, or has gone on from here, is no matter', () => {
    expect(new Story().report(RIVAL).recorder.overview.machines(0)).toEqual([])
    const story = new Story().untilScript().report(RIVAL)
    expect(story.latest().entries.some(({ kind }) => kind === 'note')).toBe(false)
  })
})

test('each code that there is has its case here and its paragraph in docs/troubleshooting.md', () => {
  const tried = new Set(cases.map(([, code]) => code))
  expect(CODES.filter((code) => !tried.has(code))).toEqual([])
  const text = readFileSync(join(import.meta.dirname, '../../../docs/troubleshooting.md'), 'utf8')
  expect(CODES.filter((code) => !text.includes(`### \`${code}\``))).toEqual([])
})
