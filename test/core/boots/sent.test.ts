/** What machines were sent, as it is kept. */
import { createHash } from 'node:crypto'

import { expect, test } from 'vitest'

import { Sent } from '../../../src/core/boots/sent.ts'
import { encodeUtf8 } from '../../../src/core/utf8.ts'
import { Story } from './story.ts'

const LONG = 'x'.repeat(100_000)

test('a text is found by the first digits of the SHA-256 of its bytes', () => {
  const sent = new Sent(1 << 20)
  for (const text of ['', 'ä', 'a\udc80b']) {
    const sum = sent.keep(text)!
    expect(sum).toBe(createHash('sha256').update(encodeUtf8(text)).digest('hex').slice(0, 16))
    expect(sent.get(sum)).toBe(text)
  }
})

test('the same text is kept once; what was sent longest ago leaves first', () => {
  const sent = new Sent(1 << 20)
  const texts = ['1', '2', '3', '4', '5'].map((mark) => mark + LONG)
  const sums = texts.map((text) => sent.keep(text)!)
  const before = sent.bytes
  sent.keep(texts[0]!)
  expect(sent.bytes).toBe(before)
  sent.keep(`6${LONG}`)
  expect(sums.map((sum) => sent.get(sum)?.[0])).toEqual(['1', undefined, '3', '4', '5'])
  expect(sent.bytes).toBe(before)
})

test('one that is larger than all that may be kept puts nothing out', () => {
  const sent = new Sent(1000)
  const small = sent.keep('small')!
  expect(sent.get(sent.keep(LONG)!)).toBeUndefined()
  expect(sent.get(small)).toBe('small')
})

test('a step has the sum of what it sent; another config is another step', () => {
  const story = new Story()
  for (const body of ['one', 'one', 'two']) story.ask('ignition', { body })
  const { entries } = story.latest()
  expect(entries.map(({ body, count }) => [story.recorder.body(body!), count])).toEqual([
    ['one', 2],
    ['two', undefined],
  ])
})

test('where nothing is to be kept there are no sums either', () => {
  const story = new Story({ limits: { sentBytesMax: 0 } }).ask('ignition', { body: 'a weak secret' })
  expect(story.latest().entries[0]).not.toHaveProperty('body', expect.anything())
})

test('errors and signatures are not kept', () => {
  const story = new Story()
  story.ask('ignition', { body: 'broken', status: 500 }).ask('signature', { body: '-----BEGIN' })
  expect(story.latest().entries.map(({ body }) => body)).toEqual([undefined, undefined])
})
