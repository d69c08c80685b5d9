import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '@signalbox/base'
import type { StoreStats } from './ports.ts'
import { StoreService } from './store-service.ts'
import type { FromWorker, ToWorker, WorkerData } from './worker-protocol.ts'

// The entry of the store's thread. Messages are handled one at a time, in order: a query sees every batch committed before it.

assert(parentPort !== null, 'the query worker runs in a thread of its own')
const port = parentPort
const service = new StoreService(workerData as WorkerData)

/** Numbers are for the metrics page; counting them after each batch would cost more than the batch. */
const STATS_EVERY_MS = 1_000
let countedMs = -Infinity

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'append': {
      const outcome = service.append(message.batch)
      if (message.writeId !== undefined) post({ kind: 'written', writeId: message.writeId, outcome })
      post({ kind: 'appended', samples: message.batch.handles.length, ...recount() })
      break
    }
    case 'truncate':
      service.truncate(message.beforeMs)
      post({ kind: 'appended', samples: 0, ...recount() })
      break
    case 'query': {
      const result = service.answer(message.query, () => Atomics.load(message.canceled, 0) !== 0)
      post({ kind: 'answer', id: message.id, result }, result.ok ? [result.value.data.buffer as ArrayBuffer] : [])
      break
    }
  }
})
post({ kind: 'ready' })

function recount(): { stats?: StoreStats } {
  const nowMs = performance.now()
  if (nowMs - countedMs < STATS_EVERY_MS) return {}
  countedMs = nowMs
  return { stats: service.stats() }
}

function post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
