'use strict';
// `node consumer.js dubbo://host:port`: runs every case, one JSON line each, then the calls that share a connection.

const { DirectlyDubbo, java } = require('dubbo2.js');
const { canonical } = require('./canonical');
const cases = require('./cases');

const CALL_SECONDS = 10;
const AT_ONCE = 64;
const ROUNDS = 10;

const service = { dubboInterface: 'org.wubbo.demo.EchoService', version: '1.0.0' };

function caller(dubbo) {
  return (method, args, changed = {}) => {
    const proxy = dubbo.proxyService({ ...service, ...changed, methods: { [method]: () => args } });
    return proxy[method]();
  };
}

function outcome({ res, err }) {
  if (err === null) return { value: canonical(res) };
  // hessian.js makes an error of a throwable, named after its class; dubbo2.js another one of a status other than 20, with
  // undecoded words.
  if (err.constructor.name === 'DubboDecodeError') return { failure: 'a status other than 20' };
  return { exception: { class: err.name, message: err.message } };
}

// Many calls in flight on one connection: each must get its own answer.
async function many(call) {
  let right = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const asked = Array.from({ length: AT_ONCE }, (_, index) => `${round}-${index}`);
    const answers = await Promise.all(asked.map((text) => call('echo', [java.String(text)])));
    right += answers.filter(({ res }, index) => res === asked[index]).length;
  }
  return { value: canonical(right) };
}

async function main() {
  const [url] = process.argv.slice(2);
  const place = /^dubbo:\/\/([^/?]+)/.exec(url || '');
  if (!place) throw new Error('usage: node consumer.js dubbo://host:port');
  const dubbo = DirectlyDubbo.from({
    dubboAddress: place[1],
    dubboVersion: '2.0.2',
    dubboInvokeTimeout: CALL_SECONDS,
  });
  const call = caller(dubbo);
  for (const [id, method, args, changed] of cases) {
    print(id, outcome(await call(method, args, changed)));
  }
  print(`concurrency/${AT_ONCE}x${ROUNDS}`, await many(call));
}

function print(id, result) {
  process.stdout.write(`${JSON.stringify({ case: id, ...result })}\n`);
}

// dubbo2.js reconnects for ever, so the program ends itself, when its lines are written.
main()
  .then(() => 0)
  .catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    return 1;
  })
  .then((code) => process.stdout.write('', () => process.exit(code)));
