/**
 * Where HTTP listens: one server, on one address or on several.
 *
 * Connections of every further address are handed to the one server, whose limits, time-outs and graceful stop they share.
 */
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, createServer, type Server as SocketServer } from 'node:net'

import type { FastifyInstance } from 'fastify'

import { errorCode, reasonOf } from '../core/errors.ts'
import { holderOf } from '../net/port-holder.ts'

export interface Listening {
  /** Of the first address, as a person on this host would type it. */
  readonly url: string
  /** Rejects when an address can no longer be listened on. */
  readonly failed: Promise<never>
  /** Takes no more connections; those that are there go on. */
  close(): Promise<void>
}

/**
 * @param addresses - `host:port` each; an empty host is every address, port 0 any free port
 * @throws Error with one line for people, which names the address and who has it
 */
export async function listen(app: FastifyInstance, addresses: readonly string[]): Promise<Listening> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => {}) // whoever supervises sees it; nobody has to
  const [first = '', ...others] = addresses
  const { host, port } = splitAddress(first)
  const doors: SocketServer[] = []
  const close = async (): Promise<void> => {
    for (const door of doors) door.close() // its connections are not waited for here: the one server knows them
    await app.close()
  }
  await orSay(first, () => app.listen({ ...(host === '' ? {} : { host }), port }))
  try {
    for (const address of others) doors.push(await orSay(address, () => openDoor(address, app.server)))
  } catch (error) {
    await close()
    throw error
  }
  for (const server of [app.server, ...doors]) server.on('error', reject)
  return { url: `http://${displayHost(host)}:${boundPort(app.server)}`, failed, close }
}

/** As `node:http` makes its own socket server. */
async function openDoor(address: string, server: Server): Promise<SocketServer> {
  const { host, port } = splitAddress(address)
  const door = createServer({ allowHalfOpen: true, noDelay: true })
  door.maxConnections = server.maxConnections
  door.on('connection', (socket) => server.emit('connection', socket))
  door.listen({ ...(host === '' ? {} : { host }), port })
  await once(door, 'listening')
  return door
}

async function orSay<T>(address: string, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    throw new Error(await listenProblem(address, error), { cause: error })
  }
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon).replaceAll(/[[\]]/g, ''), port: Number(address.slice(colon + 1)) }
}

/** The port, also where any was asked for. */
function boundPort(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port')
  return address.port
}

function displayHost(host: string): string {
  if (host === '' || host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

async function listenProblem(address: string, error: unknown): Promise<string> {
  const { host, port } = splitAddress(address)
  const code = errorCode(error)
  const advice =
    code === 'EADDRINUSE'
      ? `${(await holderOf('tcp', host, port)) ?? 'another program'} listens there: stop it, or choose another address with -address`
      : code === 'EACCES'
        ? 'ports below 1024 need root or CAP_NET_BIND_SERVICE: grant it, or choose another port with -address'
        : code === 'EADDRNOTAVAIL'
          ? 'no interface of this machine has that address: correct -address'
          : reasonOf(error)
  return `cannot listen on ${address}: ${advice}`
}
