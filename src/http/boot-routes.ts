/**
 * What machines fetch from memory, plain and signed: `routes.ts` by its paths.
 */
import type { Signer } from '../core/signer.ts'
import type { Snapshot } from '../core/store/snapshot.ts'
import type { Answer } from './answer.ts'
import { type Ask, parseAsk } from './ask.ts'
import type { Paths } from './paths.ts'
import type { Replies } from './replies.ts'
import { ROUTES, spec } from './routes.ts'
import { signature } from './send.ts'
import { createTogether } from './together.ts'

export interface BootDeps {
  /** The snapshot to answer from, asked for once per request. */
  readonly snapshot: () => Snapshot
  /** Absent: the signature routes are not there. */
  readonly signer?: Signer | undefined
}

export function serveBoots(paths: Paths, { finish }: Replies, { snapshot, signer }: BootDeps): void {
  const together = createTogether()
  for (const [path, rest, route, purpose] of ROUTES) {
    const answerTo = (ask: Ask): Answer => route(snapshot(), ask)
    paths.serve(path + rest, (request, reply) => {
      const ask = parseAsk(request.url, request.raw.rawHeaders)
      const answer = answerTo(ask)
      together(reply, () => finish(request, reply, ask, answer, purpose))
    })
    if (signer === undefined) continue
    for (const ending of ['.asc', '.sig'] as const) {
      paths.serve(path + ending + rest, async (request, reply) => {
        const ask = parseAsk(request.url, request.raw.rawHeaders)
        return finish(request, reply, ask, await signature(answerTo(ask), signer, ending === '.asc'), 'signature')
      })
    }
  }
  paths.serve('/spec/*', (request, reply) => {
    const ask = parseAsk(request.url)
    return finish(request, reply, ask, spec(snapshot(), ask))
  })
}
