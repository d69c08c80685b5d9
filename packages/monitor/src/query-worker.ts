import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '@signalbox/base'
import { serveQueries } from './query-thread.ts'
import { serveStore } from './store-thread.ts'
import type { WorkerData } from './worker-protocol.ts'

// The entry of both kinds of threads: the one that writes the store, and those that answer queries.

assert(parentPort !== null, 'the worker runs in a thread of its own')
const data = workerData as WorkerData
if (data.kind === 'store') serveStore(parentPort, data.config)
else serveQueries(parentPort, data)
