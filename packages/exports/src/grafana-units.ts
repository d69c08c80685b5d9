import type { PanelUnit } from '@signalbox/dashboards'

/**
 * The unit as Grafana names it.
 * SOURCE: Grafana, packages/grafana-data/src/valueFormats/categories.ts. It knows no tokens: `suffix:` writes what follows behind the number.
 */
export const grafanaUnits: Readonly<Record<PanelUnit, string>> = {
  seconds: 's',
  milliseconds: 'ms',
  ratio: 'percentunit',
  percent: 'percent',
  requests: 'short',
  'requests/s': 'reqps',
  tokens: 'short',
  'tokens/s': 'suffix: tok/s',
  bytes: 'bytes',
  'bytes/s': 'Bps',
  endpoints: 'short',
  watts: 'watt',
  count: 'short',
  'count/s': 'cps',
}
