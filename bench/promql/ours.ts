import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StoreQuery } from '../../packages/monitor/src/ports.ts'
import { StoreService } from '../../packages/monitor/src/store-service.ts'
import type { OpenedSeries } from '../../packages/monitor/src/worker-protocol.ts'
import { type DataSize, partsOf, setsOf } from './pages.ts'

// Our side as a process of its own: the monitor's store and query path (parse, select, evaluate, JSON) behind HTTP, filled with the
// data that the other side gets. Arguments: the sizes as JSON, the end of the data in milliseconds. Writes a line of JSON once it listens.

const [size, end] = process.argv.slice(2)
const service = new StoreService({ seriesMax: 200_000, retentionMs: 24 * 3_600_000 })
const handles = new Map<string, number>()
const began = performance.now()
let samples = 0
for (const { timestampsMs, series } of partsOf(setsOf(JSON.parse(size ?? '') as DataSize), Number(end))) {
  const opened: OpenedSeries[] = []
  const of = series.map(({ labels }) => {
    let handle = handles.get(labels.key)
    if (handle === undefined) {
      handle = handles.size
      handles.set(labels.key, handle)
      opened.push({ handle, names: labels.names, values: labels.values })
    }
    return handle
  })
  const scrapes = timestampsMs.length
  const batch = { handles: new Uint32Array(series.length), timestampsMs: new Float64Array(series.length), values: new Float64Array(series.length) }
  batch.handles.set(of)
  for (let scrape = 0; scrape < scrapes; scrape++) {
    batch.timestampsMs.fill(timestampsMs[scrape] as number)
    for (let i = 0; i < series.length; i++) batch.values[i] = series[i]?.values[scrape] as number
    service.append({ ...batch, opened: scrape === 0 ? opened : [], released: [] })
  }
  samples += scrapes * series.length
}

function answer(query: StoreQuery, response: ServerResponse): void {
  const result = service.answer(query, () => false)
  response.setHeader('content-type', 'application/json')
  if (!result.ok) {
    response.writeHead(422).end(JSON.stringify({ status: 'error', error: result.error.message }))
    return
  }
  response.write('{"status":"success","data":')
  response.write(result.value.data)
  response.end('}')
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const query = searchParams.get('query') ?? ''
  const ms = (name: string): number => Number(searchParams.get(name)) * 1000
  if (pathname === '/api/v1/query') answer({ kind: 'instant', query, timeMs: ms('time') }, response)
  else answer({ kind: 'range', query, startMs: ms('start'), endMs: ms('end'), stepMs: ms('step') }, response)
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ port, samples, series: handles.size, seconds: (performance.now() - began) / 1000, stats: service.stats() }))
})
