import { parse } from '@signalbox/promql'
import { expect, test } from 'vitest'
import { expressionJson } from './expression-json.ts'

function tree(text: string): unknown {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return expressionJson(parsed.value)
}

const selector = (name: string) => ({
  type: 'vectorSelector',
  name,
  offset: 0,
  matchers: [{ name: '__name__', value: name, type: '=' }],
  timestamp: null,
  startOrEnd: null,
})

test('selectors show matchers, offset in milliseconds and the moment of @', () => {
  expect(tree('up{job=~"a|b"}[5m] offset -1m @ 12.5')).toEqual({
    type: 'matrixSelector',
    name: 'up',
    range: 300_000,
    offset: -60_000,
    matchers: [
      { name: 'job', value: 'a|b', type: '=~' },
      { name: '__name__', value: 'up', type: '=' },
    ],
    timestamp: 12_500,
    startOrEnd: null,
  })
  expect(tree('sum(up)[1h:] @ end()')).toEqual({
    type: 'subquery',
    expr: { type: 'aggregation', op: 'sum', expr: selector('up'), param: null, grouping: [], without: false },
    range: 3_600_000,
    step: 0,
    offset: 0,
    timestamp: null,
    startOrEnd: 'end',
  })
})

test('two vectors show how they match, written or not; a scalar beside a vector does not match', () => {
  const fillValues = { lhs: null, rhs: null }
  expect(tree('a / b')).toMatchObject({ matching: { card: 'one-to-one', labels: [], on: false, include: [], fillValues }, bool: false })
  expect(tree('a and b')).toMatchObject({ matching: { card: 'many-to-many' } })
  expect(tree('a == bool on (x) group_left (y) b')).toMatchObject({
    op: '==',
    bool: true,
    matching: { card: 'many-to-one', labels: ['x'], on: true, include: ['y'] },
  })
  expect(tree('a * 2')).toEqual({
    type: 'binaryExpr',
    op: '*',
    lhs: selector('a'),
    rhs: { type: 'numberLiteral', val: '2' },
    matching: null,
    bool: false,
  })
})

test('calls carry what is known about the function', () => {
  expect(tree('round(a)')).toEqual({
    type: 'call',
    func: { name: 'round', argTypes: ['vector', 'scalar'], variadic: 1, returnType: 'vector' },
    args: [selector('a')],
  })
  expect(tree('label_join(a, "b", ",")')).toMatchObject({ func: { variadic: -1 }, args: [{}, { type: 'stringLiteral', val: 'b' }, { val: ',' }] })
  expect(tree('time()')).toMatchObject({ func: { argTypes: [], variadic: 0, returnType: 'scalar' }, args: [] })
})

test('aggregations, signs, parentheses and numbers', () => {
  expect(tree('topk without (x) (3, a)')).toMatchObject({ op: 'topk', param: { val: '3' }, grouping: ['x'], without: true })
  expect(tree('-(a)')).toEqual({ type: 'unaryExpr', op: '-', expr: { type: 'parenExpr', expr: selector('a') } })
  expect([tree('1e30'), tree('-Inf'), tree('NaN'), tree('5m')].map((one) => (one as { val: string }).val)).toEqual([
    '1000000000000000000000000000000',
    '-Inf',
    'NaN',
    '300',
  ])
})
