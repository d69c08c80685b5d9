import type { StaticJob } from '@signalbox/exports'
import type { Config } from '../config/schema.ts'
import { reachable } from '../roles/reachable.ts'
import { realEndpoints, simulatedEndpoints } from './up.ts'

/** The processes of a configuration, in the jobs and under the instances by which the monitor scrapes them. */
export function staticJobs(config: Config): StaticJob[] {
  const host = reachable(config.host)
  const { tokenFile } = config.admin
  const engines = realEndpoints(config) ?? simulatedEndpoints(config, config.demo.engines)
  return [
    {
      name: 'gateway',
      targets: [{ url: `http://${host}:${config.admin.port}` }],
      ...(tokenFile === undefined ? {} : { tokenFile }),
    },
    { name: 'monitor', targets: [{ url: `http://${host}:${config.monitor.port}` }] },
    { name: 'engine', targets: engines.map(({ id, url }) => ({ url, instance: id })) },
  ]
}
