/**
 * The machine that an explanation is asked about: flags of `bootcfg explain`, and the query of `/api/explain`.
 */
import { z } from 'zod'

import { ARCHITECTURE_NAMES } from './architectures.ts'
import { normalizeMac } from './mac.ts'

const label = z
  .string()
  .regex(/^[^=]+=/, 'expected key=value')
  .refine((text) => !/^(mac|uuid)=/.test(text), 'mac and uuid are given by those names')
  .transform((text): readonly [key: string, value: string] => {
    const equals = text.indexOf('=')
    return [text.slice(0, equals), text.slice(equals + 1)]
  })

export const askedMachine = z
  .strictObject({
    mac: z
      .string()
      .refine((text) => normalizeMac(text) !== undefined, 'expected a MAC address, such as 52:54:00:89:d8:10')
      .transform((text) => normalizeMac(text)!)
      .optional(),
    uuid: z.string().min(1, 'expected a uuid').optional(),
    arch: z.enum(ARCHITECTURE_NAMES, 'expected the name of an architecture, such as x64-uefi').optional(),
    label: z.array(label).default([]),
  })
  .refine(({ arch, mac }) => arch === undefined || mac?.length === MAC_CHARACTERS, {
    path: ['arch'],
    message: 'needs a mac of 6 bytes: DHCP is answered to one',
  })
  .refine((asked) => new Set(asked.label.map(([key]) => key)).size === asked.label.length, {
    path: ['label'],
    message: 'a key is given twice',
  })

const MAC_CHARACTERS = '52:54:00:89:d8:10'.length

/** `mac` in normal form; labels in their order. */
export type AskedMachine = z.output<typeof askedMachine>

export const MACHINE_HELP: Readonly<Record<keyof AskedMachine, string>> = {
  mac: 'MAC address of the machine, in any usual spelling',
  uuid: 'its uuid, as iPXE reports it: in lower case',
  arch: 'its architecture, by which DHCP answers; without it, DHCP and TFTP are not explained',
  label: 'another label of it, key=value; may be given several times',
}

export interface AskedProblem {
  /** Whose value it is. */
  readonly name: string
  readonly text: string
  readonly message: string
}

/** @param given - texts by name; of `label` a list */
export function parseAskedMachine(
  given: Readonly<Record<string, string | readonly string[]>>,
): { readonly machine: AskedMachine } | { readonly problems: readonly AskedProblem[] } {
  const parsed = askedMachine.safeParse(given)
  if (parsed.success) return { machine: parsed.data }
  const problems = parsed.error.issues.map(({ path: [name = '', at], message }) => {
    const value = given[String(name)] ?? ''
    const text = typeof value === 'string' ? value : (value[Number(at)] ?? value.join(' '))
    return { name: String(name), text, message }
  })
  return { problems }
}

/** As the machine's requests have it: what iPXE puts into the query, then the other labels. */
export function queryOf({ mac, uuid, label }: AskedMachine): string {
  const pairs = [
    ...(uuid === undefined ? [] : [['uuid', uuid] as const]),
    ...(mac === undefined ? [] : [['mac', mac.replaceAll(':', '-')] as const]),
    ...label,
  ]
  return pairs.map((pair) => pair.map(encodeURIComponent).join('=')).join('&')
}
