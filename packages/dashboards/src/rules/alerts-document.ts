import type { DialectId } from '@signalbox/signals'
import { dialects } from '@signalbox/signals'
import type { Objectives } from '../types.ts'
import type { WrittenAlert } from './alert.ts'
import { alertDrafts } from './rules.ts'

/** Objectives that the page is written with. */
const EXAMPLE: Objectives = { ttftSeconds: 2, tpotSeconds: 0.1, ttftRatio: 0.95, tpotRatio: 0.95, successRatio: 0.99 }

const TITLES: Readonly<Record<string, string>> = {
  'signalbox-gateway': 'Gateway',
  'signalbox-fleet': 'Model servers',
  'signalbox-availability': 'Parts that are gone',
  'signalbox-objectives': 'Objectives',
}

/** The text of docs/alerts.md: what each alert means and what to do, from the rules themselves. */
export function alertsDocument(): string {
  const every = Object.keys(dialects) as DialectId[]
  const lines = [
    '# Alerts',
    '',
    'What each alert means, what causes it, where to look first and what to do. The rules are data in `packages/dashboards/src/rules`; their expressions are written for the',
    'dialects of a fleet, and alerts that no dialect of it can feed are left out. Each has tests that `promtool test rules` runs.',
    '',
    'This page is written from the same data (`UPDATE_GOLDEN=1 npx vitest run packages/dashboards`), with the objectives of the example: a first token within',
    `${EXAMPLE.ttftSeconds} s for ${EXAMPLE.ttftRatio * 100} % of the requests, ${EXAMPLE.tpotSeconds} s a token for ${EXAMPLE.tpotRatio * 100} %, and ${EXAMPLE.successRatio * 100} % without an error.`,
  ]
  for (const { group, alerts } of alertDrafts({ dialects: every, objectives: EXAMPLE })) {
    lines.push('', `## ${TITLES[group] ?? group}`)
    for (const alert of alerts) lines.push('', ...section(alert))
  }
  return `${lines.join('\n')}\n`
}

function section({ alert, severity, forSeconds, meaning, causes, look, action }: WrittenAlert): string[] {
  const wait = forSeconds >= 3600 ? `${forSeconds / 3600} h` : `${forSeconds / 60} min`
  return [
    `### ${alert}`,
    '',
    `${severity}, after ${wait}. ${meaning}`,
    '',
    'Likely causes:',
    '',
    ...causes.map((cause) => `- ${cause}`),
    '',
    `Look first: ${look}`,
    '',
    `What to do: ${action}`,
  ]
}
