/**
 * The container: prepared folders become an OCI image layout, and that one archive. No engine, no daemon, no root.
 *
 *   libs       usr/bin/node and the libraries it is linked with; the appliance has the same
 *   app        app/: the server, iPXE; the appliance has the same
 *   own        who uid 900 is; /data with examples; licences
 *   state      /state, which belongs to uid 900
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/image-layout.md
 */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Architecture } from '../appliance/build/inputs.ts'
import { type Descriptor, imageConfig, imageManifest, MEDIA_TYPE, type NamedLayer, USER } from './image.ts'
import { writeArchive, writeLayer } from './layer.ts'

export interface Part {
  readonly architecture: Architecture
  /** Root folder of the lower layer. */
  readonly libs: string
  /** Root folder of the layer over it, with the examples in `app/data`. */
  readonly app: string
  /** What goes to /usr/share/licenses. */
  readonly licences: string
}

export interface Wanted {
  readonly version: string
  /** SOURCE_DATE_EPOCH, in seconds. */
  readonly epoch: number
  /** One, or one for each architecture: then engines take what fits the machine. */
  readonly parts: readonly Part[]
  /** The folder that gets the layout and the archive; what is there of the same name is replaced. */
  readonly out: string
}

/** What was written, by its path. */
export interface Container {
  readonly layout: string
  readonly archive: string
}

/** @throws Error with one line for people */
export async function writeContainer({ version, epoch, parts, out }: Wanted): Promise<Container> {
  const layout = join(out, `bootcfg-${version}-oci-${parts.map(({ architecture }) => architecture).join('-')}`)
  await rm(layout, { recursive: true, force: true })
  const blobs = join(layout, 'blobs/sha256')
  await mkdir(blobs, { recursive: true })

  const images = []
  for (const part of parts) images.push(await writeImage(part, { version, epoch }, blobs))
  await writeJson(join(layout, 'oci-layout'), { imageLayoutVersion: '1.0.0' })
  await writeJson(join(layout, 'index.json'), await index(images, version, blobs))
  if (images.length === 1) await writeJson(join(layout, 'manifest.json'), dockerManifest(images[0]!, version))

  const archive = `${layout}.tar`
  await writeArchive(layout, archive, { epoch, owner: 0 })
  return { layout, archive }
}

interface Image {
  readonly architecture: Architecture
  readonly manifest: Descriptor
  readonly config: Descriptor
  readonly layers: readonly NamedLayer[]
}

async function writeImage(part: Part, release: { version: string; epoch: number }, blobs: string): Promise<Image> {
  const { epoch } = release
  const facts = { ...release, architecture: part.architecture }
  const own = await mkdtemp(join(blobs, 'own-'))
  await cp(join(import.meta.dirname, 'root'), own, { recursive: true })
  await cp(join(part.app, 'app/data'), join(own, 'data'), { recursive: true })
  await cp(part.licences, join(own, 'usr/share/licenses'), { recursive: true, verbatimSymlinks: true })
  const state = await mkdtemp(join(blobs, 'state-'))
  await mkdir(join(state, 'state'))
  const layers: NamedLayer[] = [
    { ...(await writeLayer(part.libs, blobs, { epoch, owner: 0 })), purpose: 'Node and the libraries it needs' },
    { ...(await writeLayer(part.app, blobs, { epoch, owner: 0 })), purpose: 'bootcfg, iPXE' },
    { ...(await writeLayer(own, blobs, { epoch, owner: 0 })), purpose: 'user 900, examples in /data, licences' },
    { ...(await writeLayer(state, blobs, { epoch, owner: USER })), purpose: '/state, for user 900' },
  ]
  await Promise.all([own, state].map((folder) => rm(folder, { recursive: true })))
  const config = await writeBlob(MEDIA_TYPE.config, imageConfig(facts, layers), blobs)
  const manifest = await writeBlob(MEDIA_TYPE.manifest, imageManifest(facts, config, layers), blobs)
  return { architecture: part.architecture, manifest, config, layers }
}

/** Where tools begin to read. They find the image by its tag, which is the version; containerd by the name as well. */
async function index(images: readonly Image[], version: string, blobs: string) {
  const manifests = images.map(({ manifest, architecture }) => ({
    ...manifest,
    platform: { architecture, os: 'linux' },
  }))
  const [first, ...others] = manifests
  const top = others.length === 0 ? first! : await writeBlob(MEDIA_TYPE.index, indexOf(manifests), blobs)
  const annotations = {
    'org.opencontainers.image.ref.name': version,
    'io.containerd.image.name': `docker.io/library/bootcfg:${version}`,
  }
  return indexOf([{ ...top, annotations }])
}

function indexOf(manifests: readonly (Descriptor & { annotations?: Record<string, string> })[]) {
  return { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }
}

/** Of `docker save`: what `docker load` reads before version 25, and newer ones still do. It knows one architecture. */
function dockerManifest({ config, layers }: Image, version: string) {
  const pathOf = (digest: string): string => `blobs/${digest.replace(':', '/')}`
  const Layers = layers.map(({ digest }) => pathOf(digest))
  return [{ Config: pathOf(config.digest), RepoTags: [`bootcfg:${version}`], Layers }]
}

async function writeBlob(mediaType: string, value: unknown, blobs: string): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value))
  const hex = createHash('sha256').update(bytes).digest('hex')
  await writeFile(join(blobs, hex), bytes)
  return { mediaType, digest: `sha256:${hex}`, size: bytes.byteLength }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value)}\n`)
}
