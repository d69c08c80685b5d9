import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineDialects } from '@signalbox/engine'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, type Fleet, freePort, startFleet, textOf } from './fleet.ts'
import { program } from './required-programs.ts'

const promtool = program('promtool', 'prometheus')
const prometheus = program('prometheus', 'prometheus')

const dialects = Object.keys(engineDialects)

describe.skipIf(promtool === undefined || prometheus === undefined)('a real Prometheus', () => {
  let fleet: Fleet
  let pages: Record<string, string>
  beforeAll(async () => {
    fleet = await startFleet({ args: ['--engines', String(dialects.length), '--engine-dialect', ...dialects] })
    const engines = dialects.map((dialect, index) => [`engine of ${dialect}`, `http://127.0.0.1:${fleet.enginePort + index}/metrics`])
    pages = { gateway: `${fleet.admin}/metrics`, monitor: `${fleet.console}/metrics`, ...Object.fromEntries(engines) }
    await eventually(async () => (await textOf(pages['gateway'] as string)).includes('llm_d_epp_request_streaming_itl_seconds_bucket'), 'traffic')
  })
  afterAll(async () => {
    await fleet.interrupt()
  })

  it.each(['gateway', 'monitor', ...dialects.map((dialect) => `engine of ${dialect}`)])(
    'finds nothing on the page of the %s to complain of but names that dialects dictate',
    async (name) => {
      const page = await textOf(pages[name] as string)
      const checked = spawnSync(promtool as string, ['check', 'metrics'], { input: page, encoding: 'utf8' })
      expect(checked.stderr).not.toContain('error while linting')
      const complaints = `${checked.stdout}${checked.stderr}`.split('\n').filter((line) => line !== '')
      const known = readFileSync(new URL(`../testdata/promtool/${name.split(' ', 1)[0]}.txt`, import.meta.url), 'utf8').split('\n')
      expect(complaints.filter((complaint) => !known.includes(complaint))).toEqual([])
    },
  )

  it('scrapes every page without an error', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-prometheus-'))
    const targets = Object.values(pages).map((page) => new URL(page).host)
    writeFileSync(
      join(folder, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s' },
        scrape_configs: [{ job_name: 'signalbox', static_configs: [{ targets }] }],
      }),
    )
    const port = await freePort()
    const server = spawn(
      prometheus as string,
      [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`],
      {
        stdio: 'ignore',
      },
    )
    try {
      const active = await eventually(async () => {
        const answer = JSON.parse(await textOf(`http://127.0.0.1:${port}/api/v1/targets`)) as {
          data: { activeTargets: { health: string; lastError: string; scrapeUrl: string }[] }
        }
        const { activeTargets } = answer.data
        const settled = activeTargets.length === targets.length && activeTargets.every((target) => target.health !== 'unknown')
        return settled ? activeTargets : undefined
      }, 'all targets scraped')
      expect(active.map(({ health, lastError }) => ({ health, lastError }))).toEqual(targets.map(() => ({ health: 'up', lastError: '' })))
    } finally {
      server.kill('SIGTERM')
      await new Promise((resolve) => server.once('exit', resolve))
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
