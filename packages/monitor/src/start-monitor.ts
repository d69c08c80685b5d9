import type { Clock } from '@signalbox/base'
import { FolderLock, HttpClient, listen } from '@signalbox/node'
import { ConsoleApi, type DemoFlags } from './console-api.ts'
import { ExemplarStore } from './exemplar-store.ts'
import { type MonitorDialect, MonitorMetrics } from './monitor-metrics.ts'
import { createMonitorServer } from './monitor-server.ts'
import type { StoreConfig } from './open-samples.ts'
import type { Log } from './ports.ts'
import { PrometheusApi, QUERY_TIMEOUT_MS_DEFAULT } from './prometheus-api.ts'
import { RemoteWriteReceiver } from './remote-write/remote-write-receiver.ts'
import { type ScrapeLimits, scrapeLimitsDefault } from './scrape-loop.ts'
import { StaticFiles } from './static-files.ts'
import { storeProblem } from './store-alarms.ts'
import { StoreContents } from './store-contents.ts'
import type { TargetConfig, TargetView } from './target.ts'
import { TargetSet } from './target-set.ts'
import { WorkerStore } from './worker-store.ts'

export interface MonitorConfig {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** The first targets; a function of the port that the monitor listens on, so that it can be one of them. */
  readonly targets: readonly TargetConfig[] | ((port: number) => readonly TargetConfig[])
  /** Default 5 s; scrapes may take as long. */
  readonly scrapeIntervalMs?: number
  /** Of the store's files, made if it is missing; one process at a time. Without it samples are in memory alone. */
  readonly dataFolder?: string
  /** Default 15 days. */
  readonly retentionMs?: number
  /** Of the store's files; default 10 GB. Without a folder: of memory, a gigabyte at most. */
  readonly retentionBytes?: number
  /** Samples so much older than their series' newest are still taken; at most an hour, default 5 minutes. */
  readonly outOfOrderMs?: number
  /** Default 200,000. */
  readonly seriesMax?: number
  /** Threads that answer queries, 1 to 8; default 1. */
  readonly queryThreads?: number
  /** Whether queries may use what Prometheus calls experimental; default false. */
  readonly experimentalPromql?: boolean
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

/** Of the embedded store. */
export const storeDefaults = { retentionMs: 15 * 86_400_000, retentionBytes: 10_000_000_000, outOfOrderMs: 5 * 60_000, seriesMax: 200_000 } as const

/** Llumnix' names carry no prefix: they are written where they are asked for. */
const dialectsDefault: readonly MonitorDialect[] = ['signalbox', 'process']

/** Why a monitor cannot start, and what of its configuration would have to change. */
export class MonitorStartError extends Error {
  override readonly name = 'MonitorStartError'
  readonly part: 'listener' | 'store'

  constructor(part: 'listener' | 'store', message: string) {
    super(message)
    this.part = part
  }
}

/**
 * Starts listener, store and scraping, in this order: while the store reads its log, health and console are there and queries are answered
 * with 503. Rejects with a MonitorStartError, with nothing left running, when the folder is another's or the address cannot be listened on.
 */
export async function startMonitor(config: MonitorConfig, deps: MonitorDeps): Promise<Monitor> {
  const { clock, log } = deps
  const lock = config.dataFolder === undefined ? undefined : FolderLock.take(config.dataFolder)
  if (lock?.ok === false) throw new MonitorStartError('store', lock.error.message)
  const http = new HttpClient()
  const parsing = { experimental: config.experimentalPromql ?? false }
  const store = new WorkerStore({ store: storeConfigOf(config), workerUrl: config.workerUrl, queryThreads: config.queryThreads ?? 1, parsing }, deps)
  const metrics = new MonitorMetrics({ clock, stats: () => store.stats(), dialects: config.dialects ?? dialectsDefault })
  const exemplars = new ExemplarStore()
  const targets = new TargetSet(limitsOf(config), {
    store,
    exemplars,
    get: http.get,
    clock,
    log,
    failed: (cause) => metrics.scrapeFailed(cause),
    ahead: (samples) => metrics.samplesAhead(samples),
  })
  const common = { clock, targets, version: config.version }
  const gateway = { adminUrl: config.gatewayAdminUrl, token: config.gatewayToken }
  const server = createMonitorServer({
    prometheus: new PrometheusApi({
      ...common,
      store,
      exemplars,
      retentionMs: config.retentionMs ?? storeDefaults.retentionMs,
      queryTimeoutMs: QUERY_TIMEOUT_MS_DEFAULT,
      parsing,
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
      storeProblem: () => storeProblem(store.stats().disk),
    }),
    files: new StaticFiles(config.consoleDir),
    metrics,
    notReady: () => (!store.up ? 'the store is starting' : targets.roundDone ? undefined : 'the first round of scrapes is under way'),
    log,
  })
  const stop = async (): Promise<void> => {
    targets.stop()
    http.close()
    metrics.close()
    await store.close()
    if (lock?.ok === true) lock.value.release()
  }
  const listening = await listen(server, { host: config.host, port: config.port })
  if (!listening.ok) {
    await stop()
    throw new MonitorStartError('listener', listening.error.message)
  }
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await stop()
    await closed
  }
  const opened = await store.opened()
  if (!opened.ok) {
    await close()
    throw new MonitorStartError('store', opened.error)
  }
  targets.set(typeof config.targets === 'function' ? config.targets(listening.value) : config.targets)
  return {
    port: listening.value,
    setTargets: (next) => targets.set(next),
    targets: () => targets.views(),
    close,
  }
}

function storeConfigOf(config: MonitorConfig): StoreConfig {
  return {
    folder: config.dataFolder,
    seriesMax: config.seriesMax ?? storeDefaults.seriesMax,
    retentionMs: config.retentionMs ?? storeDefaults.retentionMs,
    retentionBytes: config.retentionBytes ?? storeDefaults.retentionBytes,
    outOfOrderMs: config.outOfOrderMs ?? storeDefaults.outOfOrderMs,
  }
}

function limitsOf(config: MonitorConfig): ScrapeLimits {
  const intervalMs = config.scrapeIntervalMs ?? scrapeLimitsDefault.intervalMs
  return { ...scrapeLimitsDefault, intervalMs, timeoutMs: Math.min(scrapeLimitsDefault.timeoutMs, intervalMs) }
}
