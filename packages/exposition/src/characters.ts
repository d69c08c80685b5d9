/** ASCII codes of the two formats' punctuation. */
const TAB = 0x09
export const NEWLINE = 0x0a
export const RETURN = 0x0d
const SPACE = 0x20
export const QUOTE = 0x22
export const HASH = 0x23
export const PLUS = 0x2b
export const COMMA = 0x2c
export const MINUS = 0x2d
export const DOT = 0x2e
export const ZERO = 0x30
export const EQUALS = 0x3d
export const BACKSLASH = 0x5c
export const OPEN = 0x7b
export const CLOSE = 0x7d

const LETTER = 1
const DIGIT = 2
const COLON = 4

const classes = new Uint8Array(256)
for (let code = 0; code < 26; code++) {
  classes[0x41 + code] = LETTER
  classes[0x61 + code] = LETTER
}
classes[0x5f] = LETTER
for (let digit = 0; digit < 10; digit++) classes[ZERO + digit] = DIGIT
classes[0x3a] = COLON

/** What may stand in a metric name `[a-zA-Z_:][a-zA-Z0-9_:]*`. An absent code (past the end) is no part of it. */
export function isMetricNameCode(code: number | undefined, first: boolean): boolean {
  return hasClass(code, first ? LETTER | COLON : LETTER | COLON | DIGIT)
}

/** What may stand in a label name `[a-zA-Z_][a-zA-Z0-9_]*`. */
export function isLabelNameCode(code: number | undefined, first: boolean): boolean {
  return hasClass(code, first ? LETTER : LETTER | DIGIT)
}

export function isBlank(code: number | undefined): boolean {
  return code === SPACE || code === TAB
}

function hasClass(code: number | undefined, wanted: number): boolean {
  return code !== undefined && code < 256 && ((classes[code] as number) & wanted) !== 0
}
