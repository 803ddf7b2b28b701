/**
 * What a rendered cloud file may be: a cloud-config, or a script. Anything else a machine would ignore without a word.
 *
 * Source: coreos-cloudinit, config/config.go and config/script.go.
 */
import { ConfigError } from './errors.ts'
import { positionAt } from './position.ts'
import { parseYaml } from './yaml/parse.ts'
import { isNull } from './yaml/value.ts'

/**
 * @throws {ConfigError} `cloud-config` for what is neither, `yaml` for a cloud-config that does not parse; positions
 * count in `rendered`
 */
export function checkCloudConfig(rendered: string): void {
  if (rendered.startsWith('#!')) return
  const [firstLine = ''] = rendered.split('\n', 1)
  if (firstLine.trimEnd() !== '#cloud-config') {
    throw problem('neither a cloud-config (first line #cloud-config) nor a script (first line #!…)', { line: 1 })
  }
  const root = parsed(rendered)
  if (root === undefined || isNull(root) || root.kind === 'mapping') return
  throw problem('a cloud-config must be a mapping', positionAt(rendered, root.offset))
}

function parsed(rendered: string): ReturnType<typeof parseYaml> {
  try {
    return parseYaml(rendered)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(error.code, error.message, { line: error.line, column: error.column, inRendered: true })
  }
}

function problem(message: string, at: { line: number; column?: number }): ConfigError {
  return new ConfigError('cloud-config', message, { ...at, inRendered: true })
}
