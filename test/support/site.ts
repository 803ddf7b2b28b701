/**
 * A site for tests: a data directory in a temporary folder, and the HTTP application on top of it without a socket.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { createLog, type EventName, type Fields, type Log } from '../../src/core/log.ts'
import { load, type Sources } from '../../src/core/store/load.ts'
import type { Snapshot } from '../../src/core/store/snapshot.ts'
import { look } from '../../src/core/store/store.ts'
import { TEMPLATE_LIMITS } from '../../src/core/template/template.ts'
import { buildApp, type HttpDeps, TIMEOUTS } from '../../src/http/app.ts'

/** A new empty folder below the system's temporary one; `await using` or `using` removes it. */
export function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'bootcfg-test-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

/** Write files, given as paths below a folder, and the folders they need. */
export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
}

/** The groups file is `config.yaml` in the data directory itself. */
export function sourcesIn(folder: string): Sources {
  return {
    groupsPath: join(folder, 'config.yaml'),
    dataPath: folder,
    fileBytesMax: 64 << 20,
    templateLimits: TEMPLATE_LIMITS,
  }
}

export async function snapshotOf(folder: string): Promise<Snapshot> {
  const sources = sourcesIn(folder)
  return (await load(sources, await look(sources))).snapshot
}

/** Keeps the lines in memory. */
export function memoryLog(): Log & { readonly lines: ({ event: EventName } & Fields)[] } {
  const lines: ({ event: EventName } & Fields)[] = []
  const log = createLog({
    level: 'debug',
    pretty: false,
    write: (line) => lines.push(JSON.parse(line) as { event: EventName } & Fields),
  })
  return Object.assign(log, { lines })
}

export function appOn(snapshot: Snapshot, deps: Partial<HttpDeps> = {}) {
  return buildApp(
    { headerBytesMax: 16_384, connectionsMax: 100, ...TIMEOUTS },
    { snapshot: () => snapshot, log: memoryLog(), ...deps },
  )
}
