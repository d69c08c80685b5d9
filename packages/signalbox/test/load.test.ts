import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type WrittenReport, writtenReport } from './experiment-schema.ts'
import { eventually, freePort, runSignalbox } from './fleet.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-load-'))
const conversations = fileURLToPath(new URL('../testdata/traces/conversations.jsonl', import.meta.url))
const SMALL = 'shape:prefix-cache,requests=20,outputTokens=4,prefixTokens=200'
afterAll(() => rmSync(folder, { recursive: true }))

async function load(args: readonly string[]): Promise<{ readonly code: number | 'timeout'; readonly output: string }> {
  const running = runSignalbox(['load', ...args], folder)
  const code = await running.exited()
  return { code, output: running.output() }
}

/** The report of a load test that exits with `code`. */
async function reportOf(args: readonly string[], code = 0): Promise<WrittenReport> {
  const file = join(folder, 'report.json')
  const ended = await load([...args, '--json', file])
  expect(ended, ended.output).toMatchObject({ code })
  return writtenReport(readFileSync(file, 'utf8'))
}

interface Scripted {
  readonly url: string
  /** Bodies of the completions that were asked for. */
  readonly asked: readonly Record<string, unknown>[]
  close(): void
}

/** A server that lists the model `m` and answers the n-th completion, from 0, as the test says. */
async function startScripted(answer: (response: ServerResponse, n: number) => void): Promise<Scripted> {
  const asked: Record<string, unknown>[] = []
  const server: Server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      if (request.method === 'GET') response.end(JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model' }] }))
      else answer(response, asked.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>) - 1)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

const whole = (response: ServerResponse): void =>
  void response.end(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: 'Good.' }, finish_reason: 'stop' }] }))

describe('signalbox load against a simulated engine', () => {
  let engine: ReturnType<typeof runSignalbox>
  let url: string
  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    engine = runSignalbox(['engine', '--port', String(port)], folder)
    await eventually(() => engine.output().includes(`${url}/v1`), 'the engine to be up')
  })
  afterAll(async () => {
    engine.child.kill('SIGINT')
    await engine.exited()
  })

  it('sends at the rates given, open loop, and reports what it saw', async () => {
    const report = await reportOf([SMALL, '--url', url, '--rps', '20,40', '--runs', '2'])
    expect(report).toMatchObject({ kind: 'load', simulated: null, stopped: false, loadLabel: 'Requests a second', saturationPerSecond: null })
    expect(report.facts).toContainEqual(['Target', `${url}, model demo-8b, /v1/chat/completions`])
    expect(report.loads.map(({ load, requestsPerSecond }) => [load, requestsPerSecond])).toEqual([
      [20, 20],
      [40, 40],
    ])
    for (const { rows } of report.loads) {
      expect(rows).toMatchObject([{ variant: url, seeds: 2, failed: 0, values: { ttftP50Ms: { low: expect.any(Number) } } }])
      for (const id of ['ttftP50Ms', 'e2eP90Ms', 'requestsPerSecond', 'outputTokensPerSecond'])
        expect(rows[0]?.values[id]?.mean, id).toBeGreaterThan(0)
    }
    // The prefixes were all there after the first round of the first run.
    expect(report.loads[1]?.rows[0]?.values['hitRatio']?.mean).toBeGreaterThan(0.7)
  })

  it('sends a trace of conversations by users who wait, closed loop', async () => {
    const { code, output } = await load([conversations, '--url', `${url}/v1`, '--users', '8', '--think', '0', '--requests', '12'])
    expect(code).toBe(0)
    expect(output).toContain('Loop: Closed: each user waits for an answer before the next')
    expect(output).toMatch(/^Users: 8$/m)
    expect(output).toMatch(new RegExp(`^${url}/v1 .* ms .* 0 +1$`, 'm'))
  })

  it('stops sending when its time is over, and lets what is under way end', async () => {
    const report = await reportOf([`${SMALL},ratePerSecond=4`, '--requests', '400', '--url', url, '--duration', '1'])
    expect(report.facts).toContainEqual(['Loop', expect.stringContaining('sending ends after 1 s')])
    expect(report.loads[0]?.rows[0]).toMatchObject({ failed: 0, seeds: 1 })
    // 400 requests at 4 a second would take 100 s; the command would have been killed.
    expect(report.stopped).toBe(false)
  })

  it('keeps the numbers of a server that answers when another one does not', async () => {
    const dead = `http://127.0.0.1:${await freePort()}`
    const report = await reportOf([SMALL, '--url', dead, '--url', url, '--users', '4'], 1)
    expect(report.loads.map(({ rows }) => rows.map(({ variant }) => variant))).toEqual([[url]])
    expect(report.notes).toContainEqual(expect.stringContaining(`${dead}/v1/models: refused: `))
  })
})

describe('a server that refuses', () => {
  it.each([401, 404, 500])('with %i is counted and quoted, and the command exits with 1', async (status) => {
    const server = await startScripted((response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { message: `no, ${status}` } }))
    })
    const report = await reportOf([SMALL, '--url', server.url, '--rps', '200', '--html', join(folder, 'report.html')], 1)
    server.close()
    expect(server.asked).toHaveLength(20)
    expect(report.loads[0]?.rows[0]).toMatchObject({ failed: 20, best: [], values: { ttftP50Ms: null, goodputRatio: { mean: 0 } } })
    expect(report.notes).toContainEqual(expect.stringMatching(new RegExp(`^20 failed with http-${status}, the first: .*no, ${status}`)))
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<!doctype html>')
  })

  it('that does not name its models is asked for one by name', async () => {
    const server = createServer((_, response) => void response.writeHead(401).end('{}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { code, output } = await load([SMALL, '--url', url])
    server.close()
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`^${url}/v1/models: http-401: .*; name the model to skip this question\n$`))
  })

  it('that is not there is said to be so', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    expect(await load([SMALL, '--url', url])).toEqual({
      code: 1,
      output: expect.stringMatching(new RegExp(`^${url}/v1/models: refused: .*; is the server running, and is this its address\\?\n$`)),
    })
  })
})

describe('a slip of the hand', () => {
  it.each([
    [['--url', 'http://gpu1:8000'], "missing required argument 'trace'"],
    [[SMALL, '--url', 'gpu1:8000'], '--url gpu1:8000: expected an address such as http://gpu1:8000'],
    [[SMALL, '--think', '5'], '--think is of users: give --users as well'],
    [[SMALL, '--users', '2.5'], 'expected a whole number from 1 to 10000.'],
    [[SMALL, '--users', '2', '--rps', '5'], "cannot be used with option '--rps <rates>'"],
    [[SMALL, '--rps', '5', '--rate', '1'], "cannot be used with option '--rate <multiples>'"],
    [[SMALL, '--api', 'responses'], 'Allowed choices are chat, completions.'],
    [[SMALL, '--token-file', 'nowhere'], '--token-file: nowhere cannot be read (ENOENT)'],
    [[SMALL, '--html', 'nowhere/report.html'], '--html: nowhere/report.html cannot be written (there is no such folder)'],
    [[SMALL, '--columns', 'imbalance'], 'there is no column "imbalance"'],
    [['nowhere.csv'], 'nowhere.csv: cannot be read (ENOENT)'],
  ])('%j is answered before anything is sent, with words that say how to mend it', async (args, message) => {
    const { code, output } = await load(args)
    expect(code).toBe(1)
    expect(output).toContain(message)
    expect(output).not.toMatch(/^\s+at |Target:/m)
  })
})

describe('Ctrl-C', () => {
  /** A load test of one user whose first request is answered and whose second is under way, and stays so. */
  async function underWay() {
    const server = await startScripted((response, n) => {
      if (n === 0) whole(response)
    })
    const running = runSignalbox(['load', SMALL, '--url', server.url, '--users', '1', '--no-stream'], folder)
    await eventually(() => server.asked.length === 2, 'the second request')
    return { server, running }
  }

  it('gives what is under way its time, prints what is done, and exits with 130', async () => {
    const { server, running } = await underWay()
    running.child.kill('SIGINT')
    expect(await running.exited()).toBe(130)
    server.close()
    expect(running.output()).toMatch(new RegExp(`^${server.url} .* 0 +1$`, 'm'))
    expect(running.output()).toContain('Stopped before its end')
  })

  it('a second time ends it at once, with nothing printed', async () => {
    const { server, running } = await underWay()
    // One signal after the other has been taken: two of a kind that wait are one.
    running.child.kill('SIGINT')
    await eventually(() => {
      running.child.kill('SIGINT')
      return running.child.exitCode !== null
    }, 'the end')
    expect(await running.exited()).toBe(130)
    server.close()
    expect(running.output()).toBe('')
  })
})
