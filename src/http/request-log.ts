/**
 * One line of the log for each request. Text from the network goes in as printable ASCII.
 */
import { groupLabel } from '../core/groups.ts'
import type { Labels } from '../core/labels.ts'
import { type Fields, printable } from '../core/log.ts'
import type { Answer } from './answer.ts'

export function answerFields(answer: Answer, labels: Labels): Fields {
  const mac = labels.get('mac')
  const uuid = labels.get('uuid')
  return {
    mac,
    uuid: uuid && printable(uuid),
    labels: otherLabels(labels),
    group: answer.group && printable(groupLabel(answer.group)),
    spec: answer.spec && printable(answer.spec),
    reason: answer.reason && printable(answer.reason),
  }
}

/** `key=value` of all labels but mac and uuid, which have fields of their own; empty ones are left out. */
function otherLabels(labels: Labels): string | undefined {
  let text = ''
  for (const [key, value] of labels) {
    if (key === 'mac' || key === 'uuid' || value === '') continue
    text += text === '' ? `${key}=${value}` : ` ${key}=${value}`
  }
  return text === '' ? undefined : printable(text)
}

/** Milliseconds with three digits behind the point. */
export function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
