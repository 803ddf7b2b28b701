/**
 * A folder that becomes part of an image: what is put there, and nothing of the building system, be it its umask.
 */
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Tree {
  readonly folder: string
  file(path: string, bytes: string | Uint8Array, mode?: number): Promise<void>
  program(path: string, bytes: string | Uint8Array): Promise<void>
  folders(...paths: readonly string[]): Promise<void>
  link(path: string, target: string): Promise<void>
  /** A folder with all that is in it, links as links; what is executable stays it. */
  copy(from: string, path: string): Promise<void>
}

const MODE = { file: 0o644, program: 0o755, folder: 0o755 } as const

export function createTree(folder: string): Tree {
  const at = (path: string): string => join(folder, path)
  const tree: Tree = {
    folder,
    async file(path, bytes, mode = MODE.file) {
      await mkdir(dirname(at(path)), { recursive: true })
      await writeFile(at(path), bytes)
      await chmod(at(path), mode)
    },
    program: (path, bytes) => tree.file(path, bytes, MODE.program),
    async folders(...paths) {
      for (const path of paths) await mkdir(at(path), { recursive: true, mode: MODE.folder })
    },
    async link(path, target) {
      await mkdir(dirname(at(path)), { recursive: true })
      await symlink(target, at(path))
    },
    async copy(from, path) {
      const facts = await lstat(from)
      if (facts.isSymbolicLink()) return tree.link(path, await readlink(from))
      if (facts.isFile()) return tree.file(path, await readFile(from), facts.mode & 0o100 ? MODE.program : MODE.file)
      await tree.folders(path)
      for (const name of await readdir(from)) await tree.copy(join(from, name), join(path, name))
    },
  }
  return tree
}
