/**
 * The status page as a browser gets it: the real application on loopback, on top of a real recorder that is told boots in
 * virtual time (test/core/boots/story.ts).
 */
import type { Appliance } from '../../../src/core/appliance.ts'
import type { Part } from '../../../src/core/boots/overview.ts'
import { ConfigError } from '../../../src/core/errors.ts'
import { knownMachines } from '../../../src/core/groups.ts'
import { closest, describeLost } from '../../../src/core/match-story.ts'
import type { Checked } from '../../../src/core/problems.ts'
import type { Snapshot } from '../../../src/core/store/snapshot.ts'
import type { StoreState } from '../../../src/core/store/store.ts'
import { explain } from '../../../src/explain.ts'
import { createPage } from '../../../src/http/ui/page.ts'
import { Story, WALL } from '../../core/boots/story.ts'
import { appOn, snapshotOf, temporaryFolder, writeFiles } from '../../support/site.ts'
import { NO_PROBLEMS, told } from '../api/site.ts'

const SPECS = {
  flatcar: { kernel: '/assets/flatcar/vmlinuz', initrd: ['/assets/flatcar/initrd.cpio.gz'] },
  etcd: { kernel: '/assets/flatcar/vmlinuz', initrd: ['/assets/flatcar/initrd.cpio.gz'] },
}

const FILES = {
  'config.yaml': `api_version: v1alpha1
groups:
  - name: etcd node 1
    spec: etcd
    require: {mac: "52:54:00:a1:9c:ae"}
    metadata: {etcd_name: node1}
  - name: etcd node 2
    spec: etcd
    require: {mac: "52:54:00:b2:2f:86"}
  - name: worker
    spec: flatcar
    require: {role: worker}
    metadata: {secret: correct-horse}
`,
  ...Object.fromEntries(
    Object.entries(SPECS).map(([id, boot]) => [
      `specs/${id}/spec.json`,
      JSON.stringify({ id, ignition_id: `${id}.yaml`, boot: { ...boot, cmdline: {} } }),
    ]),
  ),
  'ignition/flatcar.yaml': 'ignition_version: 1\nstorage: {files: []}\n# {{.secret}}\n',
  'ignition/etcd.yaml':
    'ignition_version: 1\nsystemd:\n  units:\n    - name: {{.etcd_name}}.service\n      enable: true\n',
}

export interface PageSite extends AsyncDisposable {
  readonly url: string
  readonly story: Story
  readonly snapshot: Snapshot
  /** What is told by the event stream, as the recorder would by itself. */
  tell(): void
  /** Somebody edits files of the data directory, and it is read anew. */
  edit(files?: Readonly<Record<string, string>>): Promise<void>
  readonly problems: ReturnType<typeof told<Checked>>
  /** Cuts every connection, and takes new ones or not. */
  reachable(isSo: boolean): void
}

export interface PageOptions {
  readonly hidesBodies?: boolean
  readonly files?: Readonly<Record<string, string>>
  readonly appliance?: Appliance
}

export async function openPageSite({
  hidesBodies = false,
  files = {},
  appliance,
}: PageOptions = {}): Promise<PageSite> {
  const folder = temporaryFolder()
  writeFiles(folder.path, { ...FILES, ...files })
  const snapshot = await snapshotOf(folder.path)
  const groups = snapshot.groups.groups
  const story = new Story({
    site: {
      spec(id) {
        const found = snapshot.specs.get(id)?.spec
        return found instanceof ConfigError ? undefined : found
      },
      nearest(labels) {
        const lost = closest(groups, labels)
        return lost && describeLost(lost)
      },
      isKnown: knownMachines(groups),
    },
  })
  const { recorder } = story
  const listeners = new Set<(macs: ReadonlySet<string>) => void>()
  const boots = {
    machines: (part?: Part) => recorder.overview.machines(story.nowMs, part),
    machineCount: () => recorder.overview.machineCount,
    caught: () => recorder.overview.caught(),
    summary: (mac: string) => recorder.overview.summary(mac, story.nowMs),
    machine: (mac: string) => recorder.overview.machine(mac, story.nowMs),
    attempts: (max = 200) => recorder.overview.attempts(max, story.nowMs),
    attempt: (id: string) => recorder.overview.attempt(id, story.nowMs),
    body: (sum: string) => recorder.body(sum),
    onChange(listener: (macs: ReadonlySet<string>) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    onEnd: () => () => {},
  }
  const problems = told<Checked>(NO_PROBLEMS)
  const store = told<StoreState>({
    snapshot,
    broken: new Map(),
    behind: undefined,
    loadedAtMs: WALL,
    loads: { loaded: 1, refused: 0, failed: 0 },
  })
  const app = appOn(snapshot, {
    status: {
      boots,
      problems,
      store,
      modules: () => [
        { name: 'http', state: 'running', detail: 'http://10.9.0.2:8080' },
        { name: 'tftp', state: 'running', detail: 'br0' },
        { name: 'dhcp', state: 'running', detail: 'br0' },
      ],
      version: '1.2.3',
      listen: () => () => {},
    },
    explain: (machine) =>
      explain(machine, {
        snapshot: store.state().snapshot,
        place: { advertise: undefined, address: '10.9.0.2', port: 8080 },
        assumed: false,
        assetsPath: '',
      }),
    page: createPage({ hidesBodies, isAppliance: appliance !== undefined }),
    appliance,
  })
  // The page goes by the server's clock, here the story's.
  app.addHook('onSend', async (_request, reply) => {
    reply.header('date', new Date(WALL + story.nowMs).toUTCString())
  })
  let isReachable = true
  app.addHook('onRequest', async (request) => void (isReachable || request.socket.destroy()))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    story,
    snapshot,
    problems,
    async edit(changed = {}) {
      writeFiles(folder.path, changed)
      const edited = await snapshotOf(folder.path)
      store.become({ ...store.state(), snapshot: edited, loadedAtMs: WALL + story.nowMs })
    },
    tell() {
      const changed = recorder.takeChanged()
      for (const listener of listeners) listener(changed)
    },
    reachable(isSo) {
      isReachable = isSo
      if (!isSo) app.server.closeAllConnections()
    },
    async [Symbol.asyncDispose]() {
      app.server.closeAllConnections()
      await app.close()
      folder[Symbol.dispose]()
    },
  }
}
