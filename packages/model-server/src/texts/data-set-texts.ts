import { open } from 'node:fs/promises'
import { failure, ok, type Result } from '@signalbox/base'
import { isObject, type JsonObject } from '../body.ts'
import type { AnswerTexts } from './answer-texts.ts'
import { repeated } from './echo-texts.ts'

const FILE_BYTES_MAX = 256 * 1024 * 1024
const ANSWERS_MAX = 200_000

interface DataSet {
  readonly answers: string[]
  /** The first answer to each question. */
  readonly byQuestion: Map<string, string>
}

/**
 * Reads a file of answers, one JSON object a line: `{"prompt": "...", "output": "..."}` (the prompt may be missing) or
 * `{"conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}, ...]}`. A question that the file
 * has is answered as it says; any other gets an answer of the file by its hash. At most 256 MiB and 200,000 answers.
 * The failure names the file, the line and the fix.
 */
export async function loadDataSet(path: string): Promise<Result<AnswerTexts, string>> {
  const text = await readBounded(path)
  return text.ok ? dataSetTexts(text.value, path) : text
}

/** `loadDataSet` of a text that is there already; `name` is what failures call it. */
export function dataSetTexts(text: string, name: string): Result<AnswerTexts, string> {
  const set: DataSet = { answers: [], byQuestion: new Map() }
  let line = 0
  for (let start = 0; start < text.length; ) {
    line += 1
    const newline = text.indexOf('\n', start)
    const end = newline === -1 ? text.length : newline
    const written = text.slice(start, end).trim()
    start = end + 1
    if (written === '') continue
    const problem = addLine(written, set)
    if (problem !== undefined) return failure(`${name}, line ${line}: ${problem}`)
    if (set.answers.length > ANSWERS_MAX) return failure(`${name} has more than ${ANSWERS_MAX} answers; take a part of it`)
  }
  const { answers, byQuestion } = set
  if (answers.length === 0) return failure(`${name} holds no answers; each line is to be an object with an output`)
  return ok({
    answer: ({ seed, question }, charactersMin) => repeated(byQuestion.get(question) ?? (answers[seed % answers.length] as string), charactersMin),
  })
}

function addLine(line: string, set: DataSet): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return `not JSON: ${(error as SyntaxError).message}`
  }
  if (!isObject(value)) return 'is to be a JSON object'
  if (Array.isArray(value['conversations'])) return addConversation(value['conversations'], set)
  const { prompt, output } = value
  if (typeof output !== 'string' || output === '') return 'output is to be a text that is not empty (or conversations a list)'
  if (prompt !== undefined && prompt !== null && typeof prompt !== 'string') return 'prompt is to be a text, or missing'
  add(set, typeof prompt === 'string' ? prompt : undefined, output)
  return undefined
}

function addConversation(turns: readonly unknown[], set: DataSet): string | undefined {
  let question: string | undefined
  for (const [index, turn] of turns.entries()) {
    const { from, value } = (isObject(turn) ? turn : {}) as JsonObject
    if (typeof from !== 'string' || typeof value !== 'string') return `conversations[${index}] is to have from and value`
    if (from === 'human' || from === 'user') question = value
    else if ((from === 'gpt' || from === 'assistant') && value !== '') add(set, question, value)
  }
  return undefined
}

function add({ answers, byQuestion }: DataSet, question: string | undefined, answer: string): void {
  answers.push(answer)
  if (question !== undefined && !byQuestion.has(question)) byQuestion.set(question, answer)
}

async function readBounded(path: string): Promise<Result<string, string>> {
  try {
    const file = await open(path)
    try {
      const { size } = await file.stat()
      if (size > FILE_BYTES_MAX) return failure(`${path} has ${size} bytes, the most is ${FILE_BYTES_MAX}; take a part of it`)
      return ok(await file.readFile('utf8'))
    } finally {
      await file.close()
    }
  } catch (error) {
    return failure(`the file of answers cannot be read: ${(error as Error).message}`)
  }
}
