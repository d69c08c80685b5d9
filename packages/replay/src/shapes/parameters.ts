import type { ShapeParameter } from './shape.ts'

/** A parameter that counts something: tokens, requests, documents. */
export function countOf(about: string, byDefault: number, most = 1_000_000): ShapeParameter {
  return { about, default: byDefault, least: 1, most, isWhole: true }
}

/** A parameter that measures something: a rate, a time, a spread. */
export function amountOf(about: string, byDefault: number, { least = 0, most = 1e9 } = {}): ShapeParameter {
  return { about, default: byDefault, least, most, isWhole: false }
}

/** Parameters that every shape has: how many requests, how fast, how long the answers are. */
export const traffic = {
  requests: countOf('requests in all', 1000, 10_000_000),
  ratePerSecond: amountOf('mean arrivals a second', 5, { least: 0.0001, most: 100_000 }),
  outputTokens: countOf('mean tokens of an answer', 200),
  outputSpread: amountOf('standard deviation of answers over their mean', 0.7, { most: 10 }),
} as const

/** Parameters of prompts of random length. */
export const randomPrompts = {
  promptTokens: countOf('mean tokens of a prompt', 1000),
  promptSpread: amountOf('standard deviation of prompts over their mean', 1, { most: 10 }),
} as const
