import { type SignalId, signals } from './catalog.ts'
import type { DialectEntry, DialectId, LabelMapping } from './types.ts'

/** What the entries of one dialect have in common; each of them may say otherwise. */
export interface Voice {
  readonly dialect: DialectId
  /** What all its names start with, '' for none. */
  readonly prefix: string
  /** In the notation of `labelsOf`. */
  readonly labels: string
  readonly source: string
  readonly since?: string
  readonly until?: string
  readonly replicas?: readonly string[]
  readonly blanks?: NonNullable<DialectEntry['blanks']>
  readonly readOnly?: true
}

type Particulars = Partial<Omit<DialectEntry, 'signal' | 'dialect' | 'name' | 'type' | 'labels'>> & { readonly labels?: string }

/** Writes one entry: its name without the prefix, the signal it names, and what sets it apart. The type follows from the signal's kind. */
export type Speak = (name: string, signal: SignalId, particulars?: Particulars) => DialectEntry

export function speaker(voice: Voice): Speak {
  const { prefix, labels: usual, ...common } = voice
  return (name, signal, particulars = {}) => {
    const { labels = usual, ...own } = particulars
    const { kind, definition } = signals[signal]
    return {
      ...common,
      help: definition,
      scale: 1,
      ...own,
      signal,
      name: `${prefix}${name}`,
      type: kind === 'info' ? 'gauge' : kind,
      labels: labelsOf(labels),
    }
  }
}

/** 'engine model_name=model': the label `engine` carries the signal's `engine`, the label `model_name` its `model`. */
function labelsOf(text: string): LabelMapping[] {
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => {
      const [name, from] = word.split('=') as [string, string?]
      return { name, from: from ?? name }
    })
}
