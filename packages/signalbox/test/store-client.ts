/** Asks the Prometheus HTTP API of one server. Each call throws with the server's words when a query fails. */
export interface StoreClient {
  /** The samples of an instant vector. */
  vector(expr: string, atMs: number): Promise<readonly StoreSample[]>
  /** The timestamps, in ms and ascending, of a range selector's samples whose value is 1, by job and instance. */
  scrapes(selector: string, atMs: number): Promise<ReadonlyMap<string, readonly number[]>>
}

export interface StoreSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly result: readonly Series[] }
}

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
  readonly values: readonly (readonly [number, string])[]
}

export function storeClient(address: string): StoreClient {
  const query = async (expr: string, atMs: number): Promise<readonly Series[]> => {
    const body = new URLSearchParams({ query: expr, time: String(atMs / 1000) })
    const response = await fetch(`${address}/api/v1/query`, { method: 'POST', body, signal: AbortSignal.timeout(30_000) })
    const answer = (await response.json()) as Answer
    if (answer.data === undefined) throw new Error(`${answer.error ?? response.status}: ${expr}`)
    return answer.data.result
  }
  return {
    vector: async (expr, atMs) => (await query(expr, atMs)).map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) })),
    scrapes: async (selector, atMs) => {
      const found = (await query(selector, atMs)).map(
        ({ metric, values }) =>
          [`${metric['job']} ${metric['instance']}`, values.filter(([, value]) => value === '1').map(([time]) => Math.round(time * 1000))] as const,
      )
      return new Map(found)
    },
  }
}

/**
 * What `rate` makes of a counter's whole increase within its window, when its first sample in there is 0: the increase is stretched
 * from the last sample to the end of the window, or by half an interval where that is further away. SOURCE: Prometheus,
 * promql/functions.go, extrapolatedRate.
 */
export function stretchOf(timestampsMs: readonly number[], atMs: number): number {
  const first = timestampsMs[0] ?? Number.NaN
  const last = timestampsMs.at(-1) ?? Number.NaN
  const sampledMs = last - first
  const intervalMs = sampledMs / (timestampsMs.length - 1)
  const toEndMs = atMs - last
  return (sampledMs + (toEndMs >= intervalMs * 1.1 ? intervalMs / 2 : toEndMs)) / sampledMs
}
