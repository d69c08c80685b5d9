import type { Panel } from '../document/model.ts'
import { quantityOf } from '../expression/quantity.ts'
import { resultLabels } from '../expression/result-labels.ts'
import { bare } from '../expression/walk.ts'
import { type Found, foundIn, type LintRule } from '../rule.ts'
import { conflict } from './matching.ts'

/** Grafana's ids for what the vocabulary calls a unit, the best first. SOURCE: Grafana's value formats. */
const GRAFANA_UNITS: Readonly<Record<string, readonly string[]>> = {
  seconds: ['s', 'dtdurations', 'clocks', 'suffix: s', 'dthms'],
  milliseconds: ['ms', 'dtdurationms', 'clockms'],
  ratio: ['percentunit'],
  percent: ['percent'],
  bytes: ['bytes', 'decbytes'],
  MiB: ['mbytes', 'decmbytes'],
  'bytes/s': ['Bps', 'binBps', 'bps', 'binbps'],
  watts: ['watt'],
  celsius: ['celsius'],
  joules: ['joule'],
}
/** Units that say nothing of a kind. */
const NEUTRAL: ReadonlySet<string> = new Set(['short', 'none', 'locale', 'sishort', 'string', 'bool'])
/** Kinds of panels that write numbers. */
const NUMERIC: ReadonlySet<string> = new Set(['timeseries', 'graph', 'stat', 'gauge', 'bargauge', 'barchart', 'singlestat', 'trend'])

/** The units of a panel's queries, as far as they can be told. */
function quantities(panel: Panel): readonly string[] {
  const units = panel.queries.flatMap((query) => (query.parsed?.ok === true ? (quantityOf(query.parsed.value) ?? []) : []))
  return [...new Set(units)]
}

function atPanel(panel: Panel, message: string, more: Partial<Found> = {}): Found {
  return { offset: panel.offset, where: panel.where, message, evidence: panel.queries[0]?.text.text.replace(/\s+/g, ' ').trim() ?? '', ...more }
}

const missingUnit: LintRule = {
  id: 'missing-unit',
  code: 'L12',
  severity: 'warning',
  tests: 'A panel without a unit whose queries have one',
  why: 'Seconds, bytes and shares are drawn as plain numbers: 0.9 for 90 %, 2147483648 for 2 GiB.',
  fix: 'set `fieldConfig.defaults.unit`',
  panel: (panel) => {
    if (!NUMERIC.has(panel.type) || panel.unitVaries || (panel.unit !== undefined && !NEUTRAL.has(panel.unit.id))) return []
    const units = quantities(panel)
    const [unit] = units
    const wanted = unit === undefined ? undefined : GRAFANA_UNITS[unit]?.[0]
    if (units.length !== 1 || wanted === undefined) return []
    return [atPanel(panel, `the values are ${unit}, the panel has no unit`, { fix: `set the unit \`${wanted}\`` })]
  },
}

const wrongUnit: LintRule = {
  id: 'wrong-unit',
  code: 'L12',
  severity: 'error',
  tests: "A panel whose unit is another than its queries' (ms for s, percent for 0 to 1, bytes for MiB)",
  why: 'The numbers are read a thousand, a hundred or a million times too high or too low.',
  fix: 'set the unit that the values have',
  panel: (panel) => {
    const set = panel.unit
    if (set === undefined || panel.unitVaries) return []
    const claimed = Object.entries(GRAFANA_UNITS).find(([, ids]) => ids.includes(set.id))?.[0]
    const units = quantities(panel)
    const [unit] = units
    if (units.length !== 1 || unit === undefined || !conflict(claimed, unit)) return []
    return [
      {
        offset: set.offset,
        where: panel.where,
        message: `the values are ${unit}, the panel's unit is \`${set.id}\``,
        evidence: `"unit": "${set.id}"`,
        fix: `set \`${GRAFANA_UNITS[unit]?.[0] ?? unit}\``,
      },
    ]
  },
}

const mixedUnits: LintRule = {
  id: 'mixed-units',
  code: 'L12',
  severity: 'error',
  tests: 'A panel that draws seconds beside milliseconds, or shares beside percentages',
  why: 'One axis fits one of them only.',
  fix: 'bring the queries into one unit',
  panel: (panel) => {
    const units = quantities(panel)
    const pair = units.flatMap((a) => units.filter((b) => conflict(a, b)).map((b) => [a, b] as const))[0]
    return pair === undefined || panel.unitVaries ? [] : [atPanel(panel, `${pair[0]} and ${pair[1]} on one axis`)]
  },
}

/** Kinds of panels that colour by thresholds whatever their style. */
const COLOURED: ReadonlySet<string> = new Set(['stat', 'gauge', 'bargauge', 'table'])

const leftoverThreshold: LintRule = {
  id: 'leftover-threshold',
  code: 'L20',
  severity: 'warning',
  tests: "Grafana's template threshold, red from 80, where 80 means nothing",
  why: 'The panel turns red at 80 requests, or never.',
  fix: 'set limits that mean something, or none',
  panel: (panel) => {
    const [base, step] = panel.thresholds
    if (!COLOURED.has(panel.type) || panel.thresholds.length !== 2 || base?.value !== undefined || step?.value !== 80) return []
    if (!/red/.test(step.color) || quantities(panel).includes('percent') || panel.unit?.id === 'percent') return []
    return [
      atPanel(panel, 'the threshold is the one that Grafana puts there', {
        offset: step.offset,
        evidence: `${base?.color ?? ''}, ${step.color} from 80`,
      }),
    ]
  },
}

const panelThresholdScale: LintRule = {
  id: 'panel-threshold-scale',
  code: 'L12',
  severity: 'error',
  tests: "A panel's thresholds in percent over values of 0 to 1",
  why: 'They are never reached.',
  fix: 'write 0.9 for 90 %',
  panel: (panel) => {
    const units = quantities(panel)
    if (units.length !== 1 || units[0] !== 'ratio') return []
    const high = panel.thresholds.filter(({ value }) => value !== undefined && value > 1)
    const [first] = high
    // The template's own 80 is another rule's.
    if (first === undefined || (high.length === 1 && first.value === 80 && panel.thresholds.length === 2)) return []
    return [
      atPanel(panel, `the values are 0 to 1, a threshold is ${first.value}`, {
        offset: first.offset,
        evidence: high.map(({ value, color }) => `${color} from ${value}`).join(', '),
      }),
    ]
  },
}

const sameLegend: LintRule = {
  id: 'same-legend',
  code: 'L17',
  severity: 'warning',
  tests: 'One legend for several series',
  why: 'The lines cannot be told apart.',
  fix: 'name a label, `{{instance}}`, or aggregate to one series',
  panel: (panel, { recorded }) => {
    const several = panel.queries.flatMap((query) => {
      if (query.parsed?.ok !== true || query.legend === undefined || /\{\{|\$|\[\[/.test(query.legend.text)) return []
      const expr = query.parsed.value
      const labels = resultLabels(expr, recorded)
      if (labels.kind === 'open' || (labels.kind === 'exact' && [...labels.names].every((name) => name === 'le'))) return []
      // A heatmap's series are its rows; a stat panel shows one number.
      if (panel.type === 'heatmap' || bare(expr).kind === 'number') return []
      return [foundIn(query, expr.place, `every series is called "${query.legend.text}"`)]
    })
    const seen = new Set<string>()
    const twice = panel.queries.flatMap((query) => {
      const legend = query.legend?.text
      if (legend === undefined) return []
      if (!seen.has(legend)) {
        seen.add(legend)
        return []
      }
      return /\{\{/.test(legend)
        ? []
        : [{ offset: query.legend?.at(0) ?? panel.offset, where: panel.where, message: `two queries are called "${legend}"`, evidence: legend }]
    })
    return [...several, ...twice]
  },
}

const absentLegendLabel: LintRule = {
  id: 'absent-legend-label',
  code: 'L17',
  severity: 'warning',
  tests: 'A legend that names a label which the query drops',
  why: 'Nothing stands in its place.',
  fix: 'keep the label in the aggregation, or leave it out of the legend',
  panel: (panel, { recorded }) =>
    panel.queries.flatMap((query) => {
      if (query.parsed?.ok !== true || query.legend === undefined) return []
      const labels = resultLabels(query.parsed.value, recorded)
      const { legend } = query
      if (labels.kind !== 'exact') return []
      return [...legend.text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].flatMap((match) => {
        const label = match[1] ?? ''
        if (labels.names.has(label) || label === '__name__' || [...labels.names].some((name) => name === 'standin')) return []
        return [
          {
            offset: legend.at(match.index),
            where: panel.where,
            message: `the legend names \`${label}\`, which the query drops`,
            evidence: legend.text,
          },
        ]
      })
    }),
}

export const panelRules: readonly LintRule[] = [
  missingUnit,
  wrongUnit,
  mixedUnits,
  leftoverThreshold,
  panelThresholdScale,
  sameLegend,
  absentLegendLabel,
]
