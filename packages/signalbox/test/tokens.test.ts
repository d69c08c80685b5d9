import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, bodyOf } from './client.ts'
import { eventually, type Fleet, runSignalbox, startFleet, textOf } from './fleet.ts'

const TOKEN = 'a-token-that-nobody-guesses-7c1f'

describe('a fleet whose admin port asks for a token', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-tokens-'))
  const tokenFile = join(folder, 'token')
  let fleet: Fleet
  let id: string
  beforeAll(async () => {
    writeFileSync(tokenFile, `${TOKEN}\n`)
    writeFileSync(join(folder, 'signalbox.yaml'), 'admin: { tokenFile: ./token }\nmonitor: { scrapeIntervalMs: 1000 }\n')
    fleet = await startFleet({ cwd: folder, args: ['--no-traffic', '--engines', '2'] })
    const answer = await ask(fleet.api, bodyOf({ prompt: 'Who goes there?', tokens: 3 }))
    expect(answer.status).toBe(200)
    id = answer.id
  })
  afterAll(async () => {
    await fleet.interrupt()
  })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const protectedPaths = () => ['/metrics', '/debug/endpoints', '/debug/decisions', `/debug/decisions/${id}`]

  it('answers 401 without it or with another, and 200 with it', async () => {
    for (const path of protectedPaths()) {
      for (const headers of [{}, bearer('another'), bearer(`${TOKEN}x`), { authorization: `Basic ${TOKEN}` }]) {
        const refused = await fetch(`${fleet.admin}${path}`, { headers })
        expect(refused.status).toBe(401)
        expect(refused.headers.get('www-authenticate')).toContain('Bearer')
        expect(await refused.text()).not.toContain('demo-8b')
      }
      expect((await fetch(`${fleet.admin}${path}`, { headers: bearer(TOKEN) })).status).toBe(200)
    }
  })

  it('needs none for its health, and none for the API', async () => {
    expect((await fetch(`${fleet.admin}/healthz`)).status).toBe(200)
    expect((await fetch(`${fleet.api}/v1/models`)).status).toBe(200)
  })

  it('is scraped by its own monitor, whose console shows the fleet and its decisions', async () => {
    const up = async (): Promise<number> => {
      const answer = JSON.parse(await textOf(`${fleet.console}/api/v1/query?query=${encodeURIComponent('up{job="gateway"}')}`))
      return Number(answer.data.result[0]?.value[1])
    }
    await eventually(async () => (await up()) === 1, 'the gateway to be scraped')
    const view = JSON.parse(await textOf(`${fleet.console}/api/console/fleet`))
    expect(view.gateway).toMatchObject({ reachable: true, error: null, models: ['demo-8b'] })
    expect(view.gateway.endpoints).toHaveLength(2)
    expect(JSON.parse(await textOf(`${fleet.console}/api/console/decisions`)).decisions.map((one: { id: string }) => one.id)).toContain(id)
    expect(JSON.parse(await textOf(`${fleet.console}/api/console/decisions/${id}`))).toMatchObject({ id, status: 'ok' })
  })

  it('is read by the command with --token-file, which says so when it is missing or wrong', async () => {
    const decisions = async (...args: string[]) => {
      const running = runSignalbox(['decisions', '--url', fleet.admin, ...args])
      return { code: await running.exited(), output: running.output() }
    }
    expect(await decisions('--token-file', tokenFile)).toEqual({ code: 0, output: expect.stringContaining(id) })
    const wrong = join(folder, 'wrong')
    writeFileSync(wrong, 'another')
    for (const args of [[], ['--token-file', wrong]]) {
      expect(await decisions(...args)).toEqual({ code: 1, output: expect.stringContaining('the gateway asks for its token (--token-file)') })
    }
  })

  it('gives its token away on no page of the monitor, in no header, and in no line that is printed', async () => {
    const page = await textOf(fleet.console)
    const assets = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] as string)
    expect(assets.some((path) => path.endsWith('.js'))).toBe(true)
    const query = (name: string, parameters: Record<string, string>) => `/api/v1/${name}?${new URLSearchParams(parameters).toString()}`
    const paths = [
      '/',
      '/requests',
      `/requests/${id}`,
      ...assets,
      '/api/console/fleet',
      '/api/console/decisions',
      `/api/console/decisions/${id}`,
      '/api/console/decisions?status=nonsense',
      '/api/console/decisions/no-such-id',
      '/api/console/dashboard',
      '/api/console/nothing',
      '/metrics',
      '/-/ready',
      '/-/healthy',
      '/nothing',
      query('targets', {}),
      query('metadata', {}),
      query('labels', {}),
      query('status/buildinfo', {}),
      query('label/__name__/values', {}),
      query('series', { 'match[]': '{job="gateway"}' }),
      query('query', { query: '{job="gateway"}' }),
      query('query', { query: 'nonsense(' }),
      query('query_range', { query: 'up', start: '0', end: '1', step: '1' }),
    ]
    for (const path of paths) {
      const answer = await fetch(`${fleet.console}${path}`)
      const told = `${JSON.stringify([...answer.headers])}${await answer.text()}`
      expect(told, path).not.toContain(TOKEN)
      expect(told, path).not.toContain(Buffer.from(TOKEN).toString('base64'))
    }
    expect(fleet.output()).not.toContain(TOKEN)
  })
})

it.each([
  ['is empty', '\n', 'is empty'],
  ['is not there', undefined, 'cannot be read (ENOENT)'],
])('a token file that %s keeps the fleet from starting, with the reason', async (_, text, reason) => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-tokens-'))
  if (text !== undefined) writeFileSync(join(folder, 'token'), text)
  writeFileSync(join(folder, 'signalbox.yaml'), 'admin: { tokenFile: ./token, port: 0 }\ngateway: { port: 0 }\n')
  const running = runSignalbox(['gateway'], folder)
  expect(await running.exited()).toBe(1)
  expect(running.output()).toContain(`admin.tokenFile: ${join(folder, 'token')} ${reason}`)
})
