import { GatewayStartError, gatewayDefaults, startGateway } from '@signalbox/gateway'
import { systemClock, systemRandom } from '@signalbox/node'
import type { EndpointSpec } from '@signalbox/scheduler'
import { portFlags } from '../commands/flags.ts'
import { gatewayDialectsOf } from '../config/dialects.ts'
import { watchConfiguredEndpoints } from '../config/endpoints-file.ts'
import { policyNamed } from '../config/policy-named.ts'
import type { Config } from '../config/schema.ts'
import { log } from '../log.ts'
import { type RunningRole, StartError } from '../supervisor/role-process.ts'
import { version } from '../version.ts'
import { reachable } from './reachable.ts'
import { tokenOf } from './token.ts'

export async function startGatewayRole(config: Config, endpoints: readonly EndpointSpec[]): Promise<RunningRole> {
  const { admin, decisions, gateway, host, metrics, objectives, pool, scheduler } = config
  const running = await startGateway(
    {
      ...gatewayDefaults,
      ...gateway,
      host,
      pool,
      endpoints,
      adminPort: admin.port,
      adminToken: tokenOf(config),
      policy: await policyNamed(scheduler.policy, 'scheduler.policy'),
      policyParameters: scheduler.parameters,
      pollIntervalMs: config.endpoints.pollIntervalMs,
      pollTimeoutMs: Math.floor(config.endpoints.pollIntervalMs * 0.9),
      slots: scheduler.slots,
      decisionBytesMax: decisions.bytesMax,
      dialects: gatewayDialectsOf(config),
      tenantLabelOnHistograms: metrics.tenantLabelOnHistograms,
      objectives,
      version,
    },
    { clock: systemClock, random: systemRandom, log },
  ).catch((error: unknown) => {
    if (error instanceof GatewayStartError) throw new StartError(`${error.message}; choose another with ${portFlags[error.listener]}`)
    throw new StartError(`scheduler.parameters: ${(error as Error).message}`)
  })
  const unwatch = watchConfiguredEndpoints(config, {
    changed: (changed) => {
      running.setEndpoints(changed)
      running.endpointsReloaded('applied')
      log('info', 'endpoints changed', { endpoints: changed.map((endpoint) => endpoint.id).join(',') })
    },
    refused: (reasons) => {
      running.endpointsReloaded('refused')
      for (const reason of reasons) log('error', `endpoints stay as they are: ${reason}`)
    },
  })
  const address = `http://${reachable(host)}`
  return {
    addresses: { api: `${address}:${running.port}`, admin: `${address}:${running.adminPort}` },
    stop: async (graceMs) => {
      unwatch()
      await running.drain(graceMs)
    },
  }
}
