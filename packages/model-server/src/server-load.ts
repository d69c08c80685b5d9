/** How many requests for answers a server has. SOURCE: `reference/vllm.md` §1.9, `GET /load`. */
export class ServerLoad {
  #requests = 0

  get requests(): number {
    return this.#requests
  }

  /** Answers how to say that the request is over; to be called once. */
  begin(): () => void {
    this.#requests += 1
    return () => {
      this.#requests -= 1
    }
  }
}
