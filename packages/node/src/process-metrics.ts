import { readdirSync, readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Registry } from '@signalbox/instruments'

/** How often the event loop is looked at: a lag shorter than this is seen by chance. */
const RESOLUTION_MS = 10

/**
 * Adds the `process.*` signals of this process to a registry, read when a page is rendered. Files and virtual memory are told where
 * there is a `/proc`. Answers a function that ends the watch over the event loop; it never keeps the process alive.
 */
export function measureProcess(registry: Registry): () => void {
  const cpu = registry.counter('process.cpu').with()
  const memory = registry.gauge('process.resident_memory').with()
  const lag = registry.gauge('process.event_loop_lag').with()
  const startSeconds = Math.round(performance.timeOrigin) / 1000
  registry.gauge('process.start_time').with().set(startSeconds)
  const uptime = registry.gauge('process.uptime').with()
  const openFiles = openFileCount() === undefined ? undefined : registry.gauge('process.open_fds').with()
  const virtualMemory = virtualMemoryBytes() === undefined ? undefined : registry.gauge('process.virtual_memory').with()
  const filesMax = openFilesMax()
  if (filesMax !== undefined) registry.gauge('process.max_fds').with().set(filesMax)
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delays.enable()
  let cpuSeconds = 0
  registry.onCollect(() => {
    const { user, system } = process.cpuUsage()
    const nowSeconds = (user + system) / 1e6
    cpu.inc(Math.max(0, nowSeconds - cpuSeconds))
    cpuSeconds = Math.max(cpuSeconds, nowSeconds)
    memory.set(process.memoryUsage.rss())
    uptime.set(performance.now() / 1000)
    openFiles?.set(openFileCount() ?? Number.NaN)
    virtualMemory?.set(virtualMemoryBytes() ?? Number.NaN)
    // The histogram holds times between looks, which are the resolution when nothing lags.
    lag.set(delays.count === 0 ? 0 : Math.max(0, delays.percentile(99) / 1e9 - RESOLUTION_MS / 1e3))
    delays.reset()
  })
  return () => {
    delays.disable()
  }
}

function openFileCount(): number | undefined {
  try {
    // One of them is the descriptor that reads the folder.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}

function virtualMemoryBytes(): number | undefined {
  const kilobytes = fieldOf('/proc/self/status', /^VmSize:\s+(\d+) kB$/m)
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

function openFilesMax(): number | undefined {
  const soft = fieldOf('/proc/self/limits', /^Max open files\s+(\d+|unlimited)/m)
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : soft === undefined ? undefined : Number(soft)
}

function fieldOf(file: string, field: RegExp): string | undefined {
  try {
    return field.exec(readFileSync(file, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
