/** Who is answered, and with what. Rows are requests; the context is a site with all of Debian's iPXE files. */
import { describe, expect, test } from 'vitest'

import { parseIpv4 } from '../../src/dhcp/ipv4.ts'
import type { Message } from '../../src/dhcp/message.ts'
import { ARCHITECTURES } from '../../src/dhcp/pxe.ts'
import { type Context, respond, type Verdict } from '../../src/dhcp/responder.ts'
import { ascii, variant } from '../support/dhcp-packets.ts'

const DEBIAN = [
  'undionly.kpxe',
  'snponly.efi',
  'ipxe-amd64.efi',
  'ipxe-arm64.efi',
  'ipxe-riscv64.efi',
  'ipxe-loong64.efi',
]
const SCRIPT = 'http://10.77.0.3:8080/boot.ipxe'

function site(changes: Partial<Omit<Context, 'files'>> = {}, files: readonly string[] = DEBIAN): Context {
  return {
    port: 67,
    from: { address: '0.0.0.0', port: 68 },
    address: parseIpv4('10.77.0.3')!,
    place: { advertise: undefined, address: '10.77.0.3', port: 8080 },
    isAnswered: () => true,
    architectureBefore: undefined,
    fruitlessReads: 0,
    ...changes,
    files: new Map(files.map((name) => [name, { name, path: `/firmware/${name}`, size: 1, stamp: '1' }])),
  }
}

const onBootPort = { port: 4011, from: { address: '10.77.0.133', port: 4011 } } as const

/** A verdict in a word or two. */
function summary(verdict: Verdict): string {
  if (verdict.do === 'refuse' || verdict.do === 'ignore') return `${verdict.do}: ${verdict.why}`
  if (verdict.do === 'learn') return `learn ${verdict.address.toString(16)}`
  const { boot, type } = verdict
  if (boot.what === 'raspberry-pi') return `${type} raspberry-pi`
  return `${type} ${boot.what === 'file' ? (boot.url ?? boot.file) : boot.url}`
}

type Row = [name: string, request: Message, verdict: string, context?: Context]

function table(rows: readonly Row[]): void {
  for (const [name, request, verdict, context] of rows) {
    test(name, () => expect(summary(respond(request, context ?? site()))).toBe(verdict))
  }
}

/** Firmware of that architecture; its class says nothing. */
function firmware(architecture: number, vendorClass = 'PXEClient'): Message {
  const number = architecture.toString(16).padStart(4, '0')
  return variant('edk2-x64-discover', {}, { 93: number, 60: ascii(vendorClass) })
}

const DISCOVER = 'edk2-x64-discover'
const ROM = 'ipxe-bios-rom-discover'
const CHAINED_EFI = 'ipxe-efi-chained-discover'
/** Features of option 175, each with the value 1. */
const features = (...codes: string[]): string => codes.map((code) => `${code}0101`).join('')
const [HTTP, HTTPS, BZIMAGE, EFI] = ['13', '14', '18', '24']

describe('who is answered', () => {
  table([
    ['a DISCOVER of PXE firmware on 67', variant(DISCOVER), 'offer snponly.efi'],
    ['a REQUEST of PXE firmware on 4011', variant('edk2-x64-request4011'), 'ack snponly.efi', site(onBootPort)],
    ['an INFORM on 4011', variant('edk2-x64-request4011', { type: 'inform' }), 'ack snponly.efi', site(onBootPort)],
    ['a DISCOVER on 4011: no', variant(DISCOVER), 'ignore: wrong-type-for-port', site(onBootPort)],
    ['a REQUEST on 67: no, but it tells an address', variant('edk2-x64-request67'), 'learn a4d0085'],
    [
      'a renewal on 67: no, but it tells an address',
      variant('edk2-x64-request67', { ciaddr: 0x0a4d0086 }, { 50: undefined, 54: undefined }),
      'learn a4d0086',
    ],
    [
      'a REQUEST on 67 without an address: no',
      variant('edk2-x64-request67', {}, { 50: undefined }),
      'ignore: wrong-type-for-port',
    ],
    [
      'a REQUEST on 67 for an address that nobody can have: no',
      variant('edk2-x64-request67', {}, { 50: 'ffffffff' }),
      'ignore: wrong-type-for-port',
    ],
    ['an INFORM on 67: no', variant(DISCOVER, { type: 'inform' }), 'ignore: wrong-type-for-port'],
    ['a RELEASE: no', variant(DISCOVER, { type: 'release' }), 'ignore: wrong-type-for-port'],
    ['a reply of another server: no', variant('dnsmasq-dhcp-offer'), 'ignore: not-a-request'],
    ['a machine without a class: no', variant(DISCOVER, {}, { 60: undefined }), 'ignore: not-a-network-boot'],
    ['Windows: no', variant(DISCOVER, {}, { 60: ascii('MSFT 5.0') }), 'ignore: not-a-network-boot'],
    ['udhcpc: no', variant(DISCOVER, {}, { 60: ascii('udhcp 1.36.1') }), 'ignore: not-a-network-boot'],
    ['a class that is cut short: no', variant(DISCOVER, {}, { 60: ascii('PXEClien') }), 'ignore: not-a-network-boot'],
    [
      'a REQUEST of Windows tells nothing',
      variant('edk2-x64-request67', {}, { 60: ascii('MSFT 5.0') }),
      'ignore: not-a-network-boot',
    ],
    [
      'a REQUEST on 4011 for another server: no',
      variant('ipxe-request4011', {}, { 54: '0a4d0002' }),
      'ignore: for-another-server',
      site(onBootPort),
    ],
    ['a relay that cannot be answered: no', variant(DISCOVER, { giaddr: 0xffffffff }), 'ignore: no-way-back'],
    ['a relay at loopback: no', variant(DISCOVER, { giaddr: 0x7f000001 }), 'ignore: no-way-back'],
    [
      'a sender without port: no',
      variant('edk2-x64-request4011'),
      'ignore: no-way-back',
      site({ ...onBootPort, from: { address: '10.77.0.133', port: 0 } }),
    ],
    [
      'a sender without address on 4011: no',
      variant('edk2-x64-request4011'),
      'ignore: no-way-back',
      site({ ...onBootPort, from: { address: '0.0.0.0', port: 68 } }),
    ],
    [
      'a machine that -answer leaves out: no',
      variant(DISCOVER),
      'ignore: unknown-machine',
      site({ isAnswered: () => false }),
    ],
    [
      'a boot server that has to prove itself: no',
      variant('ipxe-pxebs-request', {}, { 43: '47 04 8001 8000 ff' }),
      'ignore: credentials-wanted',
      site(onBootPort),
    ],
    ['a vendor class of its own', variant(DISCOVER, {}, { 60: ascii('HW-Client:Arch:00007') }), 'offer snponly.efi'],
  ])

  test('the class of the request is the class of the answer', () => {
    const classes = ['PXEClient', 'HTTPClient', 'HW-Client'] as const
    for (const vendorClass of classes) expect(respond(firmware(7, vendorClass), site())).toMatchObject({ vendorClass })
  })

  test('the same request gets the same verdict, whatever came before', () => {
    const verdicts = Array.from({ length: 10 }, () => respond(variant(DISCOVER), site()))
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1)
  })
})

describe('firmware begins with', () => {
  const offers: [architecture: number, vendorClass: 'PXEClient' | 'HTTPClient', file: string][] = [
    [0, 'PXEClient', 'undionly.kpxe'],
    [7, 'PXEClient', 'snponly.efi'],
    [9, 'PXEClient', 'snponly.efi'],
    [11, 'PXEClient', 'ipxe-arm64.efi'],
    [27, 'PXEClient', 'ipxe-riscv64.efi'],
    [39, 'PXEClient', 'ipxe-loong64.efi'],
    [16, 'HTTPClient', 'ipxe-amd64.efi'],
    [17, 'HTTPClient', 'ipxe-amd64.efi'],
    [19, 'HTTPClient', 'ipxe-arm64.efi'],
    [28, 'HTTPClient', 'ipxe-riscv64.efi'],
    [40, 'HTTPClient', 'ipxe-loong64.efi'],
  ]
  for (const [architecture, vendorClass, file] of offers) {
    const name = `${ARCHITECTURES.get(architecture)!.name} (${architecture}): ${file}`
    const expected = vendorClass === 'HTTPClient' ? `http://10.77.0.3:8080/firmware/${file}` : file
    table([[name, firmware(architecture, vendorClass), `offer ${expected}`]])
  }

  for (const [architecture, file] of [
    [6, 'ipxe-ia32.efi'],
    [10, 'ipxe-arm32.efi'],
    [25, 'ipxe-riscv32.efi'],
  ] as const) {
    const { name } = ARCHITECTURES.get(architecture)!
    table([
      [
        `${name}: nothing, since Debian has none`,
        firmware(architecture),
        `refuse: the firmware folder has no file for ${name} (architecture ${architecture}), such as ${file}`,
      ],
      [`${name}: ${file} where the operator put it`, firmware(architecture), `offer ${file}`, site({}, [file])],
    ])
  }

  table([
    [
      'ia32 by HTTP, where there is a file',
      firmware(15, 'HTTPClient'),
      'offer http://10.77.0.3:8080/firmware/ipxe-ia32.efi',
      site({}, ['ipxe-ia32.efi']),
    ],
    [
      'arm32 by HTTP, where there is a file',
      firmware(18, 'HTTPClient'),
      'offer http://10.77.0.3:8080/firmware/ipxe-arm32.efi',
      site({}, ['ipxe-arm32.efi']),
    ],
    [
      'another build of the same, where the preferred is missing',
      firmware(7),
      'offer ipxe.efi',
      site({}, ['ipxe-amd64.efi', 'ipxe.efi']),
    ],
    [
      'nothing, where the file is missing',
      firmware(7),
      'refuse: the firmware folder has no file for x64-uefi (architecture 7), such as snponly.efi',
      site({}, ['undionly.kpxe']),
    ],
    [
      'nothing, for what iPXE is not built for',
      firmware(2),
      'refuse: there is no iPXE for itanium-uefi (architecture 2)',
    ],
    ['nothing, for a number that nobody knows', firmware(250), 'refuse: architecture 250 is unknown'],
  ])

  test('nothing, on any architecture of the table that iPXE is not built for', () => {
    const all = new Set([...ARCHITECTURES.values()].flatMap(({ files }) => files))
    for (const number of [1, 2, 3, 4, 5, 8, 12, 13, 14, 20, 21, 22, 23, 24, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38]) {
      expect(respond(firmware(number), site({}, [...all]))).toMatchObject({ do: 'refuse', architecture: number })
    }
  })
})

describe('the architecture is', () => {
  const withArch = (value: string | undefined, vendorClass: string) =>
    variant(DISCOVER, {}, { 93: value, 60: ascii(vendorClass) })
  table([
    ['the first of a list that there is an iPXE for', withArch('0002 000b 0007', 'PXEClient'), 'offer ipxe-arm64.efi'],
    [
      'what the class says, where there is no list',
      withArch(undefined, 'PXEClient:Arch:00011:UNDI:003000'),
      'offer ipxe-arm64.efi',
    ],
    [
      'what the class says, where the list is broken',
      withArch('07', 'PXEClient:Arch:00011:UNDI:003000'),
      'offer ipxe-arm64.efi',
    ],
    [
      'what it was before, where the class says nothing',
      withArch(undefined, 'PXEClient'),
      'offer ipxe-arm64.efi',
      site({ architectureBefore: 11 }),
    ],
    ['BIOS, where nothing is known', withArch(undefined, 'PXEClient'), 'offer undionly.kpxe'],
    [
      'what is said now, not what it was before',
      withArch('0007', 'PXEClient'),
      'offer snponly.efi',
      site({ architectureBefore: 11 }),
    ],
  ])
})

describe('iPXE', () => {
  const ABLE_BIOS = variant(ROM, {}, { 175: features(HTTP, HTTPS, BZIMAGE) })
  const ABLE_EFI = variant(CHAINED_EFI, {}, { 175: features(HTTP, HTTPS, EFI) })
  table([
    ['that can do all gets the script, on BIOS', ABLE_BIOS, `offer ${SCRIPT}`],
    ['that can do all gets the script, on UEFI', ABLE_EFI, `offer ${SCRIPT}`],
    [
      'gets it on 4011 as well',
      variant('ipxe-request4011', {}, { 175: features(HTTP, HTTPS, EFI) }),
      `ack ${SCRIPT}`,
      site(onBootPort),
    ],
    [
      'by the host that -advertise names',
      ABLE_EFI,
      'offer http://boot.lan:8080/boot.ipxe',
      site({ place: { advertise: 'boot.lan', address: '10.77.0.3', port: 8080 } }),
    ],
    [
      'that does not call itself so is known by option 175',
      variant(ROM, {}, { 77: undefined, 175: features(HTTP, HTTPS, BZIMAGE) }),
      `offer ${SCRIPT}`,
    ],
    [
      'that keeps the class of HTTP boot firmware',
      variant(CHAINED_EFI, {}, { 60: ascii('HTTPClient:Arch:00016'), 93: '0010', 175: features(HTTP, HTTPS, EFI) }),
      `offer ${SCRIPT}`,
    ],
    [
      'whatever its version',
      variant(ROM, {}, { 175: `eb03010000 ${features(HTTP, HTTPS, BZIMAGE)}` }),
      `offer ${SCRIPT}`,
    ],
    [
      'on an architecture that nobody knows',
      variant(CHAINED_EFI, {}, { 93: '00fa', 175: features(HTTP, HTTPS, EFI) }),
      `offer ${SCRIPT}`,
    ],
    ['gets the script even where no file is there for its architecture', ABLE_EFI, `offer ${SCRIPT}`, site({}, [])],
    ['of 2019 without HTTPS is given ours first', variant(ROM), 'offer undionly.kpxe'],
    ['of 2019 without HTTPS is given ours first, on UEFI', variant(CHAINED_EFI), 'offer snponly.efi'],
    [
      'whose class is PXEClient alone is given ours first',
      variant('ipxe-undionly-chained-discover'),
      'offer undionly.kpxe',
    ],
    ['without HTTP is given ours first', variant(ROM, {}, { 175: features(HTTPS, BZIMAGE) }), 'offer undionly.kpxe'],
    [
      'on BIOS without bzImage is given ours first',
      variant(ROM, {}, { 175: features(HTTP, HTTPS, EFI) }),
      'offer undionly.kpxe',
    ],
    [
      'on UEFI without EFI is given ours first',
      variant(CHAINED_EFI, {}, { 175: features(HTTP, HTTPS, BZIMAGE) }),
      'offer snponly.efi',
    ],
    ['without option 175 is given ours first', variant(ROM, {}, { 175: undefined }), 'offer undionly.kpxe'],
    [
      'in the form of RFC 3004 without option 175',
      variant(ROM, {}, { 77: '04 69505845', 175: undefined }),
      'offer undionly.kpxe',
    ],
    [
      'named gPXE is given ours first',
      variant(ROM, {}, { 77: ascii('gPXE'), 175: features('21') }),
      'offer undionly.kpxe',
    ],
    [
      'that keeps the class of HTTP boot firmware is given ours by TFTP',
      variant(CHAINED_EFI, {}, { 60: ascii('HTTPClient:Arch:00016'), 93: '0010' }),
      'offer ipxe-amd64.efi',
    ],
    ['for which there is no file tries the script', variant(ROM), `offer ${SCRIPT}`, site({}, [])],
    [
      'without HTTP for which there is no file: nothing',
      variant(ROM, {}, { 175: features(BZIMAGE) }),
      'refuse: the firmware folder has no file for x86-bios (architecture 0), such as undionly.kpxe',
      site({}, []),
    ],
  ])

  test('is told of to whoever advertises, firmware is not', () => {
    expect(respond(variant(ROM), site())).toMatchObject({ ipxe: true, vendorClass: 'PXEClient' })
    expect(respond(variant(DISCOVER), site())).toMatchObject({ ipxe: false })
  })

  test('that tries the script for want of a file comes with a word to the operator', () => {
    expect(respond(variant(ROM), site({}, []))).toMatchObject({
      warning: expect.stringContaining('undionly.kpxe') as string,
    })
    expect(respond(variant(ROM), site())).toMatchObject({ warning: undefined })
  })
})

describe('a machine that reads our file again and again without asking for a script', () => {
  const reads = (fruitlessReads: number, files = [...DEBIAN, 'ipxe.pxe']) => site({ fruitlessReads }, files)
  const bios = firmware(0)
  table([
    ['is offered the same at first', bios, 'offer undionly.kpxe', reads(2)],
    ['is offered ipxe.pxe on BIOS from the third on', bios, 'offer ipxe.pxe', reads(3)],
    ['is offered ipxe.pxe for as long as that goes on', bios, 'offer ipxe.pxe', reads(8)],
    ['is offered the same on BIOS where there is no ipxe.pxe', bios, 'offer undionly.kpxe', reads(8, DEBIAN)],
    ['is offered the same on UEFI', firmware(7), 'offer snponly.efi', reads(8)],
    ['is offered ipxe.pxe also when it is an iPXE', variant(ROM), 'offer ipxe.pxe', reads(3)],
    ['tries the script when it is an iPXE and nothing is left to offer', variant(ROM), `offer ${SCRIPT}`, reads(4)],
    ['tries the script when it is an iPXE on UEFI', variant(CHAINED_EFI), `offer ${SCRIPT}`, reads(3)],
    [
      'gets the script whenever it is an iPXE that can do all',
      variant(ROM, {}, { 175: features(HTTP, HTTPS, BZIMAGE) }),
      `offer ${SCRIPT}`,
      reads(8),
    ],
  ])
})

describe('a Raspberry Pi', () => {
  const pi = (mac: string, options: Record<number, string | undefined> = { 93: '0000' }): Message => {
    const chaddr = new Uint8Array(16)
    chaddr.set(Buffer.from(mac.replaceAll(':', ''), 'hex'))
    return variant(DISCOVER, { chaddr }, { 60: ascii('PXEClient:Arch:00000:UNDI:002001'), ...options })
  }
  table([
    ['is known by its address, though it says BIOS', pi('b8:27:eb:01:02:03'), 'offer raspberry-pi'],
    ['of a newer address', pi('2c:cf:67:01:02:03'), 'offer raspberry-pi'],
    ['is known by architecture 41', pi('52:54:00:01:02:03', { 93: '0029' }), 'offer raspberry-pi'],
    [
      'is known by what it puts where others have a GUID',
      pi('52:54:00:01:02:03', { 93: '0000', 97: `00${ascii('RPi4')}${'01'.repeat(12)}` }),
      'offer raspberry-pi',
    ],
    ['that runs UEFI firmware is an arm64 machine', pi('dc:a6:32:01:02:03', { 93: '000b' }), 'offer ipxe-arm64.efi'],
    [
      'that does not ask to boot is left alone',
      pi('dc:a6:32:01:02:03', { 60: ascii('dhcpcd-9.4.1') }),
      'ignore: not-a-network-boot',
    ],
    ['has an Ethernet address', { ...pi('b8:27:eb:01:02:03'), hlen: 16 }, 'offer undionly.kpxe'],
    ['is not any machine that says BIOS', pi('52:54:00:01:02:03'), 'offer undionly.kpxe'],
  ])
})

describe('boot server discovery on 4011', () => {
  test('is answered with the file, and the item that was chosen', () => {
    const verdict = respond(
      variant('ipxe-pxebs-request'),
      site({ port: 4011, from: { address: '10.77.0.133', port: 68 } }),
    )
    expect(summary(verdict)).toBe('ack undionly.kpxe')
    expect(verdict).toMatchObject({ bootItem: new Uint8Array([0x80, 1, 0, 0]) })
  })

  test('an item of another size is none', () => {
    const request = variant('ipxe-pxebs-request', {}, { 43: '47 02 8001 ff' })
    expect(respond(request, site(onBootPort))).toMatchObject({ do: 'answer', bootItem: undefined })
  })
})
