import { type Stats, unwatchFile, watchFile } from 'node:fs'
import type { EndpointSpec } from '@signalbox/scheduler'
import { endpointsOf } from './endpoints.ts'
import { loadBackends } from './load.ts'
import type { Config } from './schema.ts'

/** Well under the second in which a change must take effect. */
const WATCH_INTERVAL_MS = 250

export interface EndpointsFileEvents {
  changed(endpoints: readonly EndpointSpec[]): void
  /** The file became unreadable or wrong; the last good list stays in force. */
  refused(reasons: readonly string[]): void
}

/** Reads the file once; answers its endpoints or every reason why it cannot serve. */
export function readEndpointsFile(path: string): { readonly endpoints: readonly EndpointSpec[] } | { readonly reasons: readonly string[] } {
  const backends = loadBackends(path)
  if (!backends.ok) return { reasons: backends.error.map((problem) => problem.message) }
  const endpoints = endpointsOf(backends.value)
  return endpoints.ok ? { endpoints: endpoints.value } : { reasons: [`${path}: ${endpoints.error}`] }
}

/**
 * Watches by polling, because notifications are lost on network file systems and on the symbolic links
 * by which Kubernetes swaps a mounted ConfigMap. Answers the function that ends the watch.
 */
function watchEndpointsFile(path: string, events: EndpointsFileEvents): () => void {
  const onChange = (current: Stats, previous: Stats): void => {
    if (current.mtimeMs === previous.mtimeMs && current.size === previous.size && current.ino === previous.ino) return
    const read = readEndpointsFile(path)
    if ('reasons' in read) events.refused(read.reasons)
    else events.changed(read.endpoints)
  }
  watchFile(path, { interval: WATCH_INTERVAL_MS, persistent: false }, onChange)
  return () => unwatchFile(path, onChange)
}

/**
 * Watches the configured endpoints file, where there is one, together with the endpoints that stand in the configuration
 * itself. Answers the function that ends the watch.
 */
export function watchConfiguredEndpoints(config: Config, events: EndpointsFileEvents): () => void {
  const path = config.endpoints.file
  if (path === undefined) return () => undefined
  const listed = endpointsOf(config.endpoints.backends)
  const fixed = listed.ok ? listed.value : []
  return watchEndpointsFile(path, { ...events, changed: (endpoints) => events.changed([...fixed, ...endpoints]) })
}
