/**
 * What somebody with the token of the console does to the box: the token, the file, how far it is, and what came of it. It
 * lives as long as the page, so that an upload goes on while one looks elsewhere.
 */

/** @typedef {'reboot' | 'poweroff'} Command */

const BEGUN = {
  reboot: 'The box restarts. This page comes back by itself.',
  poweroff: 'The box switches itself off.',
}

export class Box {
  /** As it was typed. It is in no storage: who reloads the page types it again. */
  token = ''
  /** @type {File | undefined} */
  file = undefined
  /** An older version is installed as well. */
  isForced = false
  /** @type {number | undefined} of the file that is on its way, 0 to 1 */
  sent = undefined
  /** @type {Command | undefined} that was asked for once: it takes two */
  armed = undefined
  /** What came of the last thing that was done. */
  said = ''
  isSaidBad = false
  #changed

  /** @param {() => void} changed - called when a view would look different */
  constructor(changed) {
    this.#changed = changed
  }

  /** @param {Partial<Pick<Box, 'token' | 'file' | 'isForced' | 'armed'>>} now */
  set(now) {
    Object.assign(this, now)
    this.#changed()
  }

  /** Sends the file. A wrong token is told before: the server would take in all of it first. */
  async send() {
    const { file } = this
    if (file === undefined || this.sent !== undefined) return
    if (!(await this.#post('token'))) return
    this.sent = 0
    this.#say('')
    const { status, text } = await this.#put(file)
    this.sent = undefined
    if (status === 202) this.file = undefined
    this.#say(
      status === 202 ? 'Received. The box checks it, writes it, and restarts.' : why(status, text),
      status !== 202,
    )
  }

  /** @param {Command} command */
  async ask(command) {
    this.armed = undefined
    if (await this.#post(command)) this.#say(BEGUN[command])
  }

  /**
   * @param {'token' | Command} what
   * @returns {Promise<boolean>} whether it was taken; if not, why is said
   */
  async #post(what) {
    try {
      const answer = await fetch(`/api/appliance/${what}`, { method: 'POST', headers: this.#headers() })
      if (answer.ok) return true
      this.#say(why(answer.status, await answer.text()), true)
    } catch {
      this.#say(why(0, ''), true)
    }
    return false
  }

  /**
   * By XMLHttpRequest, which alone tells how much has gone.
   *
   * @param {File} file
   * @returns {Promise<{ status: number, text: string }>} status 0: no answer
   */
  #put(file) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest()
      request.open('PUT', `/api/appliance/update${this.isForced ? '?force=true' : ''}`)
      for (const [name, value] of Object.entries(this.#headers())) request.setRequestHeader(name, value)
      request.upload.addEventListener('progress', ({ loaded, total }) => {
        this.sent = total === 0 ? 0 : loaded / total
        this.#changed()
      })
      request.addEventListener('loadend', () => resolve({ status: request.status, text: request.responseText }))
      request.send(file)
    })
  }

  #headers() {
    return { authorization: `Bearer ${this.token.replaceAll(/[^\x21-\x7e]/g, '')}` }
  }

  /**
   * @param {string} text
   * @param {boolean} [isBad]
   */
  #say(text, isBad = false) {
    this.said = text
    this.isSaidBad = isBad
    this.#changed()
  }
}

/**
 * @param {number} status - of the answer; 0 when there was none
 * @param {string} text - its body
 */
function why(status, text) {
  if (status === 0) return 'The box does not answer. Is it on, and the network still there?'
  if (status === 401) return 'That is not the token which the console of the box shows.'
  return `It was refused: ${errorIn(text) ?? `status ${status}`}.`
}

/**
 * @param {string} text
 * @returns {string | undefined}
 */
function errorIn(text) {
  try {
    return JSON.parse(text).error
  } catch {
    return undefined
  }
}
