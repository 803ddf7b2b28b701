/**
 * An assets server in a process of its own, so that its memory and its limits can be looked at: run as
 * `assets-server.ts <root> [<uid>]`, by `fork`. Says its address, then each request as it ends.
 */
import { createServer } from 'node:http'

import { openAssets } from '../../src/http/assets.ts'

const [root = '', uid] = process.argv.slice(2)
const assets = await openAssets(root)
if (uid !== undefined) process.setuid?.(Number(uid))

const server = createServer((request, response) => {
  void assets.serve(request.url?.slice('/assets/'.length) ?? '', request, response).then((served) => {
    process.send?.({ served })
  })
})
server.listen(0, '127.0.0.1', () => process.send?.({ address: server.address() }))
process.on('disconnect', () => process.exit())
