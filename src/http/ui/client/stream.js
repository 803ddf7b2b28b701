/**
 * The server's events as they happen (src/http/events.ts). The browser connects again by itself after a break; after an
 * answer that is an error it gives up, and this does not.
 */

/** @typedef {'connecting' | 'live' | 'reconnecting'} Connection */

const RETRY_MS = 3000

/**
 * @param {string} path
 * @param {readonly string[]} names - of the events that are wanted
 * @param {(connection: Connection) => void} onConnection
 * @param {(name: string, data: unknown) => void} onEvent
 */
export function openStream(path, names, onConnection, onEvent) {
  onConnection('connecting')
  connect()

  function connect() {
    const source = new EventSource(path)
    source.addEventListener('open', () => onConnection('live'))
    source.addEventListener('error', () => {
      onConnection('reconnecting')
      if (source.readyState !== EventSource.CLOSED) return
      setTimeout(connect, RETRY_MS)
    })
    for (const name of names) {
      source.addEventListener(name, (event) => onEvent(name, JSON.parse(event.data)))
    }
  }
}
