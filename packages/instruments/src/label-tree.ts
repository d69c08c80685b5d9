type Branch<Value> = Map<string, Branch<Value> | Value>

/**
 * Values by label values: one Map a label, nested, because the engine has hashed the strings already and a joined key
 * would be hashed anew for each request.
 *
 *     find('llama', 'llama-a', ...)  ->  root.get('llama').get('llama-a') ... -> value
 *
 * `Value` is no Map. All tuples of one tree have the same length.
 */
export class LabelTree<Value extends object> {
  #root: Branch<Value> | Value | undefined

  find(labels: readonly string[]): Value | undefined {
    let node = this.#root
    for (let i = 0; i < labels.length; i++) {
      if (node === undefined) return undefined
      node = (node as Branch<Value>).get(labels[i] as string)
    }
    return node as Value | undefined
  }

  /** Hangs a value into the tree; undefined takes it out with the branches that it leaves empty. */
  set(labels: readonly string[], value: Value | undefined): void {
    this.#root = graft(this.#root as Branch<Value> | undefined, labels, { depth: 0, value })
  }

  clear(): void {
    this.#root = undefined
  }
}

function graft<Value extends object>(
  branch: Branch<Value> | undefined,
  labels: readonly string[],
  { depth, value }: { depth: number; value: Value | undefined },
): Branch<Value> | Value | undefined {
  if (depth === labels.length) return value
  const grown: Branch<Value> = branch ?? new Map()
  const label = labels[depth] as string
  const child = graft(grown.get(label) as Branch<Value> | undefined, labels, { depth: depth + 1, value })
  if (child === undefined) grown.delete(label)
  else grown.set(label, child)
  return grown.size === 0 ? undefined : grown
}
