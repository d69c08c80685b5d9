import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mayBeEmpty } from './emptiness.ts'
import { eventually, type Fleet, freePort, runSignalbox, startFleet, textOf } from './fleet.ts'
import { program } from './required-programs.ts'

const prometheus = program('prometheus', 'prometheus')

interface PanelQuery {
  readonly panel: string
  readonly expr: string
}

interface Rule {
  readonly name: string
  readonly query: string
  readonly type: 'recording' | 'alerting'
  readonly health: string
  readonly lastError?: string
}

describe.skipIf(prometheus === undefined)('a real Prometheus with nothing but what is exported', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-exports-'))
  let fleet: Fleet
  let server: ChildProcess
  let address = ''

  async function exported(...args: string[]): Promise<void> {
    const running = runSignalbox(['export', ...args], folder)
    expect(await running.exited(), running.output()).toBe(0)
  }

  async function api<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const answer = JSON.parse(await textOf(`${address}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`)) as {
      readonly status: string
      readonly error?: string
      readonly data: T
    }
    if (answer.status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${answer.error}`)
    return answer.data
  }

  const countOf = async (query: string) => (await api<{ result: readonly unknown[] }>('query', { query })).result.length
  const rulesOf = async () => (await api<{ groups: readonly { rules: readonly Rule[] }[] }>('rules')).groups.flatMap(({ rules }) => rules)

  beforeAll(async () => {
    fleet = await startFleet({ args: ['--engines', '2'] })
    const port = (url: string) => Number(new URL(url).port)
    const config = {
      gateway: { port: port(fleet.api) },
      admin: { port: port(fleet.admin) },
      monitor: { port: port(fleet.console) },
      demo: { engines: 2 },
      engine: { port: fleet.enginePort },
    }
    writeFileSync(join(folder, 'signalbox.yaml'), JSON.stringify(config))
    await exported('prometheus-config', '--static', '--scrape-interval', '1s', '--out', '.')
    await eventually(async () => {
      const names = await textOf(`${fleet.console}/api/v1/label/__name__/values`)
      return ['vllm:time_to_first_token_seconds_count', 'llm_d_epp_request_streaming_itl_seconds_bucket'].every((name) => names.includes(name))
    }, 'a scrape of engines and gateway by the monitor')
    await exported('prometheus-rules', '--against', fleet.console, '--out', '.')

    const own = await freePort()
    address = `http://127.0.0.1:${own}`
    const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${own}`]
    server = spawn(prometheus as string, flags, { stdio: 'ignore' })
    await eventually(async () => (await countOf('rate(vllm:time_to_first_token_seconds_count[10s]) > 0')) > 0, 'traffic in Prometheus')
    await eventually(async () => (await rulesOf()).every(({ health }) => health !== 'unknown'), 'every rule evaluated')
  })
  afterAll(async () => {
    if (server !== undefined) {
      server.kill('SIGTERM')
      await new Promise((resolve) => server.once('exit', resolve))
    }
    await fleet?.interrupt()
    rmSync(folder, { recursive: true, force: true })
  })

  it('scrapes gateway, monitor and engines, the engines under the ids that the gateway knows', async () => {
    const { activeTargets } = await api<{ activeTargets: readonly { health: string; lastError: string; labels: Record<string, string> }[] }>(
      'targets',
    )
    const shown = activeTargets.map(
      ({ health, lastError, labels }) => `${labels['job']} ${labels['job'] === 'engine' ? labels['instance'] : ''} ${health} ${lastError}`,
    )
    expect(shown.sort()).toEqual(['engine engine-1 up ', 'engine engine-2 up ', 'gateway  up ', 'monitor  up '])
  })

  it('evaluates every rule without an error', async () => {
    const rules = await rulesOf()
    expect(rules.length).toBeGreaterThan(0)
    expect(rules.filter(({ health }) => health !== 'ok').map(({ name, lastError }) => `${name}: ${lastError}`)).toEqual([])
  })

  it('has data for every recording rule whose series there are', async () => {
    const recorded = (await rulesOf()).filter(({ type }) => type === 'recording')
    await expectData(recorded.map(({ name, query }) => ({ panel: name, expr: query })))
  })

  it('has data for every line of every dashboard whose series there are', async () => {
    const queries = await dashboardQueries()
    expect(queries.length).toBeGreaterThan(0)
    await expectData(queries)
  })

  /** Each query evaluates, and answers something unless the data have a reason not to. */
  async function expectData(queries: readonly PanelQuery[]): Promise<void> {
    const silent: string[] = []
    for (const { panel, expr } of queries) {
      const isSilent = (await countOf(expr)) === 0 && !(await mayBeEmpty(expr, countOf))
      // Asked again: what was missing a moment ago may have come between two questions.
      if (isSilent && (await countOf(expr)) === 0) silent.push(`${panel}: ${expr}`)
    }
    expect(silent).toEqual([])
  }

  /** The lines of the exported dashboards as Grafana asks for them, all models chosen. */
  async function dashboardQueries(): Promise<readonly PanelQuery[]> {
    const running = runSignalbox(['export', 'grafana', '--against', fleet.console, '--out', 'dashboards'], folder)
    expect(await running.exited(), running.output()).toBe(0)
    return running
      .output()
      .trimEnd()
      .split('\n')
      .flatMap((path) => {
        const { panels, templating } = JSON.parse(readFileSync(join(folder, path), 'utf8')) as {
          readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[]
          readonly templating: { readonly list: readonly { readonly name: string }[] }
        }
        const variables = templating.list.map(({ name }) => name)
        return panels.flatMap(({ title, targets }) =>
          (targets ?? []).map(({ expr }) => ({
            panel: `${path} ${title}`,
            expr: variables.reduce((text, name) => text.replaceAll(`$${name}`, '.*'), withWindows(expr)),
          })),
        )
      })
  }
})

/** Grafana's own variables as it sets them for an hour scraped each second. */
function withWindows(expr: string): string {
  return expr.replaceAll('$__rate_interval', '15s').replaceAll('$__interval', '15s').replaceAll('$__range', '1h')
}
