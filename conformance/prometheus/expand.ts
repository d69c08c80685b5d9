import { parse } from 'yaml'

/** One query of the suite. */
export interface SuiteQuery {
  readonly query: string
  /** Both sides must refuse it. */
  readonly shouldFail: boolean
}

interface Template {
  readonly query: string
  readonly variant_args?: readonly string[]
  readonly should_fail?: boolean
}

/** What each argument of a template stands for. SOURCE: prometheus/compliance promql/testcases/expand.go (testVariantArgs). */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  range: ['1s', '15s', '1m', '5m', '15m', '1h'],
  offset: ['1m', '5m', '10m'],
  simpleAggrOp: ['sum', 'avg', 'max', 'min', 'count', 'stddev', 'stdvar'],
  simpleTimeAggrOp: ['sum', 'avg', 'max', 'min', 'count', 'stddev', 'stdvar', 'absent', 'last'],
  topBottomOp: ['topk', 'bottomk'],
  quantile: ['-0.5', '0.1', '0.5', '0.75', '0.95', '0.90', '0.99', '1', '1.5'],
  arithBinOp: ['+', '-', '*', '/', '%', '^'],
  compBinOp: ['==', '!=', '<', '>', '<=', '>='],
  binOp: ['+', '-', '*', '/', '%', '^', '==', '!=', '<', '>', '<=', '>='],
  simpleMathFunc: ['abs', 'ceil', 'floor', 'exp', 'sqrt', 'ln', 'log2', 'log10', 'round'],
  extrapolatedRateFunc: ['delta', 'rate', 'increase'],
  clampFunc: ['clamp_min', 'clamp_max'],
  instantRateFunc: ['idelta', 'irate'],
  dateFunc: ['day_of_month', 'day_of_week', 'days_in_month', 'hour', 'minute', 'month', 'year'],
  smoothingFactor: ['0.1', '0.5', '0.8'],
  trendFactor: ['0.1', '0.5', '0.8'],
}

/** Every query that a file of templates (YAML, `test_cases`) stands for: each template with all combinations of its arguments. */
export function expandQueries(text: string): SuiteQuery[] {
  const { test_cases: templates } = parse(text) as { readonly test_cases: readonly Template[] }
  return templates.flatMap(({ query, variant_args: names = [], should_fail: shouldFail = false }) =>
    expand(query, names).map((expanded) => ({ query: expanded, shouldFail })),
  )
}

function expand(query: string, names: readonly string[]): string[] {
  const [name, ...others] = names
  if (name === undefined) return [query]
  const variants = VARIANTS[name]
  if (variants === undefined) throw new Error(`a template has the unknown argument ${name}`)
  return variants.flatMap((variant) => expand(query.replaceAll(`{{.${name}}}`, variant), others))
}
