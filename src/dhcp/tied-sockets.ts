/**
 * Which sockets on a port are tied to one interface (SO_BINDTODEVICE), as the kernel tells whoever asks; /proc does not.
 *
 * One question and its answer over netlink, all at once: the kernel answers before `send` returns, and needs no right for
 * it. Only IPv4 sockets that take what anybody sends.
 *
 * @see sock_diag(7), and linux/inet_diag.h for the layout: numbers in the processor's byte order, ports in the network's
 */
import type { Libc } from '../net/libc.ts'

const [AF_INET, AF_NETLINK] = [2, 16]
const SOCK_RAW = 3
const NETLINK_SOCK_DIAG = 4
const IPPROTO_UDP = 17

/** `struct nlmsghdr`: length, type, flags, sequence number, sender. */
const HEADER_BYTES = 16
/** `struct inet_diag_req_v2`: family, protocol, what else to tell, states, then the address it is about. */
const REQUEST_BYTES = HEADER_BYTES + 56
const [SOCK_DIAG_BY_FAMILY, NLMSG_ERROR, NLMSG_DONE] = [20, 2, 3]
/** NLM_F_REQUEST, NLM_F_ROOT, NLM_F_MATCH: all that fit. */
const DUMP = 0x301
/** Of a bit for each state, that of sockets which are not connected. */
const UNCONNECTED = 1 << 7
/** Where in a message of the answer, `struct inet_diag_msg`. */
const AT = { interface: HEADER_BYTES + 40, inode: HEADER_BYTES + 68 } as const

/** The kernel never fills more in one go. */
const ANSWER_BYTES_MAX = 32 << 10

/**
 * @param libc - to ask with
 * @returns by inode, as /proc names sockets, the index of the interface that each is tied to. Empty as well where the
 * kernel does not tell
 */
export function tiedSockets(port: number, libc: Libc): ReadonlyMap<string, number> {
  const tied = new Map<string, number>()
  const fd = libc.socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG)
  if (fd < 0) return tied
  try {
    if (libc.send(fd, question(port), 0) < 0) return tied
    const answer = Buffer.alloc(ANSWER_BYTES_MAX)
    let [length, more] = [0, true]
    while (more && (length = libc.recv(fd, answer, 0)) > 0) more = readAnswer(answer.subarray(0, length), tied)
    return tied
  } finally {
    libc.close(fd)
  }
}

function question(port: number): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES)
  request.writeUInt32LE(REQUEST_BYTES, 0)
  request.writeUInt16LE(SOCK_DIAG_BY_FAMILY, 4)
  request.writeUInt16LE(DUMP, 6)
  request[HEADER_BYTES] = AF_INET
  request[HEADER_BYTES + 1] = IPPROTO_UDP
  request.writeUInt32LE(UNCONNECTED, HEADER_BYTES + 4)
  request.writeUInt16BE(port, HEADER_BYTES + 8)
  return request
}

/** @returns whether there is more to come */
function readAnswer(bytes: Buffer, into: Map<string, number>): boolean {
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const [length, type] = [bytes.readUInt32LE(at), bytes.readUInt16LE(at + 4)]
    if (type === NLMSG_DONE || type === NLMSG_ERROR || length < HEADER_BYTES) return false
    const index = bytes.readUInt32LE(at + AT.interface)
    if (index !== 0) into.set(String(bytes.readUInt32LE(at + AT.inode)), index)
    at += (length + 3) & ~3
  }
  return true
}
