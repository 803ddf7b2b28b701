/**
 * What root's scripts and the kernel say of the box, read when it is asked for. A file that is not there says nothing.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ApplianceFacts } from '../core/appliance.ts'
import {
  parseAddresses,
  parseFacts,
  parseMemory,
  parseMounts,
  parseProblems,
  parseStatus,
  parseUpdate,
} from './run-files.ts'
import { PART } from './write-whole.ts'

/** More files are none of ours. */
const PROBLEM_FILES_MAX = 32

const SLOTS = ['a', 'b', 'iso', 'net']

/** By root's scripts, below RUN. */
export function toldByRoot(runPath: string) {
  const read = (name: string): string => readText(join(runPath, name))
  const facts = parseFacts(read('facts'))
  const files = filesIn(join(runPath, 'problems')).slice(0, PROBLEM_FILES_MAX)
  return {
    arch: facts.get('arch') ?? '',
    slot: SLOTS.find((slot) => slot === facts.get('slot')) ?? '',
    data: facts.get('data') ?? '',
    addresses: parseAddresses(read('addresses')),
    problems: files.flatMap((name) => parseProblems(read(join('problems', name)))),
    update: parseUpdate(read('update')),
    /** Empty before there is one. */
    token: read('token').trim(),
  }
}

/** By the kernel, of this process and the system around it. */
export function toldByKernel(): Pick<ApplianceFacts, 'uid' | 'capEff' | 'noNewPrivs' | 'mounts' | 'memory'> {
  const { ownBytes, ...self } = parseStatus(readText('/proc/self/status'))
  return {
    ...self,
    mounts: parseMounts(readText('/proc/mounts')),
    memory: { ...parseMemory(readText('/proc/meminfo')), ownBytes },
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Whole ones: scripts write beside them first. */
function filesIn(path: string): string[] {
  try {
    return readdirSync(path)
      .filter((name) => !name.startsWith('.') && !name.endsWith(PART))
      .toSorted()
  } catch {
    return []
  }
}
