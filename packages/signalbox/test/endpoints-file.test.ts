import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Fleet, sampleOf, startFleet, textOf } from './fleet.ts'

describe('a watched endpoints file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-endpoints-'))
  const file = join(folder, 'endpoints.yaml')
  let engines: Fleet
  let fleet: Fleet
  const engine = (index: number) => `http://127.0.0.1:${engines.enginePort + index}`
  const ready = async () => sampleOf(await textOf(`${fleet.admin}/metrics`), 'inference_pool_ready_pods{name="signalbox"}')
  beforeAll(async () => {
    engines = await startFleet({ args: ['--no-traffic', '--engines', '2'] })
    writeFileSync(file, `- ${engine(0)}\n`)
    writeFileSync(join(folder, 'signalbox.yaml'), 'endpoints: { file: ./endpoints.yaml }\n')
    fleet = await startFleet({ cwd: folder })
  })
  afterAll(async () => {
    await fleet.interrupt()
    await engines.interrupt()
  })

  it('adds and removes endpoints as the file changes, in the gateway and in the monitor', async () => {
    await eventually(async () => (await ready()) === 1, 'one endpoint')
    writeFileSync(file, `- ${engine(0)}\n- { id: second, url: "${engine(1)}" }\n`)
    await eventually(async () => (await ready()) === 2, 'two endpoints')
    const targets = async () => (await textOf(`${fleet.console}/api/v1/targets`)).includes(engine(1))
    await eventually(targets, 'the monitor to follow')
    writeFileSync(file, `- { id: second, url: "${engine(1)}" }\n`)
    await eventually(async () => (await ready()) === 1, 'one endpoint again')
    expect(await textOf(`${fleet.admin}/debug/endpoints`)).toContain('"second"')
  })

  it('keeps the last good list when the file is wrong, says why, and counts it', async () => {
    writeFileSync(file, '- not an address\n')
    await eventually(
      async () => sampleOf(await textOf(`${fleet.admin}/metrics`), 'signalbox_endpoints_reloads_total{result="refused"}') === 1,
      'the refusal to be counted',
    )
    expect(fleet.output()).toContain('endpoints.yaml:1:3: 0: expected an address such as http://gpu1:8000')
    expect(await ready()).toBe(1)
  })
})
