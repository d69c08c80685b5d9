import type { AddressInfo, Server } from 'node:net'
import { failure, ok, type Result } from '@signalbox/base'
import { portHolder } from './port-holder.ts'

export interface ListenError {
  readonly code: 'port-taken' | 'address-unavailable' | 'not-permitted'
  /** Says what is in the way and, for a taken port, who holds it. */
  readonly message: string
}

/** Starts listening; answers the port in use (the one the system chose, for port 0). Unforeseen errors reject. */
export function listen(server: Server, address: { readonly host: string; readonly port: number }): Promise<Result<number, ListenError>> {
  const { host, port } = address
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening)
      const known = explain(error.code, host, port)
      if (known === undefined) reject(error)
      else resolve(failure(known))
    }
    const onListening = (): void => {
      server.off('error', onError)
      resolve(ok((server.address() as AddressInfo).port))
    }
    server.once('error', onError)
    server.once('listening', onListening)
    server.listen(port, host)
  })
}

function explain(code: string | undefined, host: string, port: number): ListenError | undefined {
  if (code === 'EADDRINUSE') {
    const holder = portHolder(port)
    return { code: 'port-taken', message: `port ${port} on ${host} is taken${holder === undefined ? ' by another process' : ` by ${holder}`}` }
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return { code: 'address-unavailable', message: `${host} is not an address of this machine` }
  if (code === 'EACCES') return { code: 'not-permitted', message: `not permitted to listen on port ${port} of ${host}` }
  return undefined
}
