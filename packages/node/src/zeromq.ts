import { setTimeout } from 'node:timers/promises'
import { failure, ok, type Result } from '@signalbox/base'
import type { Observer, Socket } from 'zeromq'
import { portHolder } from './port-holder.ts'

/** The `zeromq` package. */
export type Zeromq = typeof import('zeromq')

/** Its library, loaded on first use: a native addon, which some platforms do not have. The failure is a sentence that says so. `load` is for tests. */
export async function loadZeromq(load: () => Promise<Zeromq> = () => import('zeromq')): Promise<Result<Zeromq, string>> {
  try {
    return ok(await load())
  } catch (error) {
    const reason = (error as Error).message.split('\n', 1)[0] ?? ''
    return failure(`KV-cache events need the zeromq package, which has no binary for this platform (${process.platform} ${process.arch}): ${reason}`)
  }
}

/** Whether a publisher of events binds this endpoint (its subscribers then connect), or the reverse. SOURCE: vLLM's rule, `reference/vllm.md` §4. */
export function isBindEndpoint(endpoint: string): boolean {
  return endpoint.includes('*') || endpoint.includes('::') || endpoint.startsWith('ipc://') || endpoint.startsWith('inproc://')
}

/** Binds, and answers the endpoint in use, with the port that the system chose for `*`. The failure names what is in the way. */
export async function bindSocket(socket: Socket, endpoint: string): Promise<Result<string, string>> {
  const problem = endpointProblem(endpoint)
  if (problem !== undefined) return failure(problem)
  try {
    await socket.bind(endpoint)
    return ok(socket.lastEndpoint ?? endpoint)
  } catch (error) {
    return failure(`${endpoint}: ${reasonOf(error as NodeJS.ErrnoException, endpoint)}`)
  }
}

/** Unbinds an endpoint that `bindSocket` answered, and resolves when its port is free: a thread in the background frees it, and says so later. */
export async function unbindSocket(socket: Socket, endpoint: string): Promise<void> {
  const free = endpoint.startsWith('inproc://') ? undefined : closed(socket.events)
  await socket.unbind(endpoint)
  // Should the word not come, the caller is not to wait for ever.
  if (free !== undefined) await Promise.race([free, setTimeout(UNBIND_MS_MAX, undefined, { ref: false })])
}

const UNBIND_MS_MAX = 1000

async function closed(events: Observer): Promise<void> {
  for await (const { type } of events) if (type === 'close') return
}

/** Connects in the background, and again whenever the connection is lost. Fails for endpoints alone that are none. */
export function connectSocket(socket: Socket, endpoint: string): Result<void, string> {
  const problem = endpointProblem(endpoint) ?? (endpoint.includes('*') ? `${endpoint}: there is no connecting to *` : undefined)
  if (problem !== undefined) return failure(problem)
  try {
    socket.connect(endpoint)
    return ok(undefined)
  } catch (error) {
    return failure(`${endpoint}: ${(error as Error).message}`)
  }
}

const PORT_MAX = 65_535

function endpointProblem(endpoint: string): string | undefined {
  if (/^(ipc|inproc):\/\/./.test(endpoint)) return undefined
  const port = /^tcp:\/\/[^\s/]+:(\*|\d+)$/.exec(endpoint)?.[1]
  if (port === undefined) return `${endpoint}: expected an endpoint such as tcp://127.0.0.1:5557`
  return Number(port) > PORT_MAX ? `${endpoint}: a port is a whole number up to ${PORT_MAX}` : undefined
}

function reasonOf(error: NodeJS.ErrnoException, endpoint: string): string {
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENODEV') return 'this is not an address of this machine'
  if (error.code === 'EACCES') return 'not permitted'
  if (error.code !== 'EADDRINUSE') return error.message
  const holder = portHolder(Number(endpoint.slice(endpoint.lastIndexOf(':') + 1)))
  return `the port is taken${holder === undefined ? ' by another process' : ` by ${holder}`}`
}
