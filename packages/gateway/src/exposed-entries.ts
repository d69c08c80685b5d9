import { type DialectEntry, type DialectId, entriesOf, withBounds, withoutTenantLabels } from '@signalbox/signals'
import { type Objectives, objectiveBounds } from './goodput.ts'

/** The dialects whose names the gateway can fill, in page order. Llumnix' names carry no prefix: they are written where they are asked for. */
export const gatewayDialects = [
  'llm-d-epp',
  'inference-model',
  'inference-objective',
  'inference-pool',
  'inference-extension',
  'llm-d-inference-scheduler',
  'kvcache',
  'signalbox',
  'process',
  'llumnix',
] as const satisfies readonly DialectId[]

export type GatewayDialect = (typeof gatewayDialects)[number]

export interface Exposure {
  readonly dialects: readonly DialectId[]
  /** Whether histograms tell tenants apart; counters and gauges always do, where their names do. */
  readonly tenantLabelOnHistograms: boolean
  /** Among the bounds of the gateway's own histograms of the times that they speak of. */
  readonly objectives: Objectives
}

/** The names that the gateway's page shows. */
export function exposedEntries({ dialects, tenantLabelOnHistograms, objectives }: Exposure): readonly DialectEntry[] {
  const all = entriesOf(...dialects)
  const entries = tenantLabelOnHistograms ? all : withoutTenantLabels(all)
  const bounds = { 'gateway.ttft': objectiveBounds('ttftMs', objectives), 'gateway.tpot': objectiveBounds('tpotMs', objectives) }
  const extra: Record<string, readonly number[]> = {}
  for (const { dialect, name, signal } of entries) {
    if (dialect === 'signalbox' && (signal === 'gateway.ttft' || signal === 'gateway.tpot')) extra[name] = bounds[signal]
  }
  return withBounds(entries, extra)
}
