import { type ScrapeDeps, type ScrapeLimits, ScrapeLoop } from './scrape-loop.ts'
import type { FamilyMetadata } from './scraped-page.ts'
import { identityOf, labelsOf, type TargetConfig, type TargetView } from './target.ts'

/** All scrape loops, one a target. */
export class TargetSet {
  readonly #deps: ScrapeDeps
  readonly #limits: ScrapeLimits
  readonly #loops = new Map<string, ScrapeLoop>()
  #roundDone = false

  constructor(limits: ScrapeLimits, deps: ScrapeDeps) {
    this.#limits = limits
    this.#deps = deps
  }

  /**
   * Starts loops for new targets and ends those of targets that are gone; the others go on undisturbed. A target
   * whose series would have the labels of an earlier one in the list is left out, with a line in the log.
   */
  set(targets: readonly TargetConfig[]): void {
    const wanted = new Map<string, TargetConfig>()
    const taken = new Set<string>()
    for (const target of targets) {
      const labels = labelsOf(target)
      if (taken.has(labels.key)) {
        this.#deps.log('error', 'target left out: another one has the same labels', { url: target.url, ...labels.toRecord() })
        continue
      }
      taken.add(labels.key)
      wanted.set(identityOf(target), target)
    }
    // First the ends, then the beginnings: a changed target may keep its labels.
    for (const [identity, loop] of this.#loops) {
      if (wanted.has(identity)) continue
      loop.remove()
      this.#loops.delete(identity)
    }
    for (const [identity, target] of wanted) {
      if (this.#loops.has(identity)) continue
      const loop = new ScrapeLoop(target, this.#limits, this.#deps)
      this.#loops.set(identity, loop)
      loop.start()
    }
  }

  stop(): void {
    for (const loop of this.#loops.values()) loop.stop()
  }

  get limits(): ScrapeLimits {
    return this.#limits
  }

  views(): TargetView[] {
    return [...this.#loops.values()].map((loop) => loop.view)
  }

  /** Whether every target of some moment had been scraped at least once, well or not. Stays true. */
  get roundDone(): boolean {
    this.#roundDone ||= [...this.#loops.values()].every((loop) => loop.view.health !== 'unknown')
    return this.#roundDone
  }

  /** What targets say about each family, one entry for each different statement, by family name. */
  metadata(): ReadonlyMap<string, readonly FamilyMetadata[]> {
    const families = new Map<string, FamilyMetadata[]>()
    for (const loop of this.#loops.values()) {
      for (const [name, said] of loop.metadata) {
        const known = families.get(name)
        if (known === undefined) families.set(name, [said])
        else if (!known.some((other) => other.type === said.type && other.help === said.help)) known.push(said)
      }
    }
    return families
  }
}
