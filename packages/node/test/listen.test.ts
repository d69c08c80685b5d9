import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { listen, portHolder } from '../src/index.ts'

it('names the holder of a port that is taken', async () => {
  const first = createServer()
  const second = createServer()
  const started = await listen(first, { host: '127.0.0.1', port: 0 })
  if (!started.ok) throw new Error(started.error.message)
  const refused = await listen(second, { host: '127.0.0.1', port: started.value })
  expect(refused).toMatchObject({ ok: false, error: { code: 'port-taken' } })
  if (process.platform === 'linux') {
    expect(portHolder(started.value)).toContain(`(pid ${process.pid})`)
    expect(refused.ok ? '' : refused.error.message).toContain(`(pid ${process.pid})`)
  }
  first.close()
})

it('says which address is not of this machine', async () => {
  const refused = await listen(createServer(), { host: '203.0.113.9', port: 0 })
  expect(refused).toMatchObject({ ok: false, error: { code: 'address-unavailable' } })
})
