/**
 * The status page: `GET /` of a browser, and the files that it is made of.
 *
 * The files stand in `client/` as browsers run them. They are read and compressed when somebody first looks, and are below
 * a path that has their digest in it: a browser keeps them for good, and never has two versions mixed.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

import { type Answer, notFound } from '../answer.ts'
import { takesGzip } from '../gzip.ts'

const CLIENT = join(import.meta.dirname, 'client')
const LIBRARY = 'preact'

/** Below it are the files of the page. */
export const UI_PATH = '/ui/'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Nothing but our own files runs or is loaded, whatever text comes from the network; no other site may frame the page. With
 * trusted types the browser refuses to make HTML of text, and the page never asks it to.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

export interface PageConfig {
  /** Rendered configs are not shown: who sees the screen need not be who may see secrets. */
  readonly hidesBodies: boolean
  /** The page has a view of the box. */
  readonly isAppliance?: boolean
}

export interface Page {
  index(encodings: string | undefined): Promise<Answer>
  /** @param path - of the request, with `UI_PATH` */
  file(path: string, encodings: string | undefined): Promise<Answer>
}

interface File {
  readonly type: string
  readonly plain: Uint8Array
  readonly zipped: Uint8Array
}

interface Files {
  readonly index: File
  /** By path of the request. */
  readonly others: ReadonlyMap<string, File>
}

/** Whether a client asks for HTML by name, as browsers do and neither firmware nor curl does. */
export function wantsPage(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|,)\s*text\/html\s*(?:;(?!\s*q=0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(accept)
}

export function createPage(config: PageConfig): Page {
  let loading: Promise<Files> | undefined
  const files = (): Promise<Files> => (loading ??= load(config))
  return {
    async index(encodings) {
      const { index } = await files()
      return answer(index, encodings, 'no-cache')
    },
    async file(path, encodings) {
      const file = (await files()).others.get(path)
      return file === undefined ? notFound() : answer(file, encodings, 'public, max-age=31536000, immutable')
    },
  }
}

function answer({ type, plain, zipped }: File, encodings: string | undefined, cacheControl: string): Answer {
  const isZipped = takesGzip(encodings)
  return {
    status: 200,
    type,
    body: isZipped ? zipped : plain,
    headers: {
      ...HEADERS,
      'cache-control': cacheControl,
      vary: 'Accept, Accept-Encoding',
      ...(isZipped && { 'content-encoding': 'gzip' }),
    },
  }
}

async function load(config: PageConfig): Promise<Files> {
  const sources = await readSources()
  const digest = createHash('sha256')
  for (const [name, text] of sources) digest.update(`${name}\0${text}\0`)
  const base = `${UI_PATH}${digest.digest('hex').slice(0, 16)}/`
  const others = [...sources].filter(([name]) => name !== 'index.html')
  const [index, ...files] = await Promise.all([
    fileOf('index.html', indexOf(sources, base, config)),
    ...others.map(async ([name, text]) => fileOf(name, withLibrary(text, base))),
  ])
  return { index, others: new Map(others.map(([name], at) => [base + name, files[at]!])) }
}

/** Name below `client/` to text, in the order of the names. */
async function readSources(): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(CLIENT, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter(({ name }) => extname(name) in TYPES)
    .map(({ parentPath, name }) => join(parentPath, name))
  const named: [name: string, path: string][] = paths.map((path) => [relative(CLIENT, path), path])
  named.push([`${LIBRARY}.js`, createRequire(import.meta.url).resolve(LIBRARY)])
  const read = named.map(async ([name, path]) => [name, await readFile(path, 'utf8')] as const)
  return new Map((await Promise.all(read)).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Browsers know no packages: the library goes by its URL. */
function withLibrary(text: string, base: string): string {
  return text.replaceAll(`from '${LIBRARY}'`, `from '${base}${LIBRARY}.js'`)
}

/** All modules are named at the top, so that the browser asks for them at once instead of one after the other. */
function indexOf(sources: ReadonlyMap<string, string>, base: string, config: PageConfig): string {
  const modules = [...sources.keys()].filter((name) => name.endsWith('.js'))
  const preloads = modules.map((name) => `<link rel="modulepreload" href="${base}${name}">`)
  return sources
    .get('index.html')!
    .replaceAll('"ui/', `"${base}`)
    .replace('</head>', `${preloads.join('')}</head>`)
    .replace(
      '<html',
      `<html${config.hidesBodies ? ' data-bodies="hidden"' : ''}${config.isAppliance ? ' data-appliance' : ''}`,
    )
}

const zip = promisify(gzip)

async function fileOf(name: string, text: string): Promise<File> {
  const plain = Buffer.from(text)
  return { type: TYPES[extname(name)]!, plain, zipped: await zip(plain, { level: 9 }) }
}
