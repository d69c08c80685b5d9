import type { Feed, FeedEvent, Scheduler } from '@signalbox/scheduler'

/** Messages passed before the list of them is cut. */
const PASSED_MAX = 1024

/** What gateways tell each other, the same time later for all: a list in order of sending is one in order of arrival. */
export class FeedDelay {
  readonly #members: Scheduler[] = []
  readonly #announce: () => void
  #sent: { readonly from: number; readonly event: FeedEvent }[] = []
  #passed = 0

  /** `announce` is called for each message, and `deliver` is to be called the delay later. */
  constructor(announce: () => void) {
    this.#announce = announce
  }

  /** The way out of member `from`, a place in order of joining. */
  outlet(from: number): Feed {
    return {
      publish: (event) => {
        this.#sent.push({ from, event })
        this.#announce()
      },
    }
  }

  join(scheduler: Scheduler): void {
    this.#members.push(scheduler)
  }

  /** Everything that is under way arrives at once. */
  deliverAll(): void {
    while (this.deliver());
  }

  /** The oldest message reaches everybody but its sender; false: none is under way. */
  deliver(): boolean {
    const message = this.#sent[this.#passed]
    if (message === undefined) return false
    this.#passed += 1
    if (this.#passed === PASSED_MAX) {
      this.#sent = this.#sent.slice(PASSED_MAX)
      this.#passed = 0
    }
    this.#members.forEach((member, place) => {
      if (place !== message.from) member.siblingSaid(`gateway-${message.from}`, message.event)
    })
    return true
  }
}
