import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Side, startOurs } from '../../../conformance/prometheus/servers.ts'
import { writeBody, writeHeaders } from '../../monitor/src/remote-write/encoded-request.case.ts'
import { runSignalbox } from './fleet.ts'

const END_SECONDS = Math.floor(Date.now() / 60_000) * 60

let monitor: Side

async function query(...args: string[]): Promise<{ readonly code: number | 'timeout'; readonly output: string }> {
  const running = runSignalbox(['query', '--url', monitor.url, '--time', String(END_SECONDS), ...args], tmpdir())
  const code = await running.exited()
  return { code, output: running.output() }
}

beforeAll(async () => {
  monitor = await startOurs()
  const timestampsMs = Float64Array.from({ length: 11 }, (_, i) => (END_SECONDS - 100 + i * 10) * 1_000)
  const series = (job: string, factor: number) => ({
    labels: [['__name__', 'depth'] as const, ['job', job] as const],
    timestampsMs,
    values: Float64Array.from(timestampsMs, (_, i) => i * factor),
  })
  const body = writeBody([series('a', 1), series('b', -2)])
  const written = await fetch(`${monitor.url}/api/v1/write`, { method: 'POST', headers: writeHeaders, body })
  expect(written.status).toBe(204)
})

afterAll(() => monitor.close())

describe('signalbox query', () => {
  it('prints a table of labels and values', async () => {
    expect(await query('depth')).toEqual({ code: 0, output: 'metric  job  value\ndepth   a    10\ndepth   b    -20\n' })
    expect(await query('1 + 1')).toEqual({ code: 0, output: '2\n' })
    expect(await query('nothing')).toEqual({ code: 0, output: 'No series.\n' })
  })

  it('draws a range', async () => {
    const { code, output } = await query('depth', '--range', '100s', '--step', '10s')
    expect(code).toBe(0)
    expect(output.split('\n')).toEqual([
      'metric  job  last  lowest  highest',
      'depth   a    10    0       10       ▁▁▂▃▄▅▅▆▇██',
      'depth   b    -20   -20     0        ██▇▆▅▅▄▃▂▁▁',
      '',
    ])
  })

  it('prints JSON', async () => {
    const { output } = await query('sum(depth)', '--json')
    expect(JSON.parse(output)).toEqual({ resultType: 'vector', result: [{ metric: {}, value: [END_SECONDS, '-10'] }] })
  })

  it('says what the server notes', async () => {
    const { code, output } = await query('rate(depth[1m])')
    expect(code).toBe(0)
    expect(output).toContain('info: PromQL info: metric might not be a counter')
  })

  it('points at a mistake and exits with 1, and with 2 where nobody answers', async () => {
    const { code, output } = await query('sum(depth')
    expect(code).toBe(1)
    expect(output).toContain('parse error: unclosed left parenthesis\n\n  sum(depth\n')
    const nobody = await query('depth', '--url', 'http://127.0.0.1:1')
    expect(nobody.code).toBe(2)
    expect(nobody.output).toContain('http://127.0.0.1:1: no answer (')
    const other = await query('depth', '--url', `${monitor.url}/-`)
    expect([other.code, other.output]).toEqual([
      2,
      `${monitor.url}/-/api/v1/query: HTTP 405, and not what a Prometheus answers; is this its address (--url)?\n`,
    ])
  })
})
