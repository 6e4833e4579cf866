/**
 * Contract 0, the ledger itself: which contract versions act, what parameters hold, the calls that
 * wait for approval or are held by a guard, and the feed of discretionary acts. The engine writes
 * most of it; people approve, withdraw, release and refuse.
 */
import { CONTRACTS_ERRORS } from '../errors.ts';
import { instantText } from '../fields/calendar.ts';
import { field } from '../fields/field.ts';
import { defineContract } from '../language/definition.ts';
import type { FailureDefinition } from '../language/parts.ts';
import { APPROVERS_MAX, bringsMore, isAnyOf, joined, without } from './approvers.ts';
import { awaitExpiry, expiryAfter, expiryRecords, expirySums, passDays } from './expiry.ts';
import { PARAMETER_CHANGES_MAX } from './parameters.ts';

const ARGS_BYTES_MAX = 64 * 1024;

const call = field.hash({ en: 'Pending call', zh: '待审批调用' });
const contract = field.text({ en: 'Contract', zh: '合约', max: 64, characters: 'name' });
const action = field.text({ en: 'Action', zh: '操作', max: 64, characters: 'name' });
const version = field.integer({ en: 'Version', zh: '版本', min: 1 });
const fromHeight = field.integer({ en: 'From height', zh: '生效高度' });
const value = field.text({ en: 'Value', zh: '值', min: 0, max: 1000 });
const identity = field.text({ en: 'Identity', zh: '身份', max: 160, characters: 'ascii' });
/** Keys in it are escaped, which may make each of their characters three. */
const citation = field.text({ en: 'Record', zh: '记录', max: 1024 });

const approvers = (en: string, zh: string) =>
  field.list(
    field.object(
      { identity, publicKey: field.publicKey({ en: 'Key', zh: '密钥' }) },
      { en: 'Officer', zh: '经办人' },
    ),
    { en, zh, max: APPROVERS_MAX },
  );

export const ledger = defineContract({
  number: 0,
  name: 'ledger',
  version: 1,
  title: { en: 'Ledger', zh: '账本' },
  help: {
    en: 'Contract versions, parameters, calls that wait for approval, and discretionary acts.',
    zh: '合约版本、参数、待审批的调用以及裁量行为。',
  },
  records: {
    activation: {
      number: 1,
      title: { en: 'Active contract versions', zh: '启用的合约版本' },
      key: {},
      fields: {
        contracts: field.list(
          field.object(
            {
              contract,
              version: field.optional(version),
              retired: field.optional(field.boolean({ en: 'Retired', zh: '已停用' })),
              nextVersion: field.optional(version),
              fromHeight: field.optional(fromHeight),
            },
            { en: 'Contract', zh: '合约' },
          ),
          { en: 'Contracts', zh: '合约', max: 1000 },
        ),
        manifestHash: field.hash({ en: 'Hash of the manifest', zh: '清单哈希' }),
      },
    },
    parameter: {
      number: 2,
      title: { en: 'Parameter', zh: '参数' },
      key: { contract, name: field.text({ en: 'Name', zh: '名称', max: 64, characters: 'name' }) },
      partition: ['contract'],
      fields: {
        value: field.optional(value),
        changes: field.list(field.object({ fromHeight, value }, { en: 'Change', zh: '变更' }), {
          en: 'Decided changes',
          zh: '已决定的变更',
          max: PARAMETER_CHANGES_MAX,
        }),
      },
    },
    pending: {
      number: 3,
      title: { en: 'Pending call', zh: '待审批调用' },
      key: { call },
      fields: {
        contract,
        action,
        args: field.bytes({ en: 'Arguments', zh: '参数', max: ARGS_BYTES_MAX }),
        approvers: approvers('Agreed by', '已同意'),
        expires: field.instant({ en: 'Waits until', zh: '等待至' }),
        status: field.choice({
          en: 'Status',
          zh: '状态',
          of: {
            waiting: { en: 'waiting for approval', zh: '等待审批' },
            held: { en: 'held by a guard', zh: '被风控暂缓' },
            done: { en: 'taken effect', zh: '已生效' },
            withdrawn: { en: 'withdrawn', zh: '已撤回' },
            refused: { en: 'refused', zh: '已拒绝' },
            expired: { en: 'expired', zh: '已失效' },
          },
        }),
        guard: field.optional(field.text({ en: 'Guard', zh: '风控规则组', max: 100 })),
        rule: field.optional(field.text({ en: 'Rule', zh: '规则', max: 300 })),
        cites: field.optional(field.list(citation, { en: 'Rests on', zh: '依据', max: 64 })),
        releasers: approvers('Released by', '已放行'),
        refusers: approvers('Refused by', '已拒绝'),
      },
      states: {
        field: 'status',
        initial: ['waiting', 'held'],
        transitions: {
          waiting: ['held', 'done', 'withdrawn', 'expired'],
          held: ['done', 'withdrawn', 'refused', 'expired'],
          done: [],
          withdrawn: [],
          refused: [],
          expired: [],
        },
      },
      deadlines: [{ field: 'expires', open: ['waiting', 'held'] }],
    },
    act: {
      number: 4,
      title: { en: 'Discretionary act', zh: '裁量行为' },
      key: {
        height: field.integer({ en: 'Height', zh: '高度' }),
        transaction: field.integer({ en: 'Transaction', zh: '交易' }),
        ordinal: field.integer({ en: 'Ordinal', zh: '序号' }),
      },
      fields: {
        contract,
        action,
        actors: field.list(identity, { en: 'By', zh: '行为人', max: APPROVERS_MAX }),
        reason: field.reason(),
      },
    },
    ...expiryRecords,
  },
  sums: expirySums,
  failures: receiptFailures(),
  events: {
    waiting: {
      title: { en: 'A call waits for approval', zh: '调用等待审批' },
      fields: { call, contract, action },
    },
    approved: { title: { en: 'A call was agreed to', zh: '调用获同意' }, fields: { call } },
    held: {
      title: { en: 'A call is held', zh: '调用被暂缓' },
      fields: {
        call,
        contract,
        action,
        guard: field.text({ en: 'Guard', zh: '规则组', max: 100 }),
      },
    },
    alerted: {
      title: { en: 'A guard raised an alert', zh: '风控提示' },
      fields: {
        contract,
        action,
        guard: field.text({ en: 'Guard', zh: '规则组', max: 100 }),
        rule: field.text({ en: 'Rule', zh: '规则', max: 300 }),
        cites: field.list(citation, { en: 'Rests on', zh: '依据', max: 64 }),
      },
    },
    closed: {
      title: { en: 'A pending call ended', zh: '待审批调用结束' },
      fields: { call, status: field.text({ en: 'Status', zh: '状态', max: 20 }) },
    },
  },
  actions: {
    approve: {
      title: { en: 'Agree to a pending call', zh: '同意待审批调用' },
      by: 'officer',
      input: { call },
      handler(context, input) {
        const row = context.records.pending.need(input);
        const closed = closedFor(row, 'waiting', context.timestampMs);
        if (closed !== undefined) return context.refuse(closed.code, closed.facts);
        const everyone = joined(row.approvers, context.signers);
        const { counted, isEnough } = context.ledger.judgeStored({ ...row, approvers: everyone });
        if (!bringsMore(counted, row.approvers))
          return context.refuse('CONTRACTS_APPROVED_ALREADY');

        context.emit('approved', input);
        if (!isEnough) {
          context.records.pending.put({ ...row, approvers: counted });
          return;
        }
        const hold = context.ledger.runStored({ ...row, approvers: counted });
        if (hold === undefined) {
          context.records.pending.put({ ...row, approvers: counted, status: 'done' });
          context.emit('closed', { call: input.call, status: 'done' });
          return;
        }
        const { guard, rule, records, days } = hold;
        const { contract: owner, action: name } = row;
        context.emit('held', { ...input, contract: owner, action: name, guard });
        context.records.pending.put({
          ...row,
          approvers: counted,
          status: 'held',
          guard,
          rule,
          cites: records,
          expires: expiryAfter(context.timestampMs, days),
        });
        awaitExpiry(context, input.call, days);
      },
    },
    withdraw: {
      title: { en: 'Withdraw a pending call', zh: '撤回待审批调用' },
      by: 'officer',
      discretion: true,
      input: { call, reason: field.reason() },
      handler(context, input) {
        const row = context.records.pending.need({ call: input.call });
        const facts = { call: input.call, status: row.status };
        if (!isOpen(row.status)) return context.refuse('CONTRACTS_CALL_CLOSED', facts);
        const own = row.approvers.some(({ identity: who }) => who === context.actor.identity);
        if (!own) {
          return context.refuse('CONTRACTS_NOT_ENTITLED', { needed: 'one who agreed to the call' });
        }
        context.records.pending.put({ ...row, status: 'withdrawn' });
        if (row.guard !== undefined) context.ledger.tellEnded(row.guard, row.call, 'withdrawn');
        context.emit('closed', { call: input.call, status: 'withdrawn' });
      },
    },
    release: {
      title: { en: 'Release a held call', zh: '放行被暂缓的调用' },
      help: {
        en: 'By as many as the guard names: none who signed the call, none of the organisation that began it, and one at least of an organisation that signed none of it. Who refused before takes that back.',
        zh: '人数与机构数由风控规则规定:签署该调用者、发起机构人员均不计,且至少一人来自未签署该调用的机构。此前拒绝者视为撤回拒绝。',
      },
      by: 'officer',
      discretion: true,
      input: { call, reason: field.reason() },
      handler(context, input) {
        const row = context.records.pending.need({ call: input.call });
        const closed = closedFor(row, 'held', context.timestampMs);
        if (closed !== undefined) return context.refuse(closed.code, closed.facts);
        const { guard = '' } = row;
        const everyone = joined(row.releasers, context.signers);
        const judged = context.ledger.judgeRelease(row, guard, everyone);
        const { counted, isEnough, needed } = judged;
        if (!isAnyOf(counted, context.signers)) {
          return context.refuse('CONTRACTS_NOT_ENTITLED', { needed });
        }
        if (!bringsMore(counted, row.releasers))
          return context.refuse('CONTRACTS_APPROVED_ALREADY');

        const status = isEnough ? 'done' : 'held';
        if (isEnough) context.ledger.runReleased(row);
        const refusers = without(row.refusers, counted);
        context.records.pending.put({ ...row, releasers: counted, refusers, status });
        if (isEnough) context.emit('closed', { call: input.call, status });
      },
    },
    refuse: {
      title: { en: 'Refuse a held call', zh: '拒绝被暂缓的调用' },
      help: {
        en: 'By as many as release it, counted alike, so that nobody alone stops a payment for good; who released before takes that back. A call that was refused may be handed in anew.',
        zh: '所需人数与计法同放行,任何一方不得单独否决;此前放行者视为撤回放行。被拒绝的调用可重新提交。',
      },
      by: 'officer',
      discretion: true,
      input: { call, reason: field.reason() },
      handler(context, input) {
        const row = context.records.pending.need({ call: input.call });
        const closed = closedFor(row, 'held', context.timestampMs);
        if (closed !== undefined) return context.refuse(closed.code, closed.facts);
        const { guard = '' } = row;
        const everyone = joined(row.refusers, context.signers);
        const judged = context.ledger.judgeRelease(row, guard, everyone);
        const { counted, isEnough, needed } = judged;
        if (!isAnyOf(counted, context.signers)) {
          return context.refuse('CONTRACTS_NOT_ENTITLED', { needed });
        }
        if (!bringsMore(counted, row.refusers)) return context.refuse('CONTRACTS_APPROVED_ALREADY');

        const status = isEnough ? 'refused' : 'held';
        const releasers = without(row.releasers, counted);
        context.records.pending.put({ ...row, refusers: counted, releasers, status });
        if (!isEnough) return;
        context.ledger.tellEnded(guard, row.call, 'refused');
        context.emit('closed', { call: input.call, status });
      },
    },
    expire: {
      title: { en: 'Note that a pending call expired', zh: '登记待审批调用已失效' },
      help: {
        en: 'By anybody once its time is over; the chain notes it itself when the day is over.',
        zh: '期满后任何人均可登记;当日结束后由链自行登记。',
      },
      by: 'anyone',
      input: { call },
      handler(context, input) {
        const row = context.records.pending.need(input);
        const { status } = row;
        if (!isOpen(row.status))
          return context.refuse('CONTRACTS_CALL_CLOSED', { ...input, status });
        if (row.expires >= context.timestampMs) {
          return context.refuse('CONTRACTS_CALL_OPEN', { expires: instantText(row.expires) });
        }
        context.records.pending.put({ ...row, status: 'expired' });
        if (row.guard !== undefined) context.ledger.tellEnded(row.guard, row.call, 'expired');
        context.emit('closed', { ...input, status: 'expired' });
      },
    },
  },
  system: {
    onBlock(context, { timestampMs }) {
      const clock = context.records.clock.get({});
      if (clock === undefined) return;
      const reached = passDays(context, clock, (call) => {
        const row = context.records.pending.need({ call });
        const isOver = isOpen(row.status) && row.expires < timestampMs;
        if (!isOver) return;
        context.records.pending.put({ ...row, status: 'expired' });
        context.emit('closed', { call, status: 'expired' });
        const { guard } = row;
        // A fault of a guard's own code must not stop the chain.
        if (guard !== undefined) {
          context.attempt(() => context.ledger.tellEnded(guard, call, 'expired'));
        }
      });
      const isMoved = reached.day !== clock.day || reached.position !== clock.position;
      if (isMoved) context.records.clock.put(reached);
    },
  },
  queries: {
    open: {
      title: { en: 'Calls waiting for approval', zh: '等待审批的调用' },
      record: 'pending',
      where: { field: 'status', is: ['waiting', 'held'] },
      inTime: 'expires',
    },
    overdue: {
      title: { en: 'Calls past their time', zh: '逾期的调用' },
      record: 'pending',
      overdue: 'expires',
    },
    acts: { title: { en: 'Discretionary acts', zh: '裁量行为' }, record: 'act', by: ['height'] },
  },
});

function isOpen(status: string): boolean {
  return status === 'waiting' || status === 'held';
}

interface Closable {
  readonly call: Uint8Array;
  readonly status: string;
  readonly expires: number;
}

interface Closed {
  readonly code: 'CONTRACTS_CALL_CLOSED' | 'CONTRACTS_CALL_EXPIRED';
  readonly facts: { readonly call: Uint8Array; readonly status: string; readonly expires: string };
}

/** Why a pending call is no longer in the state wanted; undefined if it is. */
function closedFor(row: Closable, wanted: string, timestampMs: number): Closed | undefined {
  const facts = { call: row.call, status: row.status, expires: instantText(row.expires) };
  const isNoted = row.status === 'expired';
  if (row.status !== wanted && !isNoted) return { code: 'CONTRACTS_CALL_CLOSED', facts };
  const isOver = isNoted || row.expires < timestampMs;
  return isOver ? { code: 'CONTRACTS_CALL_EXPIRED', facts } : undefined;
}

type ReceiptRows = typeof CONTRACTS_ERRORS;
type LedgerFailures = {
  readonly [C in keyof ReceiptRows as ReceiptRows[C] extends { readonly receipt: number }
    ? C
    : never]: FailureDefinition;
};

/** The engine's failures as the failures of contract 0, so that a manifest explains them, too. */
function receiptFailures(): LedgerFailures {
  const failures: Record<string, FailureDefinition> = {};
  for (const [code, row] of Object.entries(CONTRACTS_ERRORS)) {
    if (!('receipt' in row)) continue;
    const { receipt, summary, remedy, zh } = row;
    failures[code] = {
      code: receipt,
      en: summary,
      zh: zh.summary,
      remedy: { en: remedy, zh: zh.remedy },
    };
  }
  return failures as LedgerFailures;
}
