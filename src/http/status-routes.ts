/**
 * What people and programs look at: the API with its event stream and the metrics, `/api/explain`, the status page.
 */
import type { FastifyInstance } from 'fastify'

import { notFound } from './answer.ts'
import { type Explain, explainAnswer } from './api/explain.ts'
import { parseAsk } from './ask.ts'
import { gzipped } from './gzip.ts'
import type { Paths } from './paths.ts'
import type { Replies } from './replies.ts'
import type { Status } from './status.ts'
import { type Page, UI_PATH, wantsPage } from './ui/page.ts'

export function serveStatus(app: FastifyInstance, paths: Paths, { tell }: Replies, status: Status): void {
  for (const [path, route] of status.routes) {
    paths.serve(path, async (request, reply) => {
      const answer = await route(parseAsk(request.url))
      return tell(request, reply, await gzipped(answer, request.headers['accept-encoding']))
    })
  }
  paths.serve('/api/events', (request, reply) => {
    const refusal = status.follow(request, reply)
    return refusal && tell(request, reply, refusal)
  })
  app.addHook('preClose', async () => status.stop())
}

export function serveExplain(paths: Paths, { tell }: Replies, explain: Explain): void {
  paths.serve('/api/explain', async (request, reply) => {
    const { query } = parseAsk(request.url)
    return tell(request, reply, await explainAnswer(query, request.socket.localPort ?? 0, explain))
  })
}

export function servePage(app: FastifyInstance, paths: Paths, { finish, tell }: Replies, page: Page): void {
  // Not by `paths`: for who does not ask for a page, and for other methods, there is nothing at `/`, as ever.
  app.get('/', { exposeHeadRoute: true }, async (request, reply) => {
    const { accept, 'accept-encoding': encodings } = request.headers
    if (!wantsPage(accept)) return finish(request, reply, parseAsk(request.url), notFound())
    return tell(request, reply, await page.index(encodings))
  })
  paths.serve(`${UI_PATH}*`, async (request, reply) => {
    const { path } = parseAsk(request.url)
    return tell(request, reply, await page.file(path, request.headers['accept-encoding']))
  })
}
