/**
 * Why a boot failed: a rule for each way, tried from the last stage of a boot to the first, so that what a machine reached
 * last is what is told. Pure. docs/troubleshooting.md has a paragraph for each code.
 */
import {
  loop,
  rival,
  readStalled,
  fileMissing,
  noHttp,
  firmwareSilent,
  notAnswered,
  ipxeWithoutHttp,
  noFirmware,
  noRead,
} from './rules-firmware.ts'
import {
  templateFailed,
  configMissing,
  noConfig,
  assetMissing,
  downloadBroken,
  noInitrd,
  noGroup,
  nothingToBoot,
  specBroken,
  noKernel,
  noChain,
} from './rules-script.ts'
import type { Finding, Story } from './story.ts'

type Rule = (story: Story) => Finding | undefined

export const RULES: readonly (readonly [code: string, rule: Rule])[] = [
  ['template-failed', templateFailed],
  ['config-missing', configMissing],
  ['no-config', noConfig],
  ['asset-missing', assetMissing],
  ['download-broken', downloadBroken],
  ['no-initrd', noInitrd],
  ['no-group', noGroup],
  ['nothing-to-boot', nothingToBoot],
  ['spec-broken', specBroken],
  ['no-kernel', noKernel],
  ['no-chain', noChain],
  ['loop', loop],
  ['rival', rival],
  ['read-stalled', readStalled],
  ['file-missing', fileMissing],
  ['no-http', noHttp],
  ['firmware-silent', firmwareSilent],
  ['not-answered', notAnswered],
  ['ipxe-without-http', ipxeWithoutHttp],
  ['no-firmware', noFirmware],
  ['no-read', noRead],
]
