/**
 * The server and root's tool, each with all that it imports, as plain JavaScript: files that start in a fraction of the time
 * that the sources take.
 *
 *   bootcfg.mjs, <part>.mjs             src/main.ts; what it imports late stays apart
 *   box.mjs, box-<part>.mjs             src/appliance/main.ts
 *   package.json, src/http/ui/client/   what it reads at run time, where the sources have it
 *   src/http/api/host-child.ts          a program of its own
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

import { type Plugin, rolldown } from 'rolldown'

export const ROOT = join(import.meta.dirname, '../../..')

const CHILD = 'src/http/api/host-child.ts'

/**
 * Writes them all to `folder`, which then stands for the project's.
 *
 * @returns paths of all that they were made of: whose licences are to go along
 */
export async function bundleServer(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const main = await bundle('src/main.ts', { dir: folder, entryFileNames: 'bootcfg.mjs', chunkFileNames: '[name].mjs' })
  const child = await bundle(CHILD, { file: join(folder, CHILD) })
  await cp(join(ROOT, 'src/http/ui/client'), join(folder, 'src/http/ui/client'), { recursive: true })
  await copyPreact(folder)
  const { name, version, type } = await readManifest(ROOT)
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ name, version, type })}\n`)
  return [...main, ...child, 'node_modules/preact']
}

/** @returns paths of all that it was made of */
export async function bundleBox(folder: string): Promise<string[]> {
  return bundle('src/appliance/main.ts', { dir: folder, entryFileNames: 'box.mjs', chunkFileNames: 'box-[name].mjs' })
}

/** @returns of package.json */
export async function readManifest(
  folder: string,
): Promise<{ name: string; version: string; type: string; main: string }> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
}

/** Comments and blanks go; names stay, for who reads a stack trace. */
const MINIFY = { compress: false, mangle: false, codegen: { removeWhitespace: true } } as const

async function bundle(
  entry: string,
  output: { dir: string; entryFileNames: string; chunkFileNames: string } | { file: string },
): Promise<string[]> {
  const warnings: string[] = []
  await using built = await rolldown({
    input: join(ROOT, entry),
    cwd: ROOT,
    platform: 'node',
    plugins: [modulesStayWhereTheyWere],
    onLog: (level, log) => {
      if (level === 'warn' && log.code !== 'EVAL') warnings.push(log.message)
    },
  })
  const { output: written } = await built.write({
    ...output,
    format: 'esm',
    minify: MINIFY,
    codeSplitting: 'dir' in output,
  })
  if (warnings.length > 0) throw new Error(`rolldown, ${entry}: ${warnings.join('\n')}`)
  return written.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []))
}

/** What a module finds beside itself, it finds from the bundle by the same path. */
const modulesStayWhereTheyWere: Plugin = {
  name: 'modules-stay-where-they-were',
  transform: {
    filter: { id: /\/src\/.*\.ts$/, code: /import\.meta\.(url|dirname)/ },
    handler: (code, id) => {
      const path = relative(ROOT, id)
      return code
        .replaceAll('import.meta.url', `new URL(${JSON.stringify(`./${path}`)}, import.meta.url).href`)
        .replaceAll('import.meta.dirname', `(import.meta.dirname + ${JSON.stringify(`/${dirname(path)}`)})`)
    },
  },
}

/** The status page's library: browsers get its one file as it is. */
async function copyPreact(folder: string): Promise<void> {
  const from = join(ROOT, 'node_modules/preact')
  const to = join(folder, 'node_modules/preact')
  const { main } = await readManifest(from)
  for (const file of ['package.json', main]) await cp(join(from, file), join(to, file))
}
