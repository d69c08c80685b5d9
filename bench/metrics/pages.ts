import { VirtualClock } from '@signalbox/base'
import { Registry } from '@signalbox/instruments'
import { entriesOf } from '@signalbox/signals'
import * as prometheus from 'prom-client'

/** Two pages of as many series: histograms of time to first token (22 bounds, 25 series each) by model and engine. */
export interface PagePair {
  /** Records one value in each histogram of both, so that every line of the next page is new. */
  touch(): void
  ours(): Uint8Array
  theirs(): Promise<Uint8Array>
}

/** `series`: sample lines of each page, a multiple of 25. */
export function pagePair(series: number): PagePair {
  const entries = entriesOf('vllm').filter(({ signal }) => signal === 'engine.ttft')
  const registry = new Registry({ entries, clock: new VirtualClock() })
  const other = new prometheus.Registry()
  const theirs = new prometheus.Histogram({
    name: 'vllm:time_to_first_token_seconds',
    help: entries[0]?.help ?? '',
    labelNames: ['engine', 'model_name'],
    buckets: [...(entries[0]?.bounds ?? [])],
    registers: [other],
  })
  const ours = registry.histogram('engine.ttft')
  const cells = Array.from({ length: series / 25 }, (_, i) => [ours.with(`model-${i}`, '0'), theirs.labels('0', `model-${i}`)] as const)
  let draws = 0
  return {
    touch: () => {
      for (const [mine, other] of cells) {
        const value = 2 ** ((draws++ % 20) - 10)
        mine.observe(value)
        other.observe(value)
      }
    },
    // Bytes, as they go to the socket: a string alone may still have to be put together.
    ours: () => Buffer.from(registry.render('text')),
    theirs: async () => Buffer.from(await other.metrics()),
  }
}

/** Sample lines of a page. */
export function seriesOf(page: Uint8Array): number {
  return Buffer.from(page)
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')).length
}
