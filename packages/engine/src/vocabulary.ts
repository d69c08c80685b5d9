import { mix32 } from './block-hash.ts'
import { tokenOf } from './tokenizer.ts'

/** Four letters at most, so that each word with the space before it is one token. */
const WORDS = (
  'the a this that one each our line rail road yard gate post lamp bell rope box gang crew city town hill lake farm mill port ' +
  'run runs goes went come came keep kept hold held send sent wait stop turn pull call sees hear tell know make made take show ' +
  'long slow fast full cold warm dark wide open shut safe late soon next last near far old new red good calm ' +
  'and or but then when as if so by at on in to of for from with over past once more less now here back'
).split(' ')

/** Tokens of a sentence, its full stop included. */
const SENTENCE_TOKENS = 12

/** How a word stands: inside a sentence, at the start of the answer, at the start of a later sentence. */
const INSIDE = WORDS.map((word) => ` ${word}`)
const OPENING = WORDS.map((word) => word.charAt(0).toUpperCase() + word.slice(1))
const STARTING = OPENING.map((word) => ` ${word}`)
const STOP = '.'

const TOKENS: ReadonlyMap<string, number> = new Map([STOP, ...INSIDE, ...OPENING, ...STARTING].map((piece) => [piece, tokenOf(piece)]))
const TEXTS: ReadonlyMap<number, string> = new Map([...TOKENS].map(([piece, token]) => [token, piece]))

/** Token `index` of the answer with this seed: a word, or the full stop that ends every sentence. A pure function. */
export function tokenAt(seed: number, index: number): number {
  return TOKENS.get(pieceAt(seed, index)) as number
}

/** The text of a generated token; empty for a token that no answer contains. */
export function textOf(token: number): string {
  return TEXTS.get(token) ?? ''
}

function pieceAt(seed: number, index: number): string {
  const place = index % SENTENCE_TOKENS
  if (place === SENTENCE_TOKENS - 1) return STOP
  const words = place > 0 ? INSIDE : index === 0 ? OPENING : STARTING
  return words[mix32(seed, index) % words.length] as string
}
