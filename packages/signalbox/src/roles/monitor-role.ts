import { MonitorStartError, startMonitor } from '@signalbox/monitor'
import { systemClock } from '@signalbox/node'
import type { EndpointSpec } from '@signalbox/scheduler'
import { portFlags } from '../commands/flags.ts'
import { dataFolderAdvice, removeData } from '../config/data-folder.ts'
import { monitorDialectsOf } from '../config/dialects.ts'
import { watchConfiguredEndpoints } from '../config/endpoints-file.ts'
import { log } from '../log.ts'
import type { RoleSettings } from '../supervisor/messages.ts'
import { type RunningRole, StartError } from '../supervisor/role-process.ts'
import { version } from '../version.ts'
import { consoleFolder, queryWorker } from './bundled.ts'
import { reachable } from './reachable.ts'
import { tokenOf } from './token.ts'

type MonitorSettings = Extract<RoleSettings, { readonly role: 'monitor' }>

export async function startMonitorRole({ config, endpoints, demo, isDataTemporary }: MonitorSettings): Promise<RunningRole> {
  const { host, monitor } = config
  const dataFolder = monitor.store.kind === 'memory' ? undefined : monitor.dataFolder
  const gatewayAdminUrl = `http://${reachable(host)}:${config.admin.port}`
  const gatewayToken = tokenOf(config)
  /** The monitor's own page among them: nothing else knows its port. */
  const targetsOf = (engines: readonly EndpointSpec[], ownPort: number) => [
    {
      job: 'gateway',
      instance: `${reachable(host)}:${config.admin.port}`,
      url: `${gatewayAdminUrl}/metrics`,
      ...(gatewayToken === undefined ? {} : { bearerToken: gatewayToken }),
    },
    { job: 'monitor', instance: `${reachable(host)}:${ownPort}`, url: `http://${reachable(host)}:${ownPort}/metrics` },
    ...engines.map(({ id, url }) => ({ job: 'engine', instance: id, url: `${url}/metrics` })),
  ]
  const running = await startMonitor(
    {
      host,
      port: monitor.port,
      targets: (port) => targetsOf(endpoints, port),
      scrapeIntervalMs: monitor.scrapeIntervalMs,
      ...(dataFolder === undefined ? {} : { dataFolder }),
      retentionMs: monitor.retentionMs,
      retentionBytes: monitor.retentionBytes,
      outOfOrderMs: monitor.outOfOrderMs,
      seriesMax: monitor.seriesMax,
      queryThreads: monitor.queryThreads,
      experimentalPromql: monitor.experimentalPromql,
      consoleDir: consoleFolder,
      gatewayAdminUrl,
      gatewayApiPort: config.gateway.port,
      ...(gatewayToken === undefined ? {} : { gatewayToken }),
      demo,
      version,
      dialects: monitorDialectsOf(config),
      workerUrl: queryWorker,
    },
    { clock: systemClock, log },
  ).catch((error: unknown) => {
    if (!(error instanceof MonitorStartError)) throw error
    throw new StartError(`${error.message}; ${error.part === 'store' ? dataFolderAdvice : `choose another with ${portFlags.monitor}`}`)
  })
  const unwatch = watchConfiguredEndpoints(config, {
    changed: (changed) => running.setTargets(targetsOf(changed, running.port)),
    // The gateway watches the same file and says why.
    refused: () => undefined,
  })
  return {
    addresses: { console: `http://${reachable(host)}:${running.port}` },
    stop: async () => {
      unwatch()
      await running.close()
      if (isDataTemporary && dataFolder !== undefined) removeData(dataFolder)
    },
  }
}
