import { assert, Labels } from '@signalbox/base'
import { RefTable } from './ref-table.ts'
import type { Matcher } from './types.ts'

/** The series that carry one value of one label. */
interface Postings {
  /** Of this pair of name and value; not given out again. */
  readonly id: number
  /** The one copy of this value that all series share. */
  readonly value: string
  /** Ascending: references are given out in ascending order and never again. */
  refs: number[]
}

/** One label name. */
interface LabelName {
  readonly name: string
  readonly values: Map<string, Postings>
}

/**
 * Which series exist, and which of them carry which label.
 *
 *     #refs:    hash of the ids of its postings -> ref, or refs where two hash alike
 *     #labels:  ref -> labels, strings interned
 *     #names:   '__name__' -> 'up'        -> refs [1, 7, 9]
 *                             'x_bucket'  -> refs [2, 3, 4, 5, 6, 8]
 *               'job'      -> 'vllm'      -> refs [1, 2, 3]
 *
 * Invariant: a reference stands in exactly the postings of its labels, and no postings are empty.
 */
export class LabelIndex {
  readonly #refs = new Map<number, number | readonly number[]>()
  readonly #labels = new RefTable<Labels>()
  readonly #names = new Map<string, LabelName>()
  #nextRef = 1
  #nextPostings = 1
  #bytes = 0
  /** The label names of the last series added: series of one family follow each other and share the array. */
  #lastNames: readonly string[] = []

  /** How many series there are. */
  get size(): number {
    return this.#labels.size
  }

  /** Estimated from the lengths of labels. */
  get bytes(): number {
    return this.#bytes
  }

  find(labels: Labels): number | undefined {
    let hash = HASH_SEED
    for (let i = 0; i < labels.size; i++) {
      const postings = this.#names.get(labels.names[i] as string)?.values.get(labels.values[i] as string)
      if (postings === undefined) return undefined
      hash = mix(hash, postings.id)
    }
    const refs = this.#refs.get(hash)
    if (typeof refs !== 'object') return refs !== undefined && isSame(this.labelsOf(refs), labels) ? refs : undefined
    return refs.find((ref) => isSame(this.labelsOf(ref), labels))
  }

  has(ref: number): boolean {
    return this.#labels.get(ref) !== undefined
  }

  /** All references from `from` on, ascending. */
  refs(from = 0): Generator<number, void> {
    return this.#labels.refs(from)
  }

  /** No reference from this one on was given out. */
  get nextRef(): number {
    return this.#nextRef
  }

  /** This reference will not be given out. */
  reserve(ref: number): void {
    this.#nextRef = Math.max(this.#nextRef, ref + 1)
  }

  /** Adds a series that is not there yet. A reference is given only for one that was read from a file. */
  add(labels: Labels, ref = this.#nextRef): number {
    this.reserve(ref)
    let hash = HASH_SEED
    const names = new Array<string>(labels.size)
    const values = new Array<string>(labels.size)
    for (let i = 0; i < labels.size; i++) {
      const label = this.#nameOf(labels.names[i] as string)
      const postings = this.#postingsOf(label, labels.values[i] as string)
      insertRef(postings.refs, ref)
      hash = mix(hash, postings.id)
      names[i] = label.name
      values[i] = postings.value
    }
    if (!isEqual(names, this.#lastNames)) this.#lastNames = names
    const others = this.#refs.get(hash)
    this.#refs.set(hash, others === undefined ? ref : typeof others === 'number' ? [others, ref] : [...others, ref])
    assert(!this.has(ref), 'a series is added once')
    this.#labels.add(ref, new Labels(this.#lastNames, values))
    this.#bytes += bytesOf(labels)
    return ref
  }

  /** The labels of a series that exists. */
  labelsOf(ref: number): Labels {
    const labels = this.#labels.get(ref)
    assert(labels !== undefined, 'labels of a series that exists')
    return labels
  }

  /** Forgets series that exist. Costs a pass over each of their postings. */
  remove(dead: ReadonlySet<number>): void {
    const touched = new Map<Postings, LabelName>()
    for (const ref of dead) {
      const labels = this.labelsOf(ref)
      let hash = HASH_SEED
      for (let i = 0; i < labels.size; i++) {
        const label = this.#names.get(labels.names[i] as string)
        const postings = label?.values.get(labels.values[i] as string)
        assert(label !== undefined && postings !== undefined, 'a series stands in the postings of its labels')
        touched.set(postings, label)
        hash = mix(hash, postings.id)
      }
      const refs = this.#refs.get(hash)
      if (typeof refs === 'object')
        this.#refs.set(
          hash,
          refs.filter((one) => one !== ref),
        )
      else this.#refs.delete(hash)
      this.#labels.delete(ref)
      this.#bytes -= bytesOf(labels)
    }
    for (const [postings, label] of touched) {
      postings.refs = postings.refs.filter((ref) => !dead.has(ref))
      if (postings.refs.length > 0) continue
      label.values.delete(postings.value)
      if (label.values.size === 0) this.#names.delete(label.name)
    }
  }

  /**
   * The series that satisfy all matchers, ascending. Starts from the shortest candidates that one matcher gives and tests the
   * others on each of them; a regular expression is tested once for each distinct value.
   */
  select(matchers: readonly Matcher[]): readonly number[] {
    const start = this.#candidates(matchers)
    const tests = matchers.filter((matcher) => matcher !== start.satisfied).map(testOf)
    if (tests.length === 0) return start.refs
    return start.refs.filter((ref) => {
      const labels = this.labelsOf(ref)
      return tests.every((test) => test(labels))
    })
  }

  names(): IterableIterator<string> {
    return this.#names.keys()
  }

  /** Each value of a label with its series. */
  valuesOf(name: string): Iterable<{ readonly value: string; readonly refs: readonly number[] }> {
    return this.#names.get(name)?.values.values() ?? []
  }

  /** A superset of what all matchers select, and the matcher that all of it satisfies. */
  #candidates(matchers: readonly Matcher[]): { refs: readonly number[]; satisfied?: Matcher } {
    let best: { refs: readonly number[]; satisfied: Matcher } | undefined
    for (const matcher of matchers) {
      if (matcher.operator !== '=' || matcher.value === '') continue
      const refs = this.#names.get(matcher.name)?.values.get(matcher.value)?.refs ?? []
      if (best === undefined || refs.length < best.refs.length) best = { refs, satisfied: matcher }
    }
    if (best !== undefined) return best
    // One that the empty value satisfies selects series without the label too, which no postings list.
    const matcher = matchers.find((one) => !one.matches(''))
    if (matcher === undefined) return { refs: [...this.#labels.refs()] }
    const lists: (readonly number[])[] = []
    for (const { value, refs } of this.valuesOf(matcher.name)) if (matcher.matches(value)) lists.push(refs)
    return { refs: union(lists), satisfied: matcher }
  }

  #nameOf(name: string): LabelName {
    let label = this.#names.get(name)
    if (label === undefined) {
      label = { name, values: new Map() }
      this.#names.set(name, label)
    }
    return label
  }

  #postingsOf(label: LabelName, value: string): Postings {
    let postings = label.values.get(value)
    if (postings === undefined) {
      postings = { id: this.#nextPostings++, value, refs: [] }
      label.values.set(value, postings)
    }
    return postings
  }
}

/** At the end, unless the reference comes from a file that is read late. */
function insertRef(refs: number[], ref: number): void {
  let at = refs.length
  while (at > 0 && (refs[at - 1] as number) > ref) at -= 1
  if (at === refs.length) refs.push(ref)
  else refs.splice(at, 0, ref)
}

function testOf(matcher: Matcher): (labels: Labels) => boolean {
  if (matcher.operator === '=' || matcher.operator === '!=') return (labels) => matcher.matches(labels.get(matcher.name))
  const known = new Map<string, boolean>()
  return (labels) => {
    const value = labels.get(matcher.name)
    let isMatch = known.get(value)
    if (isMatch === undefined) {
      isMatch = matcher.matches(value)
      known.set(value, isMatch)
    }
    return isMatch
  }
}

/** Of ascending lists without common members (a series has one value of a label), ascending. */
function union(lists: readonly (readonly number[])[]): readonly number[] {
  if (lists.length <= 1) return lists[0] ?? []
  return Array.from(Float64Array.from(lists.flat()).sort())
}

/** Measured with 3 and 8 labels: labels, map entries and postings, and a series' share of them. */
function bytesOf(labels: Labels): number {
  return 165 + 18 * labels.size
}

const HASH_SEED = 17

/** 30 bits, so that a hash is a small integer and not an object. */
function mix(hash: number, id: number): number {
  const mixed = Math.imul(hash ^ id, 0x9e3779b1)
  return (mixed ^ (mixed >>> 15)) & 0x3fffffff
}

function isSame(a: Labels, b: Labels): boolean {
  return isEqual(a.names, b.names) && isEqual(a.values, b.values)
}

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
