/**
 * The contract of most simulated chains: running sums by name. Small, so that a second of processor
 * time goes into consensus and recovery and not into the rules of an office.
 */
import { defineContract, field } from '@daybook/contracts';

/** Longest note of an addition, in characters. */
export const NOTE_MAX = 5000;

const name = field.slug({ en: 'Name', zh: '名称' });
const amount = field.integer({ en: 'Amount', zh: '数量', min: 1, max: 1000 });
/** Makes records long, for what stores them in pieces of memory and of files. */
const note = field.optional(field.text({ en: 'Note', zh: '备注', max: NOTE_MAX }));

const about = {
  number: 901,
  name: 'tally',
  title: { en: 'Tally', zh: '计数' },
  help: { en: 'Running sums, for simulations.', zh: '累计数,用于模拟。' },
  records: {
    sum: {
      number: 1,
      title: { en: 'Sum', zh: '合计' },
      key: { name },
      fields: { total: field.integer({ en: 'Total', zh: '总数' }), note },
    },
  },
};
const adding = {
  title: { en: 'Add', zh: '增加' },
  by: 'anyone',
  input: { name, amount, note },
} as const;

export const tally = defineContract({
  ...about,
  version: 1,
  failures: {
    AMOUNT_UNLUCKY: {
      code: 1,
      en: 'The amount {amount} is refused.',
      zh: '数量{amount}被拒绝。',
      remedy: { en: 'Send another amount.', zh: '请另报数量。' },
    },
  },
  actions: {
    add: {
      ...adding,
      handler: (context, input) => {
        // Some transactions must fail at execution, too.
        if (input.amount % 100 === 13) {
          return context.refuse('AMOUNT_UNLUCKY', { amount: input.amount });
        }
        const total = context.records.sum.get({ name: input.name })?.total ?? 0;
        context.records.sum.put({
          name: input.name,
          total: total + input.amount,
          note: input.note,
        });
        return undefined;
      },
    },
  },
});

/** What the next release has beside it: a version that accepts what the first one refuses. */
export const nextTally = defineContract({
  ...about,
  version: 2,
  failures: {},
  actions: {
    add: {
      ...adding,
      handler: (context, input) => {
        const total = context.records.sum.get({ name: input.name })?.total ?? 0;
        context.records.sum.put({
          name: input.name,
          total: total + input.amount,
          note: input.note,
        });
        return undefined;
      },
    },
  },
});
