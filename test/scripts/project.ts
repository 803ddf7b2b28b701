/**
 * A project folder for scripts to run in, with a space in its name. It holds copies of the scripts and nothing of the
 * rest: Node and npm are a few lines of shell.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { dirname, join } from 'node:path'

import { temporaryFolder } from '../support/site.ts'

const ROOT = join(import.meta.dirname, '../..')

interface Lock {
  readonly packages: Readonly<Record<string, { version: string; optional?: boolean; engines?: unknown }>>
}

export const LOCK = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lock

/** The package with the Node for this machine. */
export const NODE_PACKAGE = `node_modules/node-linux-${arch()}`

export interface Project extends Disposable {
  readonly path: string
  /** Write a program: lines for `sh`. */
  readonly program: (path: string, lines: string) => void
}

export function createProject(copied: readonly string[]): Project {
  const outer = temporaryFolder()
  const path = join(outer.path, 'a project')
  for (const file of copied) {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    copyFileSync(join(ROOT, file), join(path, file))
  }
  return {
    path,
    program: (file, lines) => {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
    },
    [Symbol.dispose]: () => outer[Symbol.dispose](),
  }
}
