import { type GatewayDialect, gatewayDialects } from '@signalbox/gateway'
import { type MonitorDialect, monitorDialects } from '@signalbox/monitor'
import type { Config } from './schema.ts'

/** The configuration of a demonstration: Llumnix' unprefixed names, which collide with nothing there, are on unless the file says otherwise. */
export function forDemonstration(config: Config): Config {
  return config.metrics.dialects === undefined ? { ...config, metrics: { ...config.metrics, dialects: ['all'] } } : config
}

/** Whose names the gateway's page shows. */
export function gatewayDialectsOf({ metrics }: Config): readonly GatewayDialect[] {
  const { dialects } = metrics
  if (dialects === undefined) return gatewayDialects.filter((dialect) => dialect !== 'llumnix')
  return gatewayDialects.filter((dialect) => dialects.includes('all') || dialects.includes(dialect))
}

/** Whose names the monitor's own page shows: those of the gateway's dialects that have a name for something it measures. */
export function monitorDialectsOf(config: Config): readonly MonitorDialect[] {
  const dialects = gatewayDialectsOf(config)
  return monitorDialects.filter((dialect) => dialects.includes(dialect))
}
