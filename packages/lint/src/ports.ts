/** A label's condition, as a PromQL selector states it. */
export interface SelectorMatcher {
  readonly name: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** What is really there: a Prometheus, or one page of metrics. */
export interface ServedSeries {
  /** True when at least one series has the name and meets the matchers. Rejects when it cannot be asked. */
  has(name: string, matchers: readonly SelectorMatcher[]): Promise<boolean>
}
