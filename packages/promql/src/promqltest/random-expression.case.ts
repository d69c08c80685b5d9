import fc from 'fast-check'

/*
 * Random expressions of every form of the language, well typed, as text. Metric names are those of `fuzzStore` and some of none.
 */

const label = fc.constantFrom('a', 'b', 'le', 'on', 'sum', 'model_name')
const labels = fc.uniqueArray(label, { maxLength: 3 }).map((names) => `(${names.join(', ')})`)
const quoted = fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => JSON.stringify(text))
const duration = fc.constantFrom(
  '5m',
  '1h30m',
  '90s',
  '1d',
  '250ms',
  '2w',
  '300',
  '1m + 2m',
  '(5m - 1m) * 2',
  'step() + 1m',
  'max_of(range(), 3m)',
  '-(1m) + 10m',
  '2 ^ 3 * 60',
  '7m % 4m',
)
const number = fc.oneof(
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('0x1f', 'Inf', 'NaN', '1_000', '.5', '017', '5m'),
)
const matcher = fc.tuple(label, fc.constantFrom('=', '!=', '=~', '!~'), fc.constantFrom('""', '"x"', '".+"', '"a|b"', "'it\\'s'"))
const modifier = fc.constantFrom(
  '',
  ' offset 5m',
  ' offset -1h',
  ' @ 12.5',
  ' @ start()',
  ' @ end() offset 3m',
  ' offset 1s @ -7',
  ' offset (2m * 2)',
  ' offset -step()',
  ' offset min_of(1m, range())',
)

function selector(range: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .tuple(
      fc.constantFrom('up', 'a:b', 'sum', 'offset', 'by', 'c_total', 'h', 'n', 'mixed'),
      fc.array(
        matcher.map((parts) => parts.join('')),
        { maxLength: 2 },
      ),
      range,
      modifier,
    )
    .map(([name, matchers, brackets, rest]) => `${name}${matchers.length > 0 ? `{${matchers.join(', ')}}` : ''}${brackets}${rest}`)
}

export const { vector, scalar } = fc.letrec<{ vector: string; scalar: string; range: string }>((tie) => ({
  vector: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    selector(fc.constant('')),
    fc
      .tuple(fc.constantFrom('abs', 'sort', 'absent', 'histogram_count', 'histogram_stddev', 'start_timestamp', 'sort_by_label'), tie('vector'))
      .map(([name, arg]) => `${name}(${arg})`),
    fc
      .tuple(
        fc.constantFrom('rate', 'irate', 'max_over_time', 'deriv', 'avg_over_time', 'changes', 'mad_over_time', 'ts_of_last_over_time'),
        tie('range'),
      )
      .map(([name, arg]) => `${name}(${arg})`),
    fc
      .tuple(fc.constantFrom('sum', 'AVG', 'group', 'stddev', 'min'), fc.constantFrom('by', 'without'), labels, tie('vector'))
      .map(([name, way, names, arg]) => `${name} ${way} ${names} (${arg})`),
    selector(fc.constant('')).map((text) => `${text} smoothed`),
    fc
      .tuple(fc.constantFrom('rate', 'increase', 'delta'), selector(fc.constant('[5m]')), fc.constantFrom('anchored', 'smoothed'))
      .map(([name, range, way]) => `${name}(${range} ${way})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '>', '- on (a)'),
        fc.constantFrom('fill(0)', 'fill_left(1)', 'fill_right(2) fill_left(-1)'),
        tie('vector'),
      )
      .map(([left, operator, fill, right]) => `((${left}) ${operator} ${fill} (${right}))`),
    fc.tuple(tie('vector'), fc.constantFrom('</', '>/'), number).map((parts) => `(${parts.join(' ')})`),
    fc.tuple(fc.constantFrom('histogram_quantile'), tie('scalar'), tie('vector')).map(([name, q, arg]) => `${name}(${q}, ${arg})`),
    fc.tuple(tie('vector'), fc.constantFrom('', ', {a=~".*"}', ', {__name__="up"}')).map(([arg, rest]) => `info(${arg}${rest})`),
    fc
      .tuple(fc.constantFrom('topk', 'quantile', 'limitk', 'limit_ratio'), tie('scalar'), tie('vector'))
      .map(([name, k, arg]) => `${name}(${k}, ${arg})`),
    fc.tuple(tie('vector'), quoted, quoted, quoted).map(([arg, ...texts]) => `label_join(${arg}, ${texts.join(', ')})`),
    fc
      .tuple(tie('vector'), fc.constantFrom('+', '-', '^', 'atan2', '> bool', '<=', 'and', 'or', 'unless'), tie('vector'))
      .map((parts) => parts.join(' ')),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('*', '=='),
        fc.constantFrom('on', 'ignoring'),
        fc.constantFrom('', 'group_left', 'group_right (c, d)'),
        tie('vector'),
      )
      .map(([left, operator, way, group, right]) => `${left} ${operator} ${way} (a) ${group === 'group_left' ? 'group_left ()' : group} ${right}`),
    fc.tuple(fc.constantFrom('+', '-'), tie('vector')).map((parts) => parts.join('')),
    tie('vector').map((inner) => `(${inner})`),
  ),
  scalar: fc.oneof(
    { maxDepth: 3 },
    number,
    fc.tuple(tie('scalar'), fc.constantFrom('+', '*', '^', '%', '>= bool'), tie('scalar')).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom('-', '+'), tie('scalar')).map((parts) => parts.join(' ')),
    tie('vector').map((inner) => `scalar(${inner})`),
    tie('scalar').map((inner) => `(${inner})`),
  ),
  range: fc.oneof(
    selector(duration.map((text) => `[${text}]`)),
    fc
      .tuple(tie('vector'), duration, fc.oneof(fc.constant(''), duration), modifier)
      .map(([inner, range, step, rest]) => `(${inner})[${range}:${step}]${rest}`),
  ),
}))
