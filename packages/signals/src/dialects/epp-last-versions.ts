import type { DialectId } from '../types.ts'

/**
 * The last version of the endpoint picker that shows the names of an earlier generation. Up to 0.5 the numbers are those of the
 * inference extension, from then on the router's, which continue them; releases 1.x of the extension have no place in that order.
 * SOURCE: reference/epp.md, head and §1.7: the names were taken out in September 2026, and 0.10.0 of August is the last release before.
 */
export const eppLastVersions = {
  'inference-model': '0.5',
  'inference-objective': '0.10',
  'inference-pool': '0.10',
  'inference-extension': '0.10',
  'llm-d-inference-scheduler': '0.10',
} as const satisfies Partial<Record<DialectId, string>>
