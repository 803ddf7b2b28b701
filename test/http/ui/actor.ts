/**
 * A machine of a story that boots step by step: it is told in few words what the rooms would report.
 */
import type { Purpose, Requested } from '../../../src/core/journal.ts'
import { parseLabels } from '../../../src/core/labels.ts'
import { explainHttp } from '../../../src/http/explain.ts'
import type { PageSite } from './site.ts'

const UEFI_X64 = 7
const VMLINUZ = ['flatcar/vmlinuz', 61_234_567] as const
const INITRD = ['flatcar/initrd.cpio.gz', 351_111_111] as const

let transfers = 0

export interface Said {
  readonly mac: string
  readonly address: string
  readonly hostname?: string
  /** Other labels. */
  readonly labels?: Readonly<Record<string, string>>
}

export class Actor {
  readonly mac: string
  readonly #site: PageSite
  readonly #address: string
  readonly #labels: ReadonlyMap<string, string>

  constructor(site: PageSite, { mac, address, hostname = '', labels = {} }: Said) {
    this.#site = site
    this.mac = mac
    this.#address = address
    this.#labels = parseLabels(new URLSearchParams({ mac, hostname, ...labels }).toString())
  }

  wait(seconds: number): this {
    this.#site.story.wait(seconds)
    return this
  }

  discover(boot: string | undefined = 'snponly.efi', architecture = UEFI_X64): this {
    const [mac, story] = [this.mac, this.#site.story]
    story.report({
      type: 'asked',
      mac,
      uuid: undefined,
      iface: 'br0',
      port: 67,
      architecture,
      ipxe: undefined,
      boot,
      answer: boot === undefined ? 'nothing-fits' : 'told',
      reason:
        boot === undefined ? 'no file of the firmware folder is for it' : 'UEFI has a driver for its network card',
    })
    story.report({ type: 'address', mac, address: this.#address })
    return this
  }

  /** @returns what goes on with it */
  begin(via: 'tftp' | 'http', file: string, totalBytes: number) {
    const { story } = this.#site
    const id = ++transfers
    const from = via === 'http' ? 'assets' : 'firmware'
    const blocks = via === 'tftp' ? { blockBytes: 1468, window: 4 } : {}
    story.report({ type: 'began', via, id, address: this.#address, from, file, totalBytes, ...blocks })
    return {
      move: (bytes: number): this => this.#did(() => story.report({ type: 'moved', via, id, bytes })),
      end: (outcome: 'whole' | 'probe' | 'failed' = 'whole', bytes = totalBytes, reason?: string): this =>
        this.#did(() =>
          story.report({ type: 'ended', via, id, bytes, outcome, resent: outcome === 'failed' ? 5 : 0, reason }),
        ),
    }
  }

  read(file = 'snponly.efi'): this {
    this.begin('tftp', file, 272_384).end('probe', 0)
    const transfer = this.begin('tftp', file, 272_384)
    this.wait(0.6)
    return transfer.end()
  }

  ask(purpose: 'script' | 'ipxe' | 'ignition' | 'metadata', more: Partial<Requested> = {}): this {
    const labels = purpose === 'script' ? new Map<string, string>() : this.#labels
    const group = purpose === 'script' ? undefined : this.#site.snapshot.groups.find(labels)
    const isLost = purpose !== 'script' && group === undefined
    this.#site.story.report({
      type: 'requested',
      purpose,
      address: this.#address,
      labels,
      query: '',
      path: purpose === 'script' ? '/boot.ipxe' : `/${purpose}`,
      status: isLost ? 404 : 200,
      bytes: 401,
      body: isLost ? undefined : this.#rendered(purpose, labels),
      ms: 1,
      group,
      unconfigured: false,
      reason: isLost ? 'no group matches the labels of this machine' : undefined,
      ...more,
    })
    return this
  }

  /** As the server would answer. */
  #rendered(purpose: Purpose, labels: ReadonlyMap<string, string>): string | undefined {
    const query = new URLSearchParams([...labels]).toString()
    const answers = explainHttp(this.#site.snapshot, query, '10.9.0.2:8080')
    const answer = answers.find(({ target }) => target.split('?')[0] === `/${purpose}`)
    return answer?.status === 200 ? Buffer.from(answer.body).toString() : undefined
  }

  untilScript(): this {
    return this.discover().wait(4).read().wait(1).ask('script').ask('ipxe')
  }

  kernel(): this {
    const kernel = this.begin('http', ...VMLINUZ)
    return this.wait(1.2).#did(() => kernel.end())
  }

  initrd() {
    return this.begin('http', ...INITRD)
  }

  /** From the first packet to its config. */
  boots(seconds = 18): this {
    this.untilScript().kernel()
    const initrd = this.initrd()
    return this.wait(4).#did(() => initrd.end())
      .wait(seconds)
      .ask('ignition')
      .wait(2)
      .ask('metadata')
  }

  #did(act: () => unknown): this {
    act()
    return this
  }
}
