/**
 * Datagrams in and out of a UDP socket, many a second: straight through the C library where it can be called.
 *
 * The event loop says that something has arrived; what waits behind the first datagram is then read in one go. That is
 * a fifth of what the loop takes for each by itself.
 */
import { nativeLibc, systemError } from './libc.ts'
import { socketAddress, type UdpSocket } from './udp-socket.ts'

export interface Peer {
  /** Dotted. */
  readonly address: string
  readonly port: number
}

/** Read in one go; then others have their turn. */
const BURST_MAX = 64

/**
 * @param take - called with each datagram. The bytes are overwritten when it returns
 * @param afterBurst - called when nothing more waits, or it is the turn of others
 */
export function receiveDatagrams(
  { socket, fd }: UdpSocket,
  take: (bytes: Uint8Array, from: Peer) => void,
  afterBurst: () => void = () => {},
): void {
  const libc = nativeLibc()
  if (libc === undefined || fd === undefined) {
    socket.on('message', (bytes, peer) => {
      take(bytes, peer)
      afterBurst()
    })
    return
  }
  const into = Buffer.alloc(65_536)
  const from = Buffer.alloc(16)
  const peerOf = peerReader()
  socket.on('message', (bytes, peer) => {
    take(bytes, peer)
    for (let count = 1; count < BURST_MAX; count++) {
      const length = libc.recvfrom(fd, into, 0, from)
      if (length < 0) break // nothing waits
      take(into.subarray(0, length), peerOf(from))
    }
    afterBurst()
  })
}

/**
 * @param to - undefined when the socket is connected
 * @param failed - told when the kernel does not take it
 */
export function sendDatagram(
  { socket, fd }: UdpSocket,
  bytes: Uint8Array,
  to: Peer | undefined,
  failed: (error: Error) => void,
  host = { libc: nativeLibc() },
): void {
  const { libc } = host
  if (libc !== undefined && fd !== undefined) {
    const sent =
      to === undefined ? libc.send(fd, bytes, 0) : libc.sendto(fd, bytes, 0, socketAddress(to.address, to.port))
    if (sent < 0) failed(systemError(libc.errno(), 'send'))
    return
  }
  const done = (error: Error | null): void => {
    if (error !== null) failed(error)
  }
  if (to === undefined) socket.send(bytes, done)
  else socket.send(bytes, to.port, to.address, done)
}

/** Most datagrams come from where the one before came from: 0.0.0.0:68, or one relay. */
function peerReader(): (address: Buffer) => Peer {
  let [lastPort, lastAddress] = [-1, -1]
  let peer: Peer = { address: '0.0.0.0', port: 0 }
  return (bytes) => {
    const [port, address] = [bytes.readUInt16BE(2), bytes.readUInt32BE(4)]
    if (port !== lastPort || address !== lastAddress) {
      peer = { address: `${bytes[4]}.${bytes[5]}.${bytes[6]}.${bytes[7]}`, port }
      ;[lastPort, lastAddress] = [port, address]
    }
    return peer
  }
}
