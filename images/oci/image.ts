/**
 * What a container engine reads about the image: its config and its manifest, as values. Nothing is read or written here.
 *
 * Every flag of the server has a variable, so the folders and the address are given as variables: a flag that somebody
 * writes after the image's name counts all the same, and wins.
 *
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md and manifest.md
 */
import type { Architecture } from '../appliance/build/inputs.ts'
import type { Layer } from './layer.ts'

/** As in `root/etc/passwd`. A number, so that Kubernetes can see that it is not root (`runAsNonRoot`). */
export const USER = 900

/** What `tests`, manifests and docs agree on: where things are in the image. */
const ENVIRONMENT = {
  PATH: '/usr/bin:/bin',
  BOOTCFG_ADDRESS: '0.0.0.0:8080',
  BOOTCFG_CONFIG: '/data/config.yaml',
  BOOTCFG_DATA_PATH: '/data',
  BOOTCFG_ASSETS_PATH: '/data/assets',
  BOOTCFG_FIRMWARE_PATH: '/app/firmware',
} as const

/** The flags of Node are those of bin/bootcfg. */
const ENTRYPOINT = ['/usr/bin/node', '--disable-warning=ExperimentalWarning', '/app/bootcfg.mjs'] as const

export interface Facts {
  readonly version: string
  readonly architecture: Architecture
  /** Seconds since 1970: when the image says it was made. */
  readonly epoch: number
}

/** @param layers - the lowest first */
export function imageConfig({ version, architecture, epoch }: Facts, layers: readonly NamedLayer[]) {
  const created = isoTime(epoch)
  return {
    created,
    architecture,
    os: 'linux',
    config: {
      User: `${USER}:${USER}`,
      Env: Object.entries(ENVIRONMENT).map(([name, value]) => `${name}=${value}`),
      Entrypoint: ENTRYPOINT,
      WorkingDir: '/',
      ExposedPorts: { '8080/tcp': {} },
      Volumes: { '/data': {} },
      StopSignal: 'SIGTERM',
      Labels: labels(version, created),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ purpose }) => ({ created, created_by: 'bootcfg scripts/image', comment: purpose })),
  }
}

export interface NamedLayer extends Layer {
  /** For `docker history`. */
  readonly purpose: string
}

export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

export const MEDIA_TYPE = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

export function imageManifest({ version, epoch }: Facts, config: Descriptor, layers: readonly Layer[]) {
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config,
    layers: layers.map(({ digest, bytes }) => ({ mediaType: MEDIA_TYPE.layer, digest, size: bytes })),
    annotations: labels(version, isoTime(epoch)),
  }
}

function labels(version: string, created: string) {
  return {
    'org.opencontainers.image.title': 'bootcfg',
    'org.opencontainers.image.description':
      'Network boot server: proxyDHCP, TFTP and HTTP; iPXE scripts, Ignition configs, cloud-configs',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.licenses': 'Apache-2.0',
  }
}

function isoTime(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace('.000Z', 'Z')
}
