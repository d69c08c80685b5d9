import type { LoadResult } from '@signalbox/load'
import { msColumn, type ReportColumn } from '@signalbox/replay'

const ms = msColumn<LoadResult>

/** The columns of a load test's report: those of a replay that can be seen from outside, under the same ids, and what only a client sees. */
export const loadColumns: readonly ReportColumn<LoadResult>[] = [
  ms('ttftP50Ms', 'TTFT p50', 'From when a request was due to its first token, median', ({ ttftMs }) => ttftMs?.p50 ?? null),
  ms('ttftP90Ms', 'TTFT p90', 'From when a request was due to its first token, 90th percentile', ({ ttftMs }) => ttftMs?.p90 ?? null),
  ms('ttftP99Ms', 'TTFT p99', 'From when a request was due to its first token, 99th percentile', ({ ttftMs }) => ttftMs?.p99 ?? null),
  ms('tpotP50Ms', 'TPOT p50', 'Time per output token after the first, median over requests', ({ tpotMs }) => tpotMs?.p50 ?? null),
  ms('tpotP90Ms', 'TPOT p90', 'Time per output token after the first, 90th percentile over requests', ({ tpotMs }) => tpotMs?.p90 ?? null),
  ms('itlP99Ms', 'ITL p99', 'Gap between two events with content, 99th percentile', ({ itlMs }) => itlMs?.p99 ?? null),
  ms('e2eP50Ms', 'E2E p50', 'From when a request was due to the end of its answer, median', ({ e2eMs }) => e2eMs?.p50 ?? null),
  ms('e2eP90Ms', 'E2E p90', 'From when a request was due to the end of its answer, 90th percentile', ({ e2eMs }) => e2eMs?.p90 ?? null),
  ms('e2eP99Ms', 'E2E p99', 'From when a request was due to the end of its answer, 99th percentile', ({ e2eMs }) => e2eMs?.p99 ?? null),
  {
    id: 'hitRatio',
    label: 'Hit ratio',
    unit: 'ratio',
    better: 'more',
    description: 'Prompt tokens that the answers call cached, of all prompt tokens; unknown where no answer says so',
    of: ({ hitRatio }) => hitRatio,
  },
  {
    id: 'goodputRatio',
    label: 'Goodput',
    unit: 'ratio',
    better: 'more',
    description: 'Requests that met both objectives, of those that completed or failed',
    of: ({ goodputRatio }) => goodputRatio,
  },
  {
    id: 'requestsPerSecond',
    label: 'Requests/s',
    unit: 'per-second',
    better: 'more',
    description: 'Requests that completed, each second',
    of: ({ requestsPerSecond }) => requestsPerSecond,
  },
  {
    id: 'outputTokensPerSecond',
    label: 'Output tokens/s',
    unit: 'per-second',
    better: 'more',
    description: 'Tokens that the servers counted in answers, each second',
    of: ({ outputTokensPerSecond }) => outputTokensPerSecond,
  },
  {
    id: 'sentLate',
    label: 'Sent late',
    unit: 'requests',
    better: 'none',
    description: 'Requests sent more than 10 ms after they were due: the client, or its limit of connections, was too slow',
    of: ({ sentLate }) => sentLate,
  },
]
