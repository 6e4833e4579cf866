/**
 * How long one four-eyes payment takes to execute: authorisation, handler, invariants, sums,
 * encoding and hashing of what it writes; without signatures, tree and disk.
 * Run: `npx node --conditions=source packages/applications/bench/disburse.ts`
 */
import { cpus } from 'node:os';
import {
  allocate,
  appropriate,
  CONTROLLER,
  carryOut,
  commit,
  disburse,
  emptyLedger,
  gbp,
  PAYER,
} from '../test/treasury-scene.ts';

const BLOCKS = 40;
const PAYMENTS_PER_BLOCK = 500;
const COMMITMENTS = 50;
const WARM_UP = 10;

const ledger = emptyLedger();
const plenty = gbp(10 ** 12);
carryOut(ledger, appropriate({ amount: plenty }), allocate({ amount: plenty }));
for (let at = 0; at < COMMITMENTS; at += 1) {
  carryOut(ledger, commit({ commitment: `c-${at}`, amount: gbp(10 ** 9) }));
}

const perPayment: number[] = [];
let number = 0;
for (let block = 0; block < BLOCKS; block += 1) {
  const transactions = Array.from({ length: PAYMENTS_PER_BLOCK }, () => {
    number += 1;
    const commitment = `c-${number % COMMITMENTS}`;
    const source = {
      publisher: 'water',
      dataset: 'spend/2026-03',
      number: `${number}`,
      occurrence: 1,
    };
    const description = 'EXP - PURCHASE OF GOODS/SERVICES - MARKETING & MEDIA';
    const payment = `spend.2026-03.${number}.1`;
    return ledger.transaction(
      [disburse({ commitment, payment, description, source })],
      [PAYER, CONTROLLER],
    );
  });
  const started = performance.now();
  const executed = ledger.block(transactions);
  const microseconds = ((performance.now() - started) / PAYMENTS_PER_BLOCK) * 1000;
  if (executed.some(({ failure }) => failure !== undefined)) throw new Error('a payment failed');
  if (block >= WARM_UP) perPayment.push(microseconds);
}

const sorted = perPayment.toSorted((a, b) => a - b);
const at = (part: number): string =>
  (sorted[Math.floor(part * (sorted.length - 1))] ?? 0).toFixed(1);
console.log(`${cpus()[0]?.model}, ${cpus().length} CPUs, Node ${process.version}`);
console.log(
  `${BLOCKS - WARM_UP} blocks of ${PAYMENTS_PER_BLOCK} payments, microseconds a payment:`,
);
console.log(`min ${at(0)}  p50 ${at(0.5)}  p90 ${at(0.9)}  max ${at(1)}`);
