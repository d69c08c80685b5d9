import { Labels } from '@signalbox/base'

/** One page to scrape. */
export interface TargetConfig {
  readonly job: string
  /** The page's whole address, `http://host:port/metrics`. */
  readonly url: string
  /** Value of the label `instance`. */
  readonly instance: string
  /** Sent as `Authorization: Bearer ...`, and never shown again. */
  readonly bearerToken?: string
  /** Further labels of every series. */
  readonly labels?: Readonly<Record<string, string>>
}

/** A target as people see it. */
export interface TargetView {
  readonly job: string
  readonly instance: string
  readonly url: string
  readonly labels: Readonly<Record<string, string>>
  /** unknown: not scraped yet. */
  readonly health: 'up' | 'down' | 'unknown'
  /** Why the last scrape failed, in words; '' when it did not. */
  readonly lastError: string
  /** Null: not scraped yet. */
  readonly lastScrapeMs: number | null
  readonly durationMs: number | null
  /** Samples of the last good page. */
  readonly samples: number
}

/** The labels that every series of the target carries. */
export function labelsOf(target: TargetConfig): Labels {
  return Labels.from({ ...target.labels, job: target.job, instance: target.instance })
}

/** Equal for two configurations exactly when nothing about the scrape or its series differs. */
export function identityOf(target: TargetConfig): string {
  return JSON.stringify([target.url, target.bearerToken ?? '', labelsOf(target).key])
}

/** Where in the interval this target's turn is: spread by hash, and the same after a restart. */
export function offsetMsOf(target: TargetConfig, intervalMs: number): number {
  return fnv1a(`${target.url} ${labelsOf(target).key}`) % intervalMs
}

/** The first time after `nowMs` that is `offsetMs` into an interval, counted from the epoch. */
export function nextSlotMs(nowMs: number, intervalMs: number, offsetMs: number): number {
  return (Math.floor((nowMs - offsetMs) / intervalMs) + 1) * intervalMs + offsetMs
}

/** FNV-1a, 32 bits, over UTF-16 units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
