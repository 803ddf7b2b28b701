/**
 * Every `console` block of the documentation, run as a reader would run it: what it shows is what is printed.
 *
 * A document starts in an empty folder. A block below a line that is a file's name is written as that file; commands
 * follow a `$`, and a `bin/bootcfg` that gets `ready` is left running for those after it. Where a document asks a server
 * that it did not start, that is the one of `./scripts/start`. `…` stands for what was left out or differs each time.
 * With UPDATE_GOLDEN=1 outputs that differ are written into the document.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, test } from 'vitest'

import { type CodeBlock, codeBlocks } from './support/markdown.ts'
import { require } from './support/requirements.ts'
import { temporaryFolder } from './support/site.ts'

const ROOT = join(import.meta.dirname, '..')
const REQUIREMENTS = [
  ['curl', 'curl'],
  ['gpg', 'gnupg'],
] as const

const documents = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
  .filter(({ text }) => codeBlocks(text).some((block) => block.language === 'console'))

test('documents with commands were found', () => {
  expect(documents.length).toBeGreaterThan(7)
})

for (const { path, text } of documents) {
  test(`${path} shows what its commands print`, { timeout: 60_000 }, async (context) => {
    require(context, REQUIREMENTS)
    using folder = temporaryFolder()
    await using reader = new Reader(folder.path)
    const lines = text.split('\n')
    const differences: string[] = []
    for (const block of codeBlocks(text)) {
      if (block.file !== undefined) await reader.write(block.file, block.text)
      if (block.language !== 'console') continue
      for (const { command, output, firstLine, lineCount } of commandsOf(block)) {
        const printed = await reader.run(command, output)
        if (patternOf(output).test(printed)) continue
        differences.push(`$ ${command}\n${printed}`)
        lines.splice(firstLine, lineCount, ...Array<string>(lineCount).fill(GONE))
        lines[firstLine - 1] += printed === '' ? '' : `\n${printed.trimEnd()}`
      }
    }
    if (process.env['UPDATE_GOLDEN'] === '1' && differences.length > 0) {
      writeFileSync(join(ROOT, path), lines.filter((line) => line !== GONE).join('\n'))
    } else {
      expect(differences.join('\n')).toBe('')
    }
  })
}

const GONE = '\0'

interface Command {
  readonly command: string
  readonly output: string
  /** Index of the output's first line in the document, and how many lines it has there. */
  readonly firstLine: number
  readonly lineCount: number
}

function commandsOf(block: CodeBlock): Command[] {
  const lines = block.text.trimEnd().split('\n')
  const commands: Command[] = []
  for (let at = 0; at < lines.length;) {
    if (!lines[at]!.startsWith('$ ')) throw new Error(`not a command: ${lines[at]!}`)
    const from = at
    while (lines[at]!.endsWith('\\')) at += 1
    const command = lines
      .slice(from, at + 1)
      .join('\n')
      .slice('$ '.length)
    const firstOutput = (at += 1)
    while (at < lines.length && !lines[at]!.startsWith('$ ')) at += 1
    const output = lines.slice(firstOutput, at)
    commands.push({
      command,
      output: output.join('\n'),
      firstLine: block.firstLine + firstOutput,
      lineCount: output.length,
    })
  }
  return commands
}

/** A line that is `…` stands for any lines; within a line it stands for any text. Space at ends of lines does not count. */
function patternOf(output: string): RegExp {
  const lines = output.split('\n').map((line) => {
    if (line.trim() === '…') return '(?:.*\\n)*?'
    return `${line
      .trimEnd()
      .split('…')
      .map((part) => RegExp.escape(part))
      .join('.*')} *\\n`
  })
  return new RegExp(`^${output === '' ? '' : lines.join('')}\\s*$`)
}

/** Someone who types commands into a shell, and has a server running. */
class Reader implements AsyncDisposable {
  readonly #folder: string
  readonly #shell: ChildProcess
  #printed = ''
  #address: string | undefined

  constructor(folder: string) {
    this.#folder = folder
    for (const name of ['bin', 'examples', 'scripts']) symlinkSync(join(ROOT, name), join(folder, name))
    this.#shell = spawn('bash', ['--norc'], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C.UTF-8', GNUPGHOME: join(folder, 'no-gnupg') },
    })
    this.#shell.stdout?.on('data', (chunk: Buffer) => (this.#printed += chunk.toString()))
    this.#shell.stdin?.write(`exec 2>&1; trap '${KILL_SERVER}; gpgconf --kill all' EXIT; ${AS_ON_A_TERMINAL}\n`)
  }

  async write(file: string, text: string): Promise<void> {
    const loads = this.#loads()
    mkdirSync(dirname(join(this.#folder, file)), { recursive: true })
    writeFileSync(join(this.#folder, file), text)
    if (this.#address === undefined) return
    await this.#type('kill -HUP "$server"')
    await until(() => this.#loads() > loads)
  }

  /** What a command prints; of one that starts the server, what the document says if the server's log agrees. */
  async run(command: string, expected: string): Promise<string> {
    if (command.includes('bin/bootcfg') && expected.includes('[ready]')) {
      await this.#serve(command)
      const events = [...expected.matchAll(/\[([a-z.-]+)\]/g)].map((match) => match[1]!)
      return events.every((event) => this.#log().includes(`"event":"${event}"`)) ? `${expected}\n` : this.#log()
    }
    if (command.includes(DOCUMENTED) && this.#address === undefined) await this.#serve(START)
    const printed = await this.#type(command.replaceAll(DOCUMENTED, this.#address ?? DOCUMENTED))
    return printed.replaceAll(this.#address ?? DOCUMENTED, DOCUMENTED).replaceAll(this.#folder, '…')
  }

  async #serve(command: string): Promise<void> {
    const free = command.replace(/ -address \S+/, '').replace('bin/bootcfg', 'bin/bootcfg -address 127.0.0.1:0')
    await this.#type(`${KILL_SERVER}; ${free} >server.log & server=$!`)
    await until(() => this.#log().includes('"event":"ready"'))
    this.#address = /"url":"http:\/\/([^"]+)"/.exec(this.#log())?.[1]
  }

  #loads(): number {
    return this.#log().split(/"event":"store\.(?:loaded|refused)"/).length
  }

  #log(): string {
    return readFileSync(join(this.#folder, 'server.log'), { encoding: 'utf8', flag: 'a+' })
  }

  /** The exit status is kept for the next command to ask for. */
  async #type(command: string): Promise<string> {
    this.#printed = ''
    this.#shell.stdin?.write(`${command}\nstatus=$?; printf '\\a'; (exit "$status")\n`)
    await until(() => this.#printed.endsWith(END))
    const printed = this.#printed.slice(0, -END.length).replaceAll('\r\n', '\n')
    return printed === '' || printed.endsWith('\n') ? printed : `${printed}\n`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#shell.on('close', resolve))
    this.#shell.stdin?.end()
    await ended
  }
}

/** Where the documents reach the server. */
const DOCUMENTED = '127.0.0.1:8080'
const START = 'mkdir assets; bin/bootcfg -config examples/config.yaml -data-path examples -assets-path assets'
const KILL_SERVER = '[ -z "$server" ] || { kill "$server"; wait "$server"; }'
/** Where nobody watches, curl would print a progress meter. */
const AS_ON_A_TERMINAL = 'curl() { command curl -sS "$@"; }'
/** What the shell prints behind the output of a command. */
const END = '\u0007'

async function until(isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isSo(); waitedMs += 10) {
    if (waitedMs > 20_000) throw new Error('nothing happens')
    await sleep(10)
  }
}
