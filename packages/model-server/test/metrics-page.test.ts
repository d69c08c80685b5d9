import { spawnSync } from 'node:child_process'
import { type EngineDialectId, engineDialects } from '@signalbox/engine'
import { decodePage, parseSeries } from '@signalbox/exposition'
import { type DialectEntry, entriesOf } from '@signalbox/signals'
import { describe, expect, it } from 'vitest'
import { completion, demo, jsonOf, post, startServer, until } from './simulated-server.ts'

const dialects = Object.keys(engineDialects) as readonly EngineDialectId[]
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined
if (!hasPromtool) console.warn('partly skipped: promtool is not installed (Debian has it in the package prometheus)')

/** A page of an engine that has done all it can: adapters, priorities, a transfer in, blocks held, expired and released, sleep, an abort. */
async function workedPage(dialect: EngineDialectId): Promise<string> {
  const engine = { ...demo, blocksTotal: 300, scheduling: 'priority', adapterSlots: 2, kvTransfer: { setupMs: 1, msPerToken: 0.001 } } as const
  const prefill = await startServer({ engine: { ...engine, kvHoldMs: 40 } })
  const { url } = await startServer({ dialect, engine: { ...engine, kvHoldMs: 40 }, adapters: { sql: 'adapters/sql' } })
  const long = { prompt: 'A long question about lines and levers. '.repeat(20) }
  const toPrefill = { ...long, kv_transfer_params: { do_remote_decode: true, do_remote_prefill: false } }
  const { kv_transfer_params } = await jsonOf<{ kv_transfer_params: object }>(completion(prefill.url, 1, toPrefill))
  await (await completion(url, 4, { ...long, kv_transfer_params })).text()
  await (await completion(url, 1, toPrefill)).text()
  await Promise.all([3, -2, 0].map(async (priority) => (await completion(url, 4, { ...long, priority })).text()))
  // More than the cache holds at a time.
  await (await completion(url, 600, { n: 12 })).text()
  await (await completion(url, 3, { model: 'sql' })).text()
  await post(`${url}/v1/load_lora_adapter`, { lora_name: 'poems', lora_path: 'adapters/poems' })
  await (await completion(url, 3, { model: 'poems' })).text()
  await until(async () => (await post(`${url}/sleep`)).status === 200)
  return await (await fetch(`${url}/metrics`)).text()
}

/** Each family of a page with the label names of its series, `le` left out. */
function familiesOf(page: string): ReadonlyMap<string, { readonly type: string; readonly labels: ReadonlySet<string> }> {
  const families = new Map<string, { type: string; labels: Set<string> }>()
  for (const [, name = '', type = ''] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) families.set(name, { type, labels: new Set() })
  const decoded = decodePage(new TextEncoder().encode(page), {
    sample(series) {
      const parsed = parseSeries(series)
      if (!parsed.ok) throw new Error(series)
      const { name, labels } = parsed.value
      const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
      if (family === undefined) throw new Error(`no TYPE of ${series}`)
      for (const label of Object.keys(labels.toRecord())) if (label !== 'le') family.labels.add(label)
    },
  })
  expect(decoded.ok).toBe(true)
  return families
}

describe.each(dialects)('the page in %s, after adapters, priorities, transfers and sleep', (dialect) => {
  it('has the names, types and labels that the catalogue says, and promtool complains of what others named alone', async () => {
    const page = await workedPage(dialect)
    const catalogue = new Map<string, DialectEntry[]>()
    for (const entry of [...engineDialects[dialect].entries, ...entriesOf('process')]) {
      catalogue.set(entry.name, [...(catalogue.get(entry.name) ?? []), entry])
    }
    const families = familiesOf(page)
    for (const [name, { type, labels }] of families) {
      const entries = catalogue.get(name) ?? []
      expect(
        entries.map((entry) => entry.type),
        name,
      ).toContain(type)
      const known = new Set(
        entries.flatMap((entry) => entry.labels.map(({ name: label }) => label)).concat(...entries.map(({ where }) => Object.keys(where ?? {}))),
      )
      expect(
        [...labels].filter((label) => !known.has(label)),
        name,
      ).toEqual([])
    }
    if (dialect === 'vllm') {
      for (const name of ['lora_requests_info', 'nixl_xfer_time_seconds', 'nixl_num_kv_expired_reqs_total', 'engine_sleep_state'])
        expect([...families.keys()]).toContain(`vllm:${name}`)
      expect(page).toMatch(/vllm:nixl_num_kv_expired_reqs_total\{[^}]*\} 1$/m)
      expect(page).toMatch(/vllm:nixl_xfer_time_seconds_count\{[^}]*\} 1$/m)
      expect(page).toMatch(/vllm:engine_sleep_state\{[^}]*sleep_state="weights_offloaded"[^}]*\} 1$/m)
      expect(page).not.toMatch(/vllm:num_preemptions_total\{[^}]*\} 0$/m)
    }
    if (!hasPromtool) return
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' })
    expect(checked.stderr).not.toContain('error while linting')
    const complaints = `${checked.stdout}${checked.stderr}`.split('\n').filter((line) => line !== '')
    expect(complaints.filter((line) => !/should not contain ':'|"_total" suffix|abbreviated units/.test(line))).toEqual([])
  })
})
