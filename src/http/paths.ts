/**
 * Which paths are served, and by what: Fastify's router with a memory, for requests that it does not route.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { RouteTally } from './tally.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Where it is counted, once its route is known. */
    tally: RouteTally | undefined
  }
}

type WriteMethod = 'PUT' | 'POST'

export type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

export class Paths {
  readonly #app: FastifyInstance
  readonly #tallyOf: (path: string) => RouteTally | undefined
  readonly #exact = new Set<string>()
  readonly #prefixes: [prefix: string, handler: Handler][] = []
  /** Of paths that are not for reading. */
  readonly #methods = new Map<string, WriteMethod>()

  constructor(app: FastifyInstance, tallyOf: (path: string) => RouteTally | undefined) {
    app.decorateRequest('tally')
    this.#app = app
    this.#tallyOf = tallyOf
  }

  /** @param path - one that ends in `*` stands for all that begin so */
  serve(path: string, handler: Handler): void {
    const tally = this.#tallyOf(path)
    this.#app.get(path, { exposeHeadRoute: true }, (request, reply) => {
      request.tally = tally
      return handler(request, reply)
    })
    if (path.endsWith('*')) this.#prefixes.push([path.slice(0, -1), handler])
    else this.#exact.add(path)
  }

  /** One that is there for another method than GET alone. */
  accept(method: WriteMethod, path: string, handler: Handler): void {
    const tally = this.#tallyOf(path)
    this.#methods.set(path, method)
    this.#app.route({
      method,
      url: path,
      onRequest(request, _reply, next) {
        delete request.headers['content-type'] // nobody goes by it, and one that is none would be an error
        next()
      },
      handler: (request, reply) => {
        request.tally = tally
        return handler(request, reply)
      },
    })
  }

  /** What a path accepts that is not for reading. */
  acceptedBy(path: string): WriteMethod | undefined {
    return this.#methods.get(path)
  }

  /** The handler of all that begin as this one does. */
  below(path: string): Handler | undefined {
    return this.#prefixes.find(([prefix]) => path.startsWith(prefix))?.[1]
  }

  has(path: string): boolean {
    return this.#exact.has(path) || this.below(path) !== undefined
  }
}
