import { setTimeout as delay } from 'node:timers/promises'

/** Far longer than anything takes, so that a slow machine never fails a test; nothing ever waits for it to pass. */
const DEADLINE_MS = 60_000

const POLL_MS = 20

/** Asks until the answer is neither undefined nor false; fails, naming what was awaited, after a generous deadline. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const endMs = performance.now() + DEADLINE_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > endMs) throw new Error(`waited ${DEADLINE_MS} ms in vain for: ${what}`)
    await delay(POLL_MS)
  }
}
