import { profiles } from '@signalbox/engine'
import { type ModelServer, startModelServer } from '@signalbox/model-server'
import { systemClock } from '@signalbox/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, runSignalbox } from './fleet.ts'

let server: ModelServer

const complete = async (prompt: string) => {
  const answer = await fetch(`http://127.0.0.1:${server.port}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt, max_tokens: 4 }),
  })
  expect(answer.status).toBe(200)
}

beforeAll(async () => {
  server = await startModelServer({
    host: '127.0.0.1',
    port: 0,
    name: 'engine-1',
    engine: profiles.get('demo')!.options,
    clock: systemClock,
    speed: 1000,
    events: { endpoint: 'tcp://127.0.0.1:*', replayEndpoint: 'tcp://127.0.0.1:*', topic: 'kv@127.0.0.1@m', encoding: 'map', hashes: 'int' },
  })
  for (const word of ['one', 'two', 'three']) await complete(`${word} `.repeat(100))
})

afterAll(() => server.close(0))

const addresses = () => {
  const { endpoint, replayEndpoint } = server.events!
  return [endpoint, '--replay-address', replayEndpoint ?? '']
}

describe('signalbox events', () => {
  it('prints what an engine still has of its events, and ends', async () => {
    const running = runSignalbox(['events', ...addresses(), '--replay', '0', '--no-follow'])
    expect(await running.exited()).toBe(0)
    const lines = running.output().split('\n')
    expect(lines.find((line) => line.startsWith('sequence'))).toMatch(/^sequence +time +event +blocks +tokens +medium +adapter +hashes$/)
    expect(lines.filter((line) => / stored +\d+ +\d+ +GPU +[0-9a-f]{16}/.test(line))).toHaveLength(server.events!.nextSequence)
  })

  it('prints JSON, and ends after as many batches as were asked for', async () => {
    const running = runSignalbox(['events', ...addresses(), '--replay', '1', '--count', '2', '--json'])
    expect(await running.exited()).toBe(0)
    const notices = running
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { kind: string; sequence: number; events: { type: string; hashes: string[] }[] })
    expect(notices.filter(({ kind }) => kind === 'batch')).toMatchObject([
      { sequence: 1, events: [{ type: 'stored' }] },
      { sequence: 2, events: [{ type: 'stored' }] },
    ])
    expect(notices[0]?.events[0]?.hashes[0]).toMatch(/^\d+$/)
  })

  it('follows a running engine, fills what it missed, and ends with Ctrl-C', async () => {
    const running = runSignalbox(['events', ...addresses(), '--topic', 'kv@'])
    await eventually(() => running.output().includes('connected to'), 'the connection')
    let word = 0
    await eventually(async () => {
      await complete(`follow ${word++} `.repeat(60))
      return running.output().includes('stored')
    }, 'a batch')
    expect(running.output()).toContain('topic kv@127.0.0.1@m\n0  ')
    expect(running.output()).not.toContain('missing')
    running.child.kill('SIGINT')
    expect(await running.exited()).toBe(0)
    expect(running.output()).not.toContain('the connection is lost')
  })

  it.each([
    [['gpu1'], 'tcp://gpu1: expected an endpoint such as tcp://127.0.0.1:5557'],
    [['127.0.0.1:5557', '--no-follow'], '--no-follow: there is no end without a replay; add --replay 0'],
    [['127.0.0.1:5557', '--replay', '-1'], 'expected a whole number.'],
    [['127.0.0.1:5557', '--count', '0'], 'expected a whole number from 1.'],
  ])('refuses %j', async (args, message) => {
    const running = runSignalbox(['events', ...args])
    expect(await running.exited()).toBe(1)
    expect(running.output()).toContain(message)
  })
})
