/**
 * What is on the disk of an appliance that is switched off, partition by partition.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, readSync, statSync } from 'node:fs'

import { decodeArray, type Partition, SECTOR } from '../../src/appliance/gpt.ts'
import { END_SECTORS, findTable, START_SECTORS } from '../../src/appliance/grow-plan.ts'
import { parseEnv } from '../../src/appliance/grub-env.ts'
import type { Requirement } from './requirements.ts'

export const BOX_DISK_REQUIREMENTS: readonly Requirement[] = [['mcopy', 'mtools']]

type Name = 'ESP' | 'SYS-A' | 'SYS-B' | 'BOOTCFG'

/** All of a partition. */
export function readPartition(disk: string, name: Name): Buffer {
  const { first, last } = partitionOf(disk, name)
  return readAt(disk, first * SECTOR, (last - first + 1) * SECTOR)
}

/** Puts a file into the top folder of a partition. */
export function putFile(disk: string, name: Name, file: string, from: string): void {
  mtools('mcopy', '-o', '-i', drive(disk, name), from, `::${file}`)
}

/** Names in the top folder. */
export function listFiles(disk: string, name: Name): string[] {
  const lines = mtools('mdir', '-b', '-i', drive(disk, name), '::').toString().trim().split('\n')
  return lines.map((line) => line.replace(/^::\//, ''))
}

export function grubVariables(disk: string): Record<string, string> {
  return Object.fromEntries(parseEnv(mtools('mtype', '-i', drive(disk, 'ESP'), '::bootcfg/grubenv'))!)
}

function mtools(command: string, ...args: readonly string[]): Buffer {
  return execFileSync(command, args, { env: { ...process.env, MTOOLS_SKIP_CHECK: '1' } })
}

/** A partition, as mtools want it. */
function drive(disk: string, name: Name): string {
  return `${disk}@@${partitionOf(disk, name).first * SECTOR}`
}

export function partitionOf(disk: string, name: Name): Partition {
  const sectors = statSync(disk).size / SECTOR
  const start = readAt(disk, 0, START_SECTORS * SECTOR)
  const end = readAt(disk, (sectors - END_SECTORS) * SECTOR, END_SECTORS * SECTOR)
  const { header, array } = findTable(start, end, sectors)
  const found = decodeArray(header, array).find((partition) => partition?.name === name)
  if (found === undefined) throw new Error(`${disk} has no partition ${name}`)
  return found
}

function readAt(disk: string, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const fd = openSync(disk, 'r')
  readSync(fd, bytes, 0, length, at)
  closeSync(fd)
  return bytes
}
