import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Fleet, runSignalbox, startFleet, textOf } from './fleet.ts'

interface Row {
  readonly name: string
  readonly kind: string
}

/** Names whose first event no demonstration brings about: a label with too many values. */
const ofRareEvents: readonly string[] = ['signalbox_label_overflow_total']

const seeds: readonly Row[] = readFileSync(new URL('../../signals/testdata/seed-metrics.tsv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t') as [string, string])
  .map(([name, kind]) => ({ name, kind }))

describe('after the demo traffic, with every dialect on', () => {
  let fleet: Fleet
  let missing: ReadonlySet<string>
  let listed: readonly { readonly dialect: string; readonly name: string; readonly readOnly?: true }[]
  beforeAll(async () => {
    fleet = await startFleet()
    missing = new Set((await asJson(['metrics', '--missing', '--json'])).map(({ name }) => name as string))
    listed = (await asJson(['metrics', '--json'])).flatMap(({ names }) => names as typeof listed)
  })
  afterAll(async () => {
    await fleet.interrupt()
  })

  async function asJson(args: readonly string[]): Promise<Record<string, unknown>[]> {
    const running = runSignalbox(args)
    expect(await running.exited()).toBe(0)
    return JSON.parse(running.output()) as Record<string, unknown>[]
  }

  /** `name kind` of every family on a page of the gateway, the monitor or an engine. */
  async function families(): Promise<ReadonlySet<string>> {
    const engines = [0, 1, 2].map((index) => `http://127.0.0.1:${fleet.enginePort + index}`)
    const pages = await Promise.all([fleet.admin, fleet.console, ...engines].map((address) => textOf(`${address}/metrics`)))
    return new Set(pages.flatMap((page) => [...page.matchAll(/^# TYPE (\S+ \S+)$/gm)].map(([, family]) => family as string)))
  }

  it('every metric of the seed documents is live under its exact name, or listed as missing', async () => {
    expect(seeds).toHaveLength(107)
    const expected = seeds.filter(({ name }) => !missing.has(name))
    expect(expected.length).toBeGreaterThan(50)
    await eventually(async () => {
      const live = await families()
      const dead = expected.filter(({ name, kind }) => !live.has(`${name} ${kind}`)).map(({ name }) => name)
      if (dead.length > 0) throw new Error(`not live: ${dead.join(', ')}`)
      return true
    }, 'every metric to be live')
  })

  it('nothing that is listed as missing is live', async () => {
    const live = [...(await families())].map((family) => family.split(' ')[0] as string)
    expect(live.filter((name) => missing.has(name))).toEqual([])
  })

  it('every other name of the dialects of gateways and schedulers is live', async () => {
    const spoken = new Set([
      'llm-d-epp',
      'inference-model',
      'inference-objective',
      'inference-pool',
      'inference-extension',
      'llm-d-inference-scheduler',
      'kvcache',
      'llumnix',
      'signalbox',
      'process',
    ])
    const expected = listed.filter(
      ({ dialect, name, readOnly }) => spoken.has(dialect) && readOnly !== true && !missing.has(name) && !ofRareEvents.includes(name),
    )
    expect(expected.length).toBeGreaterThan(120)
    await eventually(async () => {
      const live = new Set([...(await families())].map((family) => family.split(' ')[0]))
      const dead = expected.filter(({ name }) => !live.has(name)).map(({ name }) => name)
      if (dead.length > 0) throw new Error(`not live: ${dead.join(', ')}`)
      return true
    }, 'every name to be live')
  })
})
