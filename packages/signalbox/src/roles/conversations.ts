import type { Random } from '@signalbox/base'

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

const TOPICS = [
  'points and crossings',
  'block sections',
  'axle counters',
  'interlocking tables',
  'level crossings',
  'timetable slack',
  'track circuits',
  'shunting moves',
]
const ASKS = [
  'Explain in two sentences',
  'List the three commonest faults of',
  'What changes at night for',
  'Write a short checklist for',
  'Compare old and new practice for',
]
const DESKS = ['the signalling desk of a busy junction', 'the maintenance desk of a branch line', 'the training desk of a depot']
/** Turns before a conversation is replaced by a new one: long enough that caches matter, short enough that prompts stay small. */
const TURNS_MAX = 6

interface Conversation {
  readonly messages: Message[]
  turns: number
  busy: boolean
}

/**
 * A handful of people talking to three assistants, each assistant with a long instruction of its own: prompts share
 * prefixes within an assistant and grow within a conversation, which is what cache-aware routing is for.
 */
export class Conversations {
  readonly #random: Random
  readonly #open: Conversation[] = []

  constructor(random: Random, count: number) {
    this.#random = random
    for (let i = 0; i < count; i++) this.#open.push(this.#fresh())
  }

  /** The next turn of a conversation that is not waiting for an answer; undefined when all are. */
  next(): { readonly messages: readonly Message[]; answered(text: string | undefined): void } | undefined {
    const idle = this.#open.filter((conversation) => !conversation.busy)
    const conversation = idle[Math.floor(this.#random.next() * idle.length)]
    if (conversation === undefined) return undefined
    conversation.busy = true
    conversation.messages.push({ role: 'user', content: `${this.#one(ASKS)} ${this.#one(TOPICS)}.` })
    return {
      messages: [...conversation.messages],
      answered: (text) => {
        conversation.busy = false
        conversation.turns += 1
        if (text !== undefined && conversation.turns < TURNS_MAX) conversation.messages.push({ role: 'assistant', content: text })
        else this.#open[this.#open.indexOf(conversation)] = this.#fresh()
      },
    }
  }

  #fresh(): Conversation {
    return { messages: [{ role: 'system', content: instruction(this.#one(DESKS)) }], turns: 0, busy: false }
  }

  #one<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random.next() * items.length)] as T
  }
}

function instruction(desk: string): string {
  const rules = TOPICS.map(
    (topic, index) => `${index + 1}. When asked about ${topic}, say what is certain first, name the rule book's section, and keep to plain words.`,
  )
  return `You answer questions for ${desk}. ${rules.join(' ')} If a question touches safety of life, say so before anything else and name who must be called.`
}
