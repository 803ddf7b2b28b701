/**
 * Numbers and times as people read them. Pure: who calls says what time it is.
 */

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/**
 * `850 ms`, `12.4 s`, `3 min 05 s`, `2 h 05 min`, `3 d 4 h`.
 *
 * @param {number} ms
 */
export function formatDuration(ms) {
  if (ms < SECOND_MS) return `${Math.max(0, Math.round(ms))} ms`
  return ms < MINUTE_MS - 50 ? `${(ms / SECOND_MS).toFixed(1)} s` : formatSeconds(ms)
}

/**
 * Of something that goes on: whole seconds, so that the text does not flicker.
 *
 * @param {number} ms
 */
export function formatSeconds(ms) {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${twoDigits(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  return hours < 24 ? `${hours} h ${twoDigits(minutes % 60)} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/**
 * `now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`.
 *
 * @param {number} thenMs
 * @param {number} nowMs
 */
export function formatAgo(thenMs, nowMs) {
  const ms = nowMs - thenMs
  if (ms < 5 * SECOND_MS) return 'now'
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s ago`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ago`
  return ms < DAY_MS ? `${Math.floor(ms / HOUR_MS)} h ago` : `${Math.floor(ms / DAY_MS)} d ago`
}

/**
 * With date, seconds and time zone, for who hovers over a relative one.
 *
 * @param {string} iso
 */
export function formatExact(iso) {
  return EXACT.format(new Date(iso))
}

const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/**
 * Three digits that count, in powers of 1000: `0 B`, `999 B`, `1.47 kB`, `61.8 MB`.
 *
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 ? 0 : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/**
 * `84.1 of 310 MB`; the unit of the first is left out where it is that of the second, and the second where it is reached.
 *
 * @param {number} bytes
 * @param {number} totalBytes
 */
export function formatPart(bytes, totalBytes) {
  const [part, total] = [formatBytes(bytes), formatBytes(totalBytes)]
  if (bytes >= totalBytes) return part
  const [number, unit] = part.split(' ')
  return `${total.endsWith(` ${unit}`) ? number : part} of ${total}`
}

/**
 * `95.2 MB/s`; empty where nothing was measured.
 *
 * @param {number | undefined} bytes
 * @param {number | null} ms
 */
export function formatRate(bytes, ms) {
  return bytes === undefined || bytes === 0 || ms === null || ms <= 0 ? '' : `${formatBytes((bytes * 1000) / ms)}/s`
}

/**
 * `1 machine`, `2 machines`, `10,000 machines`.
 *
 * @param {number} count
 * @param {string} thing
 */
export function formatCount(count, thing) {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`
}

/** @param {number} number */
function twoDigits(number) {
  return String(number).padStart(2, '0')
}
