/**
 * A rendered Ignition file as the JSON that a machine gets.
 *
 * | file | is |
 * | --- | --- |
 * | `*.yaml`, `*.yml` | Ignition v1 in YAML, translated; its version is not looked at |
 * | any other, with `ignition.version` 2.x or 3.x | served as it was written |
 * | any other | Ignition v1 in JSON, written anew |
 */
import { ConfigError } from '../errors.ts'
import { parseJson } from '../go-json-read.ts'
import type { YamlNode } from '../yaml/node.ts'
import { parseYaml } from '../yaml/parse.ts'
import { decodeConfig } from './v1/decode.ts'
import { encode } from './v1/encode.ts'
import { JsonReader } from './v1/read-json.ts'
import { YamlReader } from './v1/read-yaml.ts'
import { config } from './v1/schema.ts'
import { type Decoded, isStruct } from './v1/types.ts'

/**
 * @param fileName - without `.liquid`; the case of its ending counts
 * @returns JSON, which ends in no newline unless the file did and is served as it is
 * @throws {ConfigError} `ignition`, `yaml` or `json`; positions count in `rendered`
 */
export function renderIgnition(fileName: string, rendered: string): string {
  try {
    return /\.ya?ml$/.test(fileName) ? fromYaml(rendered) : fromJson(rendered)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(error.code, error.message, { line: error.line, column: error.column, inRendered: true })
  }
}

function fromYaml(rendered: string): string {
  const root = parseYaml(rendered)
  if (root === undefined) return encode(config, {})
  const reader = new YamlReader(rendered)
  const variant = variantOf(root)
  if (variant !== undefined) {
    throw new ConfigError('ignition', 'Butane is not supported yet', reader.position(variant))
  }
  return encode(config, decodeConfig(root, reader))
}

/** The key that only Butane configs have. */
function variantOf(root: YamlNode): YamlNode | undefined {
  return root.kind === 'mapping' ? root.keys.find((key) => key.kind === 'scalar' && key.text === 'variant') : undefined
}

function fromJson(rendered: string): string {
  const version = versionOf(rendered)
  if (version !== undefined && /^[23]\./.test(version)) return rendered
  refuseOthers(rendered)
  const decoded = decodeConfig(parseJson(rendered), new JsonReader(rendered))
  refuseVersion(decoded, version)
  return encode(config, decoded)
}

/** `ignition.version` of Ignition 2 and later; undefined also where the text is no JSON. */
function versionOf(rendered: string): string | undefined {
  let document: unknown
  try {
    document = JSON.parse(rendered)
  } catch {
    return undefined // and be told why by parseJson, which knows the line
  }
  const version = memberOf(memberOf(document, 'ignition'), 'version')
  return typeof version === 'string' ? version : undefined
}

/** Ignition 3 takes its keys in any case, with a warning. */
function memberOf(value: unknown, key: string): unknown {
  if (!isRecord(value)) return undefined
  return value[Object.hasOwn(value, key) ? key : (Object.keys(value).find((name) => name.toLowerCase() === key) ?? key)]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function refuseOthers(rendered: string): void {
  const [firstLine = ''] = rendered.split('\n', 1)
  if (rendered.trim() === '') throw notAConfig('empty')
  if (firstLine.trimEnd() === '#cloud-config') throw notAConfig('found coreos-cloudconfig')
  if (firstLine.startsWith('#!')) throw notAConfig('found coreos-cloudinit script')
}

function notAConfig(what: string): ConfigError {
  return new ConfigError('ignition', `not a config (${what})`, { line: 1 })
}

function refuseVersion(decoded: Decoded, version: string | undefined): void {
  const v1 = isStruct(decoded) ? decoded['ignitionVersion'] : undefined
  if (v1 === 1n) return
  const found =
    version === undefined ? `ignitionVersion ${typeof v1 === 'bigint' ? v1 : 0n}` : `ignition.version ${version}`
  throw new ConfigError(
    'ignition',
    `incorrect config version: ${found}, expected ignitionVersion 1 or ignition.version 2.x or 3.x`,
  )
}
