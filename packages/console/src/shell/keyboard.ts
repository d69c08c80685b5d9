export type Command = 'fleet' | 'requests' | 'next' | 'previous' | 'help' | 'live'

export interface Shortcut {
  /** As people press it; two keys are pressed one after the other. */
  readonly keys: readonly string[]
  readonly command: Command
  readonly label: string
}

/** Every shortcut; the help dialog shows this list. Enter and Tab are the browser's own. */
export const shortcuts: readonly Shortcut[] = [
  { keys: ['g', 'f'], command: 'fleet', label: 'Go to the fleet' },
  { keys: ['g', 'r'], command: 'requests', label: 'Go to the requests' },
  { keys: ['j'], command: 'next', label: 'Next request in the list' },
  { keys: ['k'], command: 'previous', label: 'Previous request in the list' },
  { keys: ['l'], command: 'live', label: 'Live refresh on or off' },
  { keys: ['?'], command: 'help', label: 'This help' },
]

/** How long the first key of two waits for the second. */
const SEQUENCE_MS = 1200

/** Turns key presses into commands. Holds at most one pending key. */
export class KeySequence {
  #pending: { key: string; atMs: number } | undefined

  /** The command that `key` completes, if any. */
  press(key: string, nowMs: number): Command | undefined {
    const pending = this.#pending !== undefined && nowMs - this.#pending.atMs <= SEQUENCE_MS ? this.#pending.key : undefined
    this.#pending = undefined
    if (pending !== undefined) {
      const pair = shortcuts.find(({ keys }) => keys.length === 2 && keys[0] === pending && keys[1] === key)
      if (pair !== undefined) return pair.command
    }
    if (shortcuts.some(({ keys }) => keys.length === 2 && keys[0] === key)) {
      this.#pending = { key, atMs: nowMs }
      return undefined
    }
    return shortcuts.find(({ keys }) => keys.length === 1 && keys[0] === key)?.command
  }
}

/** True where a key press is text or a choice, and no shortcut. */
export function isTyping(tagName: string, editable: boolean): boolean {
  return editable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(tagName)
}
