/**
 * What is on the disk of an appliance that is switched off, partition by partition.
 */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { decodeArray, type Partition, SECTOR } from '../../src/appliance/gpt.ts'
import { END_SECTORS, findTable, START_SECTORS } from '../../src/appliance/grow-plan.ts'
import { parseEnv } from '../../src/appliance/grub-env.ts'
import { readSectors, runTool } from './data-disk.ts'

type Name = 'ESP' | 'SYS-A' | 'SYS-B' | 'BOOTCFG'

/** All of a partition. */
export function readPartition(disk: string, name: Name): Buffer {
  const { first, last } = partitionOf(disk, name)
  return readSectors(disk, first, last - first + 1)
}

/** Puts a file into the top folder of a partition. */
export function putFile(disk: string, name: Name, file: string, from: string): void {
  runTool('mcopy', ['-o', '-i', drive(disk, name), from, `::${file}`])
}

/** Puts a folder's contents on the data partition, over what is there. */
export function putOnData(disk: string, folder: string): void {
  const names = readdirSync(folder).map((name) => join(folder, name))
  runTool('mcopy', ['-s', '-o', '-i', drive(disk, 'BOOTCFG'), ...names, '::/'])
}

/** Names in the top folder. */
export function listFiles(disk: string, name: Name): string[] {
  const lines = runTool('mdir', ['-b', '-i', drive(disk, name), '::'])
    .toString()
    .trim()
    .split('\n')
  return lines.map((line) => line.replace(/^::\//, ''))
}

export function grubVariables(disk: string): Record<string, string> {
  return Object.fromEntries(parseEnv(runTool('mtype', ['-i', drive(disk, 'ESP'), '::bootcfg/grubenv']))!)
}

/** A partition, as mtools want it. */
export function drive(disk: string, name: Name): string {
  return `${disk}@@${offsetOf(disk, name)}`
}

/** Where it starts, in bytes. */
export function offsetOf(disk: string, name: Name): number {
  return partitionOf(disk, name).first * SECTOR
}

export function partitionOf(disk: string, name: Name): Partition {
  const sectors = statSync(disk).size / SECTOR
  const start = readSectors(disk, 0, START_SECTORS)
  const end = readSectors(disk, sectors - END_SECTORS, END_SECTORS)
  const { header, array } = findTable(start, end, sectors)
  const found = decodeArray(header, array).find((partition) => partition?.name === name)
  if (found === undefined) throw new Error(`${disk} has no partition ${name}`)
  return found
}
