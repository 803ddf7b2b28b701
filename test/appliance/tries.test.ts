/** Who is let in with the token of the console. */
import { expect, test } from 'vitest'

import { PAUSE_MS, Tries, TRIES_MAX } from '../../src/appliance/tries.ts'
import { TOKEN } from './box.ts'

const ME = '10.9.0.7'

function missAll(tries: Tries, peer: string, nowMs: number): void {
  for (let count = 0; count < TRIES_MAX; count++) expect(tries.admit(TOKEN, 'nonsense', peer, nowMs)).toBe('wrong')
}

test('the token is right as it is, and as people type it from the screen', () => {
  const tries = new Tries()
  for (const given of [TOKEN, 'abcde-fghij-klmno-pqrst', 'ABCDE FGHIJ KLMNO PQRST']) {
    expect(tries.admit(TOKEN, given, ME, 0)).toBe('admitted')
  }
})
test('anything else is wrong, and so is nothing at all', () => {
  for (const given of [undefined, '', TOKEN.slice(1), `${TOKEN}A`]) {
    expect(new Tries().admit(TOKEN, given, ME, 0)).toBe('wrong')
  }
})
test('while there is no token nobody is let in', () => {
  for (const given of [undefined, '', '-']) expect(new Tries().admit('', given, ME, 0)).toBe('wrong')
})
test('after a few wrong ones even the right one has to wait', () => {
  const tries = new Tries()
  missAll(tries, ME, 0)
  expect(tries.admit(TOKEN, TOKEN, ME, PAUSE_MS - 1)).toBe('wait')
  expect(tries.admit(TOKEN, TOKEN, ME, PAUSE_MS)).toBe('admitted')
})
test('who tries without a token uses none up', () => {
  const tries = new Tries()
  for (let count = 0; count < 20; count++) tries.admit(TOKEN, undefined, ME, 0)
  expect(tries.admit(TOKEN, TOKEN, ME, 0)).toBe('admitted')
})
test('somebody else who guesses keeps nobody out', () => {
  const tries = new Tries()
  missAll(tries, '10.9.0.66', 0)
  expect(tries.admit(TOKEN, TOKEN, ME, 1)).toBe('admitted')
})
test('a right one makes the wrong ones before it forgotten', () => {
  const tries = new Tries()
  tries.admit(TOKEN, 'nonsense', ME, 0)
  tries.admit(TOKEN, TOKEN, ME, 1)
  missAll(tries, ME, 2)
})
