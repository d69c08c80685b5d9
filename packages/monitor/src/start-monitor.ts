import type { Clock } from '@signalbox/base'
import { HttpClient, listen } from '@signalbox/node'
import { ConsoleApi, type DemoFlags } from './console-api.ts'
import { type MonitorDialect, MonitorMetrics } from './monitor-metrics.ts'
import { createMonitorServer } from './monitor-server.ts'
import type { Log } from './ports.ts'
import { PrometheusApi, QUERY_TIMEOUT_MS_DEFAULT } from './prometheus-api.ts'
import { RemoteWriteReceiver } from './remote-write/remote-write-receiver.ts'
import { type ScrapeLimits, scrapeLimitsDefault } from './scrape-loop.ts'
import { StaticFiles } from './static-files.ts'
import { StoreContents } from './store-contents.ts'
import type { TargetConfig, TargetView } from './target.ts'
import { TargetSet } from './target-set.ts'
import { WorkerStore } from './worker-store.ts'

export interface MonitorConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly targets: readonly TargetConfig[]
  /** Default 5 s; scrapes may take as long. */
  readonly scrapeIntervalMs?: number
  /** Default 6 h. */
  readonly retentionMs?: number
  /** Default 200,000. */
  readonly seriesMax?: number
  /** The console's built files; without it a page says how to build them. */
  readonly consoleDir?: string
  /** Base address of the gateway's admin port, without a trailing slash. */
  readonly gatewayAdminUrl?: string
  readonly gatewayToken?: string
  /** Port of the gateway's data plane, for the request that the console gives to try. */
  readonly gatewayApiPort?: number
  readonly demo: DemoFlags
  /** Of Signalbox. */
  readonly version: string
  /** Whose names the monitor's own metrics page shows. Default: our own and those of every process. */
  readonly dialects?: readonly MonitorDialect[]
  /** The bundle of `query-worker.ts`. */
  readonly workerUrl: URL
}

export interface MonitorDeps {
  readonly clock: Clock
  readonly log: Log
}

export interface Monitor {
  readonly port: number
  /** Replaces the targets; those that stay are not disturbed. */
  setTargets(targets: readonly TargetConfig[]): void
  targets(): readonly TargetView[]
  /** Ends scraping, queries and connections. */
  close(): Promise<void>
}

export const retentionMsDefault = 6 * 3_600_000
export const seriesMaxDefault = 200_000

/** Llumnix' names carry no prefix: they are written where they are asked for. */
const dialectsDefault: readonly MonitorDialect[] = ['signalbox', 'process']

const TRUNCATE_EVERY_MS = 60_000

/** Starts store, scraping and listener. Rejects, with nothing left running, when the address cannot be listened on. */
export async function startMonitor(config: MonitorConfig, deps: MonitorDeps): Promise<Monitor> {
  const { clock, log } = deps
  const retentionMs = config.retentionMs ?? retentionMsDefault
  const http = new HttpClient()
  const store = new WorkerStore({ seriesMax: config.seriesMax ?? seriesMaxDefault, retentionMs, workerUrl: config.workerUrl }, deps)
  const metrics = new MonitorMetrics({ clock, stats: () => store.stats(), dialects: config.dialects ?? dialectsDefault })
  const targets = new TargetSet(limitsOf(config), { store, get: http.get, clock, log, failed: (cause) => metrics.scrapeFailed(cause) })
  const common = { clock, targets, version: config.version }
  const gateway = { adminUrl: config.gatewayAdminUrl, token: config.gatewayToken }
  const server = createMonitorServer({
    prometheus: new PrometheusApi({
      ...common,
      store,
      retentionMs,
      queryTimeoutMs: QUERY_TIMEOUT_MS_DEFAULT,
      queried: (seconds) => metrics.queried(seconds),
    }),
    remoteWrite: new RemoteWriteReceiver({ store, clock }),
    console: new ConsoleApi({
      ...common,
      contents: new StoreContents({ store, clock }),
      get: http.get,
      gateway,
      demo: config.demo,
      apiPort: config.gatewayApiPort ?? null,
    }),
    files: new StaticFiles(config.consoleDir),
    metrics,
    notReady: () => (!store.up ? 'the store is starting' : targets.roundDone ? undefined : 'the first round of scrapes is under way'),
    log,
  })
  const truncation = setInterval(() => store.truncate(clock.nowMs() - retentionMs), TRUNCATE_EVERY_MS)
  const stop = async (): Promise<void> => {
    clearInterval(truncation)
    targets.stop()
    http.close()
    metrics.close()
    await store.close()
  }
  const listening = await listen(server, { host: config.host, port: config.port })
  if (!listening.ok) {
    await stop()
    throw new Error(listening.error.message)
  }
  targets.set(config.targets)
  return {
    port: listening.value,
    setTargets: (next) => targets.set(next),
    targets: () => targets.views(),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await stop()
      await closed
    },
  }
}

function limitsOf(config: MonitorConfig): ScrapeLimits {
  const intervalMs = config.scrapeIntervalMs ?? scrapeLimitsDefault.intervalMs
  return { ...scrapeLimitsDefault, intervalMs, timeoutMs: Math.min(scrapeLimitsDefault.timeoutMs, intervalMs) }
}
