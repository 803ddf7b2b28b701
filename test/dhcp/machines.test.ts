/** What is remembered of machines, and for how long. */
import { expect, test } from 'vitest'

import { Machines } from '../../src/dhcp/machines.ts'

const MINUTE_MS = 60_000
const [A, B, C] = ['52:54:00:00:00:0a', '52:54:00:00:00:0b', '52:54:00:00:00:0c']

test('a machine is known by its address once both were seen together', () => {
  const machines = new Machines()
  machines.hasAddress(A, '10.9.0.1')
  expect(machines.macOf('10.9.0.1')).toBe(A)
  expect(machines.macOf('10.9.0.2')).toBeUndefined()
})

test('a machine with a new address is not found by its old one', () => {
  const machines = new Machines()
  machines.hasAddress(A, '10.9.0.1')
  machines.hasAddress(A, '10.9.0.2')
  expect([machines.macOf('10.9.0.1'), machines.macOf('10.9.0.2')]).toEqual([undefined, A])
})

test('an address belongs to the machine that had it last', () => {
  const machines = new Machines()
  machines.hasAddress(A, '10.9.0.1')
  machines.hasAddress(B, '10.9.0.1')
  machines.hasAddress(A, '10.9.0.2') // must not take the address from its new owner
  expect([machines.macOf('10.9.0.1'), machines.macOf('10.9.0.2')]).toEqual([B, A])
})

test('an address goes back to a machine that has it again', () => {
  const machines = new Machines()
  for (const mac of [A, B, A]) machines.hasAddress(mac, '10.9.0.1')
  expect(machines.macOf('10.9.0.1')).toBe(A)
})

test('architecture and interface are those of the last request', () => {
  const machines = new Machines()
  machines.asked(A, 0, 'eth0')
  machines.asked(A, 7, 'eth1')
  expect([machines.architectureOf(A), machines.interfaceOf(A)]).toEqual([7, 'eth1'])
  expect([machines.architectureOf(B), machines.interfaceOf(B)]).toEqual([undefined, undefined])
})

test('reads count for five minutes', () => {
  const machines = new Machines()
  for (const minute of [0, 1, 4]) machines.read(A, minute * MINUTE_MS)
  expect([4, 5, 6, 9].map((minute) => machines.fruitlessReads(A, minute * MINUTE_MS))).toEqual([3, 2, 1, 0])
  expect(machines.fruitlessReads(B, 0)).toBe(0)
})

test('a script ends the count', () => {
  const machines = new Machines()
  machines.read(A, 0)
  machines.read(B, 0)
  machines.askedForScript(A)
  expect([machines.fruitlessReads(A, 1), machines.fruitlessReads(B, 1)]).toEqual([0, 1])
})

test('news is what was not said last on its subject, or long ago', () => {
  const machines = new Machines()
  const isNews = (subject: string, what: string, nowMs: number): boolean =>
    machines.isNews(A, subject, what, nowMs, 1000)
  expect([isNews('offer', 'x', 0), isNews('offer', 'x', 999), isNews('offer', 'y', 999)]).toEqual([true, false, true])
  expect([isNews('loop', 'y', 999), isNews('offer', 'y', 1998), isNews('offer', 'y', 1999)]).toEqual([
    true,
    false,
    true,
  ])
  expect(machines.isNews(B, 'offer', 'y', 1999, 1000)).toBe(true)
})

test('the machine heard of longest ago is forgotten first, with its address', () => {
  const machines = new Machines(2)
  machines.hasAddress(A, '10.9.0.1')
  machines.hasAddress(B, '10.9.0.2')
  machines.asked(A, 7, 'eth0')
  machines.asked(C, 7, 'eth0')
  expect([A, B, C].map((mac) => machines.architectureOf(mac))).toEqual([7, undefined, 7])
  expect([machines.macOf('10.9.0.1'), machines.macOf('10.9.0.2')]).toEqual([A, undefined])
})

test('a script of a machine that nobody knows makes nobody known', () => {
  const machines = new Machines(1)
  machines.asked(A, 7, 'eth0')
  machines.askedForScript(B)
  expect(machines.architectureOf(A)).toBe(7)
})

test('a flood of machines leaves no more than the limit behind', () => {
  const machines = new Machines(100)
  for (let index = 0; index < 10_000; index++) {
    machines.hasAddress(`mac ${index}`, `address ${index}`)
    machines.read(`mac ${index}`, index)
  }
  const known = Array.from({ length: 10_000 }, (_, index) => machines.macOf(`address ${index}`)).filter(Boolean)
  expect(known).toHaveLength(100)
  for (let count = 0; count < 1000; count++) machines.read('mac 9999', 9999)
  expect(machines.fruitlessReads('mac 9999', 9999)).toBeLessThan(20)
})
