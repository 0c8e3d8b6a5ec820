'use strict';
// The cases: an id, a method, and its arguments as js-to-java describes them to dubbo2.js.

const java = require('js-to-java');

const EMOJI = '\u{1F600}';
// Around the lengths at which Hessian changes its form.
const LENGTHS = [0, 1, 31, 32, 1023, 1024, 32767, 32768, 65535, 65536];

const user = (id) =>
  java.combine('org.wubbo.demo.User', {
    id: java.String(id),
    name: java.String('name'),
    age: java.int(7),
    time: { $class: 'java.util.Date', $: new Date(1590926400000) },
    sex: { $class: 'org.wubbo.demo.Sex', $: { name: 'WOMAN' } },
    tags: java.List([java.String('x'), java.String('')]),
    scores: java.Map({ math: java.Double(1.5) }),
  });

const any = (value) => ({ $class: 'java.lang.Object', $: value });
// dubbo2.js makes the descriptor of $class, hessian.js would write a list of it: so the buffer itself carries the words.
const bytes = (length) => Object.assign(Buffer.alloc(length, 0xa7), { $class: '[byte', $: length });

function strings() {
  const cases = [
    ['echo/ascii', 'hello'],
    ['echo/umlauts', 'äöü ß'],
    ['echo/chinese', '你好,世界'],
    ['echo/emoji', `${EMOJI}a${EMOJI}`],
    ['echo/4MB', 'x'.repeat(4 * 1024 * 1024)],
  ];
  for (const length of LENGTHS) {
    cases.push([`echo/length-${length}`, 'y'.repeat(length)], [`echo/chinese-${length}`, '界'.repeat(length)]);
  }
  return cases.map(([id, text]) => [id, 'echo', [java.String(text)]]);
}

function numbers() {
  const cases = [];
  for (const [a, b] of [[0, 0], [1, 2], [-17, 47], [-2049, 262143], [2147483647, 1], [-2147483648, -1]]) {
    cases.push([`add/${a}+${b}`, 'add', [java.int(a), java.int(b)]]);
  }
  for (const [a, b] of [[0, 1], [4294967296, 7], ['9223372036854775807', 1], ['-9223372036854775808', 0]]) {
    cases.push([`addLong/${a}+${b}`, 'addLong', [java.long(a), java.long(b)]]);
  }
  for (const [a, b] of [[0, 1], [1.5, 2], [-12.25, 4], [1e300, 10], [0.1, 0.2], [127, 1], [32768, 1]]) {
    cases.push([`scale/${a}x${b}`, 'scale', [java.double(a), java.double(b)]]);
  }
  for (const value of [true, false]) cases.push([`negate/${value}`, 'negate', [java.boolean(value)]]);
  return cases;
}

function objects() {
  const cases = [
    ['getUser/7', 'getUser', [java.String('7')]],
    ['saveUser/whole', 'saveUser', [user('1')]],
    ['saveUser/empty-id', 'saveUser', [user('')]],
    ['flip/MAN', 'flip', [{ $class: 'org.wubbo.demo.Sex', $: { name: 'MAN' } }]],
    ['flip/WOMAN', 'flip', [{ $class: 'org.wubbo.demo.Sex', $: { name: 'WOMAN' } }]],
    ['describe/empty', 'describe', [java.Map({})]],
    ['describe/some', 'describe', [java.Map({ a: java.int(1), b: java.String('two'), c: null })]],
    ['echoObject/text', 'echoObject', [any('text')]],
    ['echoObject/int', 'echoObject', [any(42)]],
    ['echoObject/double', 'echoObject', [any(0.5)]],
    ['echoObject/true', 'echoObject', [any(true)]],
    ['echoObject/date', 'echoObject', [any(new Date(1590926400123))]],
  ];
  for (const n of [0, 1, 15, 1000, -1, 10001]) cases.push([`listUsers/${n}`, 'listUsers', [java.int(n)]]);
  for (const length of LENGTHS) cases.push([`echoBytes/${length}`, 'echoBytes', [bytes(length)]]);
  return cases;
}

const rest = [
  ['touch', 'touch', []],
  ['whoami', 'whoami', []],
  ['sleep/50', 'sleep', [java.long(50)]],
  ['fail/words', 'fail', [java.String('no luck')]],
  ['fail/empty', 'fail', [java.String('')]],
  ['crash/words', 'crash', [java.String('bang')]],
  ['$echo/text', '$echo', [any('OK')]],
  ['attachments/none', 'attachments', []],
  ['refused/unknown-method', 'nope', []],
  ['refused/wrong-descriptor', 'echo', [java.int(1)]],
  ['refused/wrong-version', 'echo', [java.String('x')], { version: '9.9.9' }],
  ['refused/wrong-group', 'echo', [java.String('x')], { group: 'nope' }],
  ['refused/unknown-path', 'echo', [java.String('x')], { dubboInterface: 'org.wubbo.demo.NoSuchService' }],
];

module.exports = [...strings(), ...numbers(), ...objects(), ...rest];
