/**
 * A wire that loses, repeats and delays packets, between a real client and the server: the client takes the relay for the
 * server. Works where the kernel has no netem, and needs no rights.
 *
 *   client -- relay's port ----------- server's port            requests
 *   client -- a port for each client -- the transfer's port     all else
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

import { onTestFinished } from 'vitest'

const ADDRESS = '127.0.0.1'

export interface Fates {
  /** Of 100 packets, in each direction. */
  readonly lostPercent?: number
  readonly repeatedPercent?: number
  /** Of 100 packets, those that arrive later than the ones behind them. */
  readonly latePercent?: number
  readonly delayMs?: number
}

export interface Relay {
  readonly port: number
  /** Packets that came in, and those that were lost. */
  readonly counts: { taken: number; lost: number }
}

/** It ends with the test. */
export async function openRelay(serverPort: number, fates: Fates, random: () => number): Promise<Relay> {
  const counts = { taken: 0, lost: 0 }
  const sockets: Socket[] = []
  async function open(): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 }).bind(0, ADDRESS)
    sockets.push(socket)
    await once(socket, 'listening')
    return socket
  }
  const happens = (percent = 0): boolean => random() * 100 < percent
  function pass(from: Socket, bytes: Uint8Array, port: number): void {
    counts.taken += 1
    if (happens(fates.lostPercent)) {
      counts.lost += 1
      return
    }
    const send = (): void => {
      if (!isOver) from.send(bytes, port, ADDRESS)
    }
    const delayMs = (fates.delayMs ?? 0) + (happens(fates.latePercent) ? 5 : 0)
    for (let copies = happens(fates.repeatedPercent) ? 2 : 1; copies > 0; copies--) {
      if (delayMs === 0) send()
      else setTimeout(send, delayMs)
    }
  }

  /** The server's side of each client, by the client's port. */
  const servers = new Map<number, Promise<Socket>>()
  let isOver = false
  async function openFor(client: RemoteInfo): Promise<Socket> {
    const [toServer, toClient] = [await open(), await open()]
    let transferPort: number | undefined
    toServer.on('message', (bytes, { port }) => {
      transferPort ??= port
      pass(toClient, bytes, client.port)
    })
    toClient.on('message', (bytes) => {
      if (transferPort !== undefined) pass(toServer, bytes, transferPort)
    })
    return toServer
  }
  const requests = await open()
  requests.on('message', (bytes, client) => {
    const server = servers.get(client.port) ?? openFor(client)
    servers.set(client.port, server)
    void server.then((socket) => pass(socket, bytes, serverPort))
  })
  onTestFinished(() => {
    isOver = true
    for (const socket of sockets) socket.close()
  })
  return { port: requests.address().port, counts }
}
