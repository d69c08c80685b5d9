import { Labels } from '@signalbox/base'
import { HttpClient, listen, systemClock } from '@signalbox/node'
import type { ParseOptions } from '@signalbox/promql'
import { ConsoleApi } from '../src/console-api.ts'
import { ExemplarStore } from '../src/exemplar-store.ts'
import { MonitorMetrics } from '../src/monitor-metrics.ts'
import { createMonitorServer } from '../src/monitor-server.ts'
import { PrometheusApi } from '../src/prometheus-api.ts'
import { RemoteWriteReceiver } from '../src/remote-write/remote-write-receiver.ts'
import { scrapeLimitsDefault } from '../src/scrape-loop.ts'
import { StaticFiles } from '../src/static-files.ts'
import { StoreContents } from '../src/store-contents.ts'
import { TargetSet } from '../src/target-set.ts'
import { WorkerStore } from '../src/worker-store.ts'
import { eventually } from './deadline.ts'
import { memoryStore } from './worker-bundle.ts'

export interface Harness {
  readonly url: string
  readonly store: WorkerStore
  readonly targets: TargetSet
  readonly log: string[]
  /** Appends samples one second apart, the first at `startMs`. */
  fill(labels: Readonly<Record<string, string>>, startMs: number, values: readonly number[]): void
  close(): Promise<void>
}

/** The monitor's parts around a store that a test fills itself. */
export async function startHarness(workerUrl: URL, parsing: ParseOptions = {}): Promise<Harness> {
  const log: string[] = []
  const note = (_level: string, message: string): void => {
    log.push(message)
  }
  const clock = systemClock
  const store = new WorkerStore({ store: memoryStore, workerUrl, parsing }, { clock, log: note })
  const client = new HttpClient()
  const metrics = new MonitorMetrics({ clock, stats: () => store.stats(), dialects: ['signalbox', 'process'] })
  const exemplars = new ExemplarStore()
  const targets = new TargetSet(scrapeLimitsDefault, { store, exemplars, get: client.get, clock, log: note, failed: () => {}, ahead: () => {} })
  const common = { clock, targets, version: '0.1.0' }
  const server = createMonitorServer({
    prometheus: new PrometheusApi({ ...common, store, exemplars, retentionMs: 3_600_000, queryTimeoutMs: 30_000, parsing, queried: () => {} }),
    remoteWrite: new RemoteWriteReceiver({ store, clock }),
    console: new ConsoleApi({
      ...common,
      contents: new StoreContents({ store, clock }),
      get: client.get,
      gateway: { adminUrl: undefined, token: undefined },
      demo: { simulatedEngines: 0, traffic: false },
      apiPort: null,
      storeProblem: () => undefined,
    }),
    files: new StaticFiles(undefined),
    metrics,
    notReady: () => (store.up ? undefined : 'the store is starting'),
    log: note,
  })
  const port = await listen(server, { host: '127.0.0.1', port: 0 })
  if (!port.ok) throw new Error(port.error.message)
  await eventually('the worker', () => store.up)
  return {
    url: `http://127.0.0.1:${port.value}`,
    store,
    targets,
    log,
    fill(labels, startMs, values) {
      const handle = store.appender.series(Labels.from(labels))
      for (const [i, value] of values.entries()) store.appender.append(handle, startMs + i * 1_000, value)
      store.appender.release(handle)
      store.appender.commit()
    },
    async close() {
      targets.stop()
      client.close()
      metrics.close()
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await store.close()
    },
  }
}
