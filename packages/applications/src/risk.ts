/**
 * Risk control before the fact: rules that members adopt by vote and anybody can read judge every
 * payment of the treasury before it takes effect. It passes, raises an alert, or is held until two
 * officers of two organisations release it. A hit says which rule, what it found, what it allows,
 * and which records it rests on. Longer than other files because a contract is one file: what a rule
 * finds is read beside the records that it leaves.
 */
import type {
  GuardContext,
  GuardedCall,
  HoldEnd,
  Infer,
  InferFields,
  RowOf,
} from '@daybook/contracts';
import {
  addDays,
  daysBetween,
  defineContract,
  describeAmount,
  expiryAfter,
  field,
} from '@daybook/contracts';
import { equalBytes } from '@daybook/core';
import { cite } from './audit-citation.ts';
import { directory } from './directory.ts';
import { ALIKE_MAX, nearestTo, withoutPayment, withPayment } from './risk/alike.ts';
import type { Lookup } from './risk/payees.ts';
import {
  canonicalPayee,
  isPayee,
  organisationIn,
  payeesNamed,
  payeesOf,
  writtenPayee,
} from './risk/payees.ts';
import { periodsBetween } from './risk/tallies.ts';
import { isPaidElsewhere, treasury } from './treasury.ts';
import {
  fundName as fund,
  inBothLanguages,
  legalBasis,
  organisation,
  paymentName as payment,
  recordName,
  ruleName,
} from './vocabulary/fields.ts';
import { notThere, REMEDIES } from './vocabulary/refusals.ts';

/** A judgement reads each rule; more would make every payment slow. */
const RULES_MAX = 32;
/** Payments that a rule may call many. */
const COUNT_MAX = 1000;
/** Days that a window of counts may have: a judgement reads the months and days of it. */
const WINDOW_DAYS_MAX = 366;
/** Payments named by a running count: enough to begin a look with, the books have the others. */
const NAMED_MAX = 8;
const CITES_MAX = 16;
/** Organisation or person, its titles in both languages, name and key. */
const PAYEES_MAX = 5;
const HOLD_DAYS_MAX = 60;

// Fields that several records and actions share.

const words = inBothLanguages({ en: 'In words', zh: '文字说明' }, 300);
const kind = field.choice({
  en: 'Kind',
  zh: '类别',
  of: {
    payment: { en: 'ceiling of one payment', zh: '单笔上限' },
    period: { en: 'ceiling of a payee in a month, quarter or year', zh: '收款人期间上限' },
    splitting: { en: 'several payments just under a ceiling', zh: '拆分付款' },
    duplicate: {
      en: 'same payee and amount again, by number or within days',
      zh: '重复付款(同编号或数日内)',
    },
    listed: { en: 'payee is blacklisted', zh: '收款人在黑名单' },
    related: { en: 'payee is related to the payer', zh: '关联方付款' },
    velocity: { en: 'many payments in a few days', zh: '付款频繁' },
    roundTrip: { en: 'money comes back to who paid it', zh: '资金回流' },
    dormant: { en: 'payee was silent for long', zh: '休眠账户' },
  },
});
const verdict = field.choice({
  en: 'Verdict',
  zh: '处置',
  of: {
    alert: { en: 'pays and alerts', zh: '付款并提示' },
    hold: { en: 'holds until released', zh: '暂缓待放行' },
  },
});
const limit = field.money({ en: 'Ceiling', zh: '上限', min: 1n });
/** What a rule compares with; which of these it needs follows from its kind. */
const measures = {
  limit: field.optional(limit),
  percent: field.optional(
    field.integer({
      en: 'Just under means from this percentage on',
      zh: '接近上限百分比',
      min: 1,
      max: 99,
    }),
  ),
  count: field.optional(field.integer({ en: 'Payments', zh: '笔数', min: 2, max: COUNT_MAX })),
  days: field.optional(field.integer({ en: 'Days', zh: '天数', min: 1, max: 3660 })),
  months: field.optional(
    field.choice({
      en: 'Period',
      zh: '期间',
      of: {
        month: { en: 'month', zh: '月' },
        quarter: { en: 'quarter', zh: '季' },
        year: { en: 'year', zh: '年' },
      },
    }),
  ),
};
const terms = {
  kind,
  verdict,
  title: words,
  legalBasis,
  fund: field.optional(fund),
  ...measures,
};
/** `organisation:slug`, `name:text`, `person:hex` or `key:hex`: whom money goes to, in one text. */
const payee = field.text({
  en: 'Payee',
  zh: '收款人',
  min: 3,
  max: 220,
  help: {
    en: 'organisation:slug, name:text, person: and the blinded identifier in hex, or key: and the public key in hex. A name is kept without case, punctuation and legal form. A payment is judged and counted by all that its payee is called; an organisation by its titles in the directory, too.',
    zh: 'organisation:标识、name:名称、person:盲化标识或 key:公钥(十六进制)。名称不计大小写、标点与公司形式。付款按收款人的全部称谓判断与计数;机构并计其在名录中的名称。',
  },
});
const reason = field.reason();
const until = field.date({ en: 'Until', zh: '截至' });
const day = field.date({ en: 'Day', zh: '日期' });
const since = field.optional(
  field.date({
    en: 'Counted since',
    zh: '计数起始日',
    help: {
      en: 'What was recorded before is unknown to the rule.',
      zh: '此前登记的付款不在规则计数之内。',
    },
  }),
);
const cites = field.list(recordName, {
  en: 'Rests on',
  zh: '依据',
  max: CITES_MAX,
});

// Records.

const records = {
  rulebook: {
    number: 1,
    title: { en: 'Rules in force', zh: '现行规则' },
    key: {},
    fields: {
      since: field.optional(
        field.date({
          en: 'Books since',
          zh: '账目起始日',
          help: {
            en: 'Kept without a gap from this day on.',
            zh: '自该日起连续记账。',
          },
        }),
      ),
      rules: field.list(
        field.object({ rule: ruleName, ...terms, since }, { en: 'Rule', zh: '规则' }),
        { en: 'Rules', zh: '规则', max: RULES_MAX },
      ),
    },
  },
  hit: {
    number: 2,
    title: { en: 'Hit', zh: '命中' },
    help: {
      en: 'A payment that a rule found; its versions are the history of one payment number.',
      zh: '规则发现的付款;同一付款编号的历次版本即其历史。',
    },
    key: { fund, payment, rule: ruleName },
    partition: ['fund'],
    fields: {
      kind,
      verdict,
      payer: organisation('Paying organisation', '付款机构'),
      payee,
      amount: field.money({ en: 'Amount', zh: '金额' }),
      found: field.text({ en: 'Found', zh: '发现', max: 300 }),
      allowed: field.text({ en: 'Allowed', zh: '允许', max: 300 }),
      since,
      cites,
      call: field.optional(field.hash({ en: 'Held call', zh: '被暂缓的调用' })),
      day,
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          held: { en: 'held, not paid', zh: '暂缓,未付款' },
          paid: { en: 'paid, to be looked at', zh: '已付款,待复核' },
          reviewed: { en: 'looked at', zh: '已复核' },
          withdrawn: { en: 'withdrawn, not paid', zh: '已撤回,未付款' },
          refused: { en: 'refused, not paid', zh: '已拒绝,未付款' },
          expired: { en: 'expired, not paid', zh: '已失效,未付款' },
        },
      }),
      heldUntil: field.optional(
        field.instant({
          en: 'Held until',
          zh: '暂缓至',
          help: {
            en: 'Then the payment can no longer be released; it is overdue from then on.',
            zh: '期满后不得再放行,即为逾期。',
          },
        }),
      ),
      reviewBy: field.date({ en: 'To be looked at by', zh: '复核期限' }),
    },
    states: {
      field: 'status',
      initial: ['held', 'paid'],
      transitions: {
        held: ['paid', 'reviewed', 'withdrawn', 'refused', 'expired'],
        paid: ['reviewed', 'held'],
        reviewed: ['held', 'paid'],
        withdrawn: ['held', 'paid', 'reviewed'],
        refused: ['held', 'paid', 'reviewed'],
        expired: ['held', 'paid', 'reviewed'],
      },
    },
    deadlines: [
      { field: 'reviewBy', open: ['held', 'paid'] },
      { field: 'heldUntil', open: ['held'] },
    ],
  },
  listing: {
    number: 3,
    title: { en: 'Blacklisted payee', zh: '黑名单收款人' },
    key: { payee },
    fields: {
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: { listed: { en: 'listed', zh: '在列' }, removed: { en: 'removed', zh: '已移除' } },
      }),
      legalBasis,
      until,
    },
    states: {
      field: 'status',
      initial: ['listed'],
      transitions: { listed: ['removed'], removed: ['listed'] },
    },
    deadlines: [{ field: 'until', open: ['listed'] }],
  },
  relation: {
    number: 4,
    title: { en: 'Related party', zh: '关联方' },
    key: { organisation: field.slug({ en: 'Paying organisation', zh: '付款机构' }), payee },
    partition: ['organisation'],
    fields: {
      relation: field.text({ en: 'How they are related', zh: '关联关系', max: 300 }),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          related: { en: 'related', zh: '关联' },
          withdrawn: { en: 'withdrawn', zh: '已撤销' },
        },
      }),
    },
    states: {
      field: 'status',
      initial: ['related'],
      transitions: { related: ['withdrawn'], withdrawn: ['related'] },
    },
  },
  account: {
    number: 5,
    title: { en: 'Latest payment to a payee', zh: '收款人最近付款' },
    key: { payee },
    fields: { fund, payment, day },
  },
  month: {
    number: 6,
    title: { en: 'Paid to a payee in a month', zh: '收款人当月付款' },
    key: {
      payee,
      currency: field.currency({ en: 'Currency', zh: '币种' }),
      month: field.text({ en: 'Month', zh: '月份', min: 7, max: 7, characters: 'ascii' }),
    },
    fields: { total: field.amount({ en: 'Paid', zh: '付款合计' }) },
  },
  seen: {
    number: 7,
    title: { en: 'Number, payee and amount paid', zh: '已付编号、收款人与金额' },
    key: {
      payee,
      amount: field.text({ en: 'Amount', zh: '金额', max: 40, characters: 'ascii' }),
      reference: field.text({ en: 'Number', zh: '编号', max: 128 }),
    },
    fields: { fund, payment },
  },
  tally: {
    number: 8,
    title: { en: 'Payments to a payee in a period', zh: '收款人期间付款笔数' },
    help: {
      en: 'Running counts of each day and month, of all payments or of those just under a ceiling.',
      zh: '按日、按月累计的付款笔数:全部付款,或接近上限的付款。',
    },
    key: {
      payee,
      of: field.text({ en: 'Which payments', zh: '哪些付款', max: 60, characters: 'ascii' }),
      period: field.text({
        en: 'Day or month',
        zh: '日或月',
        min: 7,
        max: 10,
        characters: 'ascii',
      }),
    },
    fields: {
      count: field.integer({ en: 'Payments', zh: '笔数', min: 1 }),
      named: field.list(field.object({ fund, payment }, { en: 'Payment', zh: '付款' }), {
        en: 'The latest of them',
        zh: '其中最近者',
        max: NAMED_MAX,
      }),
    },
  },
  alike: {
    number: 12,
    title: { en: 'Payments of one amount to a payee', zh: '对收款人的同额付款' },
    help: {
      en: 'The latest by their days, kept while a rule looks for the same amount within days. One that came back whole is not among them.',
      zh: '按日期最近者;有规则查找数日内同额付款时登记。已全额冲回者不在其中。',
    },
    key: {
      payee,
      amount: field.text({ en: 'Amount', zh: '金额', max: 40, characters: 'ascii' }),
    },
    fields: {
      payments: field.list(field.object({ fund, payment, day }, { en: 'Payment', zh: '付款' }), {
        en: 'Payments',
        zh: '付款',
        max: ALIKE_MAX,
      }),
    },
  },
  flow: {
    number: 9,
    title: { en: 'Latest payment of an organisation to a payee', zh: '某机构对某收款人的最近付款' },
    key: { payer: field.slug({ en: 'Payer', zh: '付款机构' }), payee },
    fields: { fund, payment, day },
  },
  booked: {
    number: 11,
    title: { en: 'Payment in the books', zh: '已入账付款' },
    help: {
      en: 'Under what it was counted, so that a credit gives back the same.',
      zh: '入账所用称谓与月份;冲回时按此减计。',
    },
    key: { fund, payment },
    partition: ['fund'],
    fields: {
      payees: field.list(payee, { en: 'Payees', zh: '收款人', max: PAYEES_MAX }),
      month: field.text({ en: 'Month', zh: '月份', min: 7, max: 7, characters: 'ascii' }),
    },
  },
  hold: {
    number: 10,
    title: { en: 'Held call', zh: '被暂缓的调用' },
    help: { en: 'Whose hits it is that wait for it.', zh: '等待该调用的各项命中。' },
    key: { call: field.hash({ en: 'Held call', zh: '被暂缓的调用' }) },
    fields: {
      fund,
      payment,
      rules: field.list(ruleName, { en: 'Rules', zh: '规则', max: RULES_MAX }),
    },
  },
} as const;

const sums = {
  hitCounts: {
    number: 101,
    title: { en: 'Hits by rule and status', zh: '各规则命中数' },
    record: 'hit',
    by: ['rule', 'status'],
  },
} as const;

const roles = {
  releaser: {
    title: { en: 'Releaser of held payments', zh: '放行官员' },
    help: {
      en: 'Two of two organisations release what a rule holds.',
      zh: '两个机构的两名放行官员方可放行。',
    },
    grantedBy: 'governance',
  },
  analyst: {
    title: { en: 'Risk analyst', zh: '风控官员' },
    help: {
      en: 'Looks at hits of others; lists payees and related parties, two of two organisations together.',
      zh: '复核其他机构的命中;黑名单与关联方由两个机构的两名官员共同登记。',
    },
    grantedBy: 'organisation',
  },
} as const;

const failures = {
  RULE_UNKNOWN: {
    code: 1,
    en: 'There is no rule {rule} in force.',
    zh: '没有现行规则{rule}。',
    remedy: { en: 'Look at the rulebook.', zh: '请查看现行规则。' },
  },
  RULE_INCOMPLETE: {
    code: 2,
    en: 'A rule of kind {kind} needs {needed}.',
    zh: '{kind}类规则须填写{needed}。',
    remedy: { en: 'Add what is missing.', zh: '请补充。' },
  },
  RULES_FULL: {
    code: 3,
    en: 'At most {max} rules are in force.',
    zh: '现行规则最多{max}条。',
    remedy: { en: 'Retire one first.', zh: '请先停用一条。' },
  },
  HIT_UNKNOWN: notThere(
    4,
    { en: 'hit', zh: '命中' },
    { en: 'Check fund, payment and rule.', zh: '请核对资金、付款与规则。' },
  ),
  HIT_CLOSED: {
    code: 5,
    en: 'The hit has been looked at.',
    zh: '该命中已复核。',
    remedy: REMEDIES.nothingLeft,
  },
  HIT_HELD: {
    code: 12,
    en: 'The payment of this hit is held; what becomes of it is not known yet.',
    zh: '该命中的付款仍被暂扣，结果未定。',
    remedy: {
      en: 'Release or refuse the call, or wait until its time is over; then look at the hit.',
      zh: '请先放行或拒绝该调用，或等其到期，再行复核。',
    },
  },
  NOT_LISTED: {
    code: 6,
    en: 'The payee {key} is not listed.',
    zh: '收款人{key}不在黑名单。',
    remedy: { en: 'Check the payee.', zh: '请核对收款人。' },
  },
  PAYEE_MALFORMED: {
    code: 7,
    en: 'A payee begins with organisation:, name:, person: or key:, not {found}.',
    zh: '收款人须以 organisation:、name:、person: 或 key: 开头,而非{found}。',
    remedy: { en: 'Write the payee so.', zh: '请按此填写。' },
  },
  WINDOW_TOO_LONG: {
    code: 8,
    en: 'A rule of kind {kind} looks at {max} days at most.',
    zh: '{kind}类规则最多回看{max}天。',
    remedy: { en: 'Choose fewer days.', zh: '请减少天数。' },
  },
  OWN_PAYMENT: {
    code: 9,
    en: 'An analyst of {payer} does not look at hits on its own payments.',
    zh: '{payer}的风控官员不得复核本机构付款的命中。',
    remedy: {
      en: 'Have an analyst of another organisation sign.',
      zh: '请由其他机构的风控官员签署。',
    },
  },
  DATE_PAST: {
    code: 11,
    en: 'The day {until} is over: the listing would hold nothing.',
    zh: '日期{until}已过,登记不起作用。',
    remedy: { en: 'Choose a later day, or unlist the payee.', zh: '请选择更晚的日期,或移出名单。' },
  },
  NOT_RELATED: {
    code: 10,
    en: 'No related party {key} is recorded.',
    zh: '未登记关联方{key}。',
    remedy: { en: 'Check organisation and payee.', zh: '请核对机构与收款人。' },
  },
} as const;

const events = {
  hit: {
    title: { en: 'A rule found a payment', zh: '规则命中付款' },
    fields: { fund, payment, rule: ruleName, verdict },
  },
  ruleSet: { title: { en: 'Rule in force', zh: '规则生效' }, fields: { rule: ruleName } },
  ruleRetired: { title: { en: 'Rule retired', zh: '规则停用' }, fields: { rule: ruleName } },
} as const;

const parameters = {
  holdDays: {
    field: field.integer({
      en: 'Days a payment may be held',
      zh: '暂缓最长天数',
      min: 1,
      max: HOLD_DAYS_MAX,
    }),
    default: 10,
  },
  reviewDays: {
    field: field.integer({ en: 'Days to look at a hit', zh: '复核天数', min: 1, max: 366 }),
    default: 14,
  },
} as const;

export const risk = defineContract({
  number: 18,
  name: 'risk',
  version: 1,
  title: { en: 'Risk control', zh: '风险控制' },
  help: {
    en: 'Published rules that pass, alert or hold a payment before it takes effect.',
    zh: '付款生效前按公开规则放行、提示或暂缓。',
  },
  records,
  sums,
  roles,
  failures,
  events,
  parameters,
  uses: { directory, treasury },

  actions: {
    setRule: {
      title: { en: 'Put a rule into force', zh: '规则生效' },
      help: {
        en: 'Or change one; the members decide by vote. The books begin with the first rule, with a splitting rule the counts under its ceiling, and with a duplicate rule that names days what it compares with: rule and hits say since when they count. A duplicate rule finds a number that was paid before; with days the same amount within so many days, too, whatever its number.',
        zh: '或变更规则;由成员表决。账目自首条规则起记,拆分规则与填写天数的重复付款规则自该规则起记;规则与命中均写明起始日。重复付款规则查找已付编号;填写天数的,另查找该天数内不论编号的同额付款。',
      },
      by: 'governance',
      discretion: true,
      input: { rule: ruleName, ...terms, reason },
      handler(context, { reason: _, ...row }) {
        const missing = needs(row.kind).filter((name) => row[name] === undefined);
        const facts = { kind: row.kind, needed: missing.join(', ') };
        context.check(missing.length === 0, 'RULE_INCOMPLETE', facts);
        const isWindow = row.kind === 'velocity' || row.kind === 'splitting';
        const tooLong = isWindow && (row.days ?? 0) > WINDOW_DAYS_MAX;
        context.check(!tooLong, 'WINDOW_TOO_LONG', { kind: row.kind, max: WINDOW_DAYS_MAX });
        const { rules, since = context.today } = rulebookOf(context.records.rulebook.get({}));
        const others = rules.filter(({ rule }) => rule !== row.rule);
        context.check(others.length < RULES_MAX, 'RULES_FULL', { max: RULES_MAX });
        const from = countedSince(row, { rules, books: since, today: context.today });
        context.records.rulebook.put({ since, rules: [...others, { ...row, since: from }] });
        context.emit('ruleSet', { rule: row.rule });
      },
    },

    retireRule: {
      title: { en: 'Retire a rule', zh: '停用规则' },
      by: 'governance',
      discretion: true,
      input: { rule: ruleName, reason },
      handler(context, { rule }) {
        const { rules, since } = rulebookOf(context.records.rulebook.get({}));
        const others = rules.filter((row) => row.rule !== rule);
        context.check(others.length < rules.length, 'RULE_UNKNOWN', { rule });
        // Without a rule nothing is booked: the next one begins anew.
        context.records.rulebook.put({
          since: others.length > 0 ? since : undefined,
          rules: others,
        });
        context.emit('ruleRetired', { rule });
      },
    },

    list: {
      title: { en: 'Blacklist a payee', zh: '列入黑名单' },
      help: { en: 'Analysts of two organisations together.', zh: '由两个机构的风控官员共同办理。' },
      by: { role: 'analyst' },
      approvals: { officers: 2, organisations: 2 },
      discretion: true,
      input: { payee, legalBasis, until, reason },
      handler(context, { payee, legalBasis, until }) {
        context.check(isPayee(payee), 'PAYEE_MALFORMED', { found: payee });
        context.check(until >= context.today, 'DATE_PAST', { until });
        for (const key of payeesNamed(payee, lookup(context))) {
          context.records.listing.put({ payee: key, legalBasis, until, status: 'listed' });
        }
      },
    },

    unlist: {
      title: { en: 'Take a payee off the blacklist', zh: '移出黑名单' },
      by: { role: 'analyst' },
      approvals: { officers: 2, organisations: 2 },
      discretion: true,
      input: { payee, reason },
      handler(context, { payee }) {
        context.records.listing.need({ payee: canonicalPayee(payee) }, 'NOT_LISTED');
        for (const key of payeesNamed(payee, lookup(context))) {
          const row = context.records.listing.get({ payee: key });
          if (row !== undefined) context.records.listing.put({ ...row, status: 'removed' });
        }
      },
    },

    relate: {
      title: { en: 'Record a related party', zh: '登记关联方' },
      by: { role: 'analyst' },
      approvals: { officers: 2, organisations: 2 },
      discretion: true,
      input: {
        organisation: organisation('Paying organisation', '付款机构'),
        payee,
        relation: records.relation.fields.relation,
        reason,
      },
      handler(context, { organisation, payee, relation }) {
        context.check(isPayee(payee), 'PAYEE_MALFORMED', { found: payee });
        for (const key of payeesNamed(payee, lookup(context))) {
          context.records.relation.put({ organisation, payee: key, relation, status: 'related' });
        }
      },
    },

    unrelate: {
      title: { en: 'Withdraw a related party', zh: '撤销关联方' },
      help: { en: 'What was said before stays in the history.', zh: '此前登记保留在历史中。' },
      by: { role: 'analyst' },
      approvals: { officers: 2, organisations: 2 },
      discretion: true,
      input: { organisation: organisation('Paying organisation', '付款机构'), payee, reason },
      handler(context, { organisation, payee }) {
        const key = { organisation, payee: canonicalPayee(payee) };
        const row = context.records.relation.need(key, 'NOT_RELATED');
        const facts = { key: `${organisation}/${key.payee}` };
        context.check(row.status === 'related', 'NOT_RELATED', facts);
        for (const each of payeesNamed(payee, lookup(context))) {
          const related = context.records.relation.get({ organisation, payee: each });
          if (related !== undefined) {
            context.records.relation.put({ ...related, status: 'withdrawn' });
          }
        }
      },
    },

    review: {
      title: { en: 'Say that a hit was looked at', zh: '复核命中' },
      help: {
        en: 'By an analyst of another organisation than the one that pays; not while the payment is held.',
        zh: '由付款机构以外的风控官员复核；付款暂扣期间不得复核。',
      },
      by: { role: 'analyst' },
      discretion: true,
      input: { fund, payment, rule: ruleName, reason },
      handler(context, { fund, payment, rule }) {
        const row = context.records.hit.need({ fund, payment, rule }, 'HIT_UNKNOWN');
        context.check(row.status !== 'reviewed', 'HIT_CLOSED');
        context.check(row.status !== 'held', 'HIT_HELD');
        const { payer } = row;
        const analysts = context.entitled({ role: 'analyst' });
        const isOther = analysts.some(({ organisation }) => organisation !== payer);
        context.check(isOther, 'OWN_PAYMENT', { payer });
        context.records.hit.put({ ...row, status: 'reviewed' });
      },
    },
  },

  guards: {
    payments: {
      title: {
        en: 'Payments of the treasury, and what comes back of them',
        zh: '国库付款及其冲回',
      },
      actions: ['treasury.disburse', 'treasury.credit'],
      release: { officers: 2, organisations: 2, role: 'releaser', days: HOLD_DAYS_MAX },
      judge(context, call) {
        if (call.action === 'credit') return { verdict: 'pass' };
        const { rules } = rulebookOf(context.records.rulebook.get({}));
        const paid = rules.length === 0 ? undefined : paymentOf(context, call);
        if (paid === undefined) return { verdict: 'pass' };
        const applying = rules.filter((rule) => rule.fund === undefined || rule.fund === paid.fund);
        const hits = applying.flatMap((rule) => {
          const finding = findingOf(context, rule, paid);
          return finding === undefined ? [] : [{ rule, ...finding }];
        });
        if (hits.length === 0) return { verdict: 'pass' };
        const isHeld = hits.some(({ rule }) => rule.verdict === 'hold');
        const held = isHeld ? heldAs(context, call.call) : undefined;
        for (const hit of hits) keepHit(context, paid, { ...hit, held });
        if (held !== undefined) {
          const rules = hits.map((hit) => hit.rule.rule);
          context.records.hold.put({
            call: call.call,
            fund: paid.fund,
            payment: paid.payment,
            rules,
          });
        }
        const rule = hits.map((hit) => hit.rule.rule).join(', ');
        const cited = [...new Set(hits.flatMap((hit) => hit.cites))].slice(0, CITES_MAX);
        const what = { rule: shortened(rule), records: cited };
        if (!isHeld) return { verdict: 'alert', ...what };
        return { verdict: 'hold', ...what, days: context.parameters.holdDays };
      },
      observe(context, call) {
        if (call.action === 'credit') {
          giveBack(context, call);
          return;
        }
        const { rules } = rulebookOf(context.records.rulebook.get({}));
        const paid = rules.length === 0 ? undefined : paymentOf(context, call);
        if (paid !== undefined) book(context, paid, rules);
        endHits(context, call.call, 'paid');
      },
      ended(context, call, how) {
        endHits(context, call, how);
      },
    },
  },

  queries: {
    hits: { title: { en: 'Hits', zh: '命中' }, record: 'hit' },
    hitsOf: { title: { en: 'Hits in a fund', zh: '资金的命中' }, record: 'hit', by: ['fund'] },
    heldHits: {
      title: { en: 'Payments that are held', zh: '暂缓中的付款' },
      record: 'hit',
      where: { field: 'status', is: ['held'] },
      inTime: 'heldUntil',
    },
    expiredHits: {
      title: { en: 'Payments whose hold expired', zh: '暂缓已期满的付款' },
      record: 'hit',
      overdue: 'heldUntil',
    },
    overdueHits: {
      title: { en: 'Hits not looked at in time', zh: '逾期未复核的命中' },
      record: 'hit',
      overdue: 'reviewBy',
    },
    listings: {
      title: { en: 'Blacklisted payees', zh: '黑名单收款人' },
      record: 'listing',
      where: { field: 'status', is: ['listed'] },
      inTime: 'until',
    },
    endedListings: {
      title: { en: 'Listings past their time', zh: '逾期的黑名单登记' },
      record: 'listing',
      overdue: 'until',
    },
    relations: {
      title: { en: 'Related parties', zh: '关联方' },
      record: 'relation',
      by: ['organisation'],
    },
  },
});

// Judging. Every check is a function of the rule, the payment and the books; none writes.

type Books = GuardContext<
  typeof records,
  typeof failures,
  typeof events,
  typeof parameters,
  typeof sums,
  { readonly directory: typeof directory; readonly treasury: typeof treasury }
>;
type Rulebook = RowOf<typeof records.rulebook>;
type Rule = Rulebook['rules'][number];
type Kind = Infer<typeof kind>;
type Measure = keyof InferFields<typeof measures>;
type Named = RowOf<typeof records.tally>['named'][number];

/** A payment about to be made, or made. */
interface Paid extends Named {
  readonly payer: string;
  readonly amount: Infer<typeof limit>;
  readonly day: string;
  readonly commitment: string;
  /** As it is judged: one of `payees`. */
  readonly payee: string;
  /** All that the payee is called, and the payer: the books count under each. */
  readonly payees: readonly string[];
  readonly payers: readonly string[];
  /** As it was written. */
  readonly written: string;
  readonly reference: string;
}

/** What a rule found against what it allows, in words for people. */
interface Finding {
  readonly found: string;
  readonly allowed: string;
  readonly cites: readonly string[];
}

type Check = (context: Books, rule: Rule, paid: Paid) => Finding | undefined;

const CHECKS: Readonly<Record<Kind, Check>> = {
  payment: (_context, { limit }, { amount, fund, commitment }) => {
    if (limit === undefined || limit.currency !== amount.currency) return undefined;
    if (amount.minor <= limit.minor) return undefined;
    return {
      found: shown(amount),
      allowed: `at most ${shown(limit)}`,
      cites: [cite('treasury.commitment', fund, commitment)],
    };
  },
  period: (context, { limit, months = 'month' }, { payee, amount, day }) => {
    if (limit === undefined || limit.currency !== amount.currency) return undefined;
    const keys = monthsOf(day, months).map((month) => ({
      payee,
      currency: amount.currency,
      month,
    }));
    const before = keys.reduce(
      (sum, key) => sum + (context.records.month.get(key)?.total ?? 0n),
      0n,
    );
    const minor = before + amount.minor;
    if (minor <= limit.minor) return undefined;
    const found = `${shown({ ...amount, minor })} in the ${months}`;
    const cites = keys.map(({ currency, month }) => cite('risk.month', payee, currency, month));
    return { found, allowed: `at most ${shown(limit)}`, cites };
  },
  splitting: (context, { count = 2, days = 30, ...rule }, paid) => {
    const of = ceilingOf(rule);
    if (of === undefined || !isUnder(of, paid)) return undefined;
    const before = tallied(context, paid, { of: of.text, days });
    if (before.count + 1 < count) return undefined;
    return {
      found: `${before.count + 1} payments just under ${shown(of.limit)} in ${days} days`,
      allowed: `fewer than ${count}`,
      cites: before.cites,
    };
  },
  duplicate: (context, { days }, { payee, amount, reference, day }) => {
    const key = { payee, amount: text(amount) };
    const seen = context.records.seen.get({ ...key, reference });
    if (seen !== undefined) {
      const found = `${reference} for ${shown(amount)} was paid before`;
      return { found, allowed: 'once', cites: [citePayment(seen)] };
    }
    if (days === undefined) return undefined;
    const near = nearestTo(context.records.alike.get(key)?.payments ?? [], day, days);
    const [other] = near;
    if (other === undefined) return undefined;
    const found = `${shown(amount)} was paid on ${other.day} as ${other.fund}/${other.payment}`;
    return { found, allowed: `once in ${days} days`, cites: near.map(citePayment) };
  },
  listed: (context, _rule, { payee, day }) => {
    const row = context.records.listing.get({ payee });
    if (row?.status !== 'listed' || row.until < day) return undefined;
    const found = `listed until ${row.until}: ${row.legalBasis}`;
    return {
      found: shortened(found),
      allowed: 'not listed',
      cites: [cite('risk.listing', payee)],
    };
  },
  related: (context, _rule, { payee, payer }) => {
    const row = context.records.relation.get({ organisation: payer, payee });
    if (row?.status !== 'related') return undefined;
    const cites = [cite('risk.relation', payer, payee)];
    return { found: row.relation, allowed: 'not related', cites };
  },
  velocity: (context, { count = 2, days = 1 }, paid) => {
    const before = tallied(context, paid, { of: ALL_PAYMENTS, days });
    if (before.count + 1 < count) return undefined;
    return {
      found: `${before.count + 1} payments in ${days} days`,
      allowed: `fewer than ${count}`,
      cites: before.cites,
    };
  },
  roundTrip: (context, { days = 30 }, { payee, payer, payers, day }) => {
    const organisation = organisationIn(payee);
    if (organisation === undefined) return undefined;
    const flows = payers.map((name) =>
      context.records.flow.get({ payer: organisation, payee: name }),
    );
    const back = flows.find(
      (flow) => flow !== undefined && Math.abs(daysBetween(flow.day, day)) < days,
    );
    if (back === undefined) return undefined;
    const found = `${payee} paid ${payer} on ${back.day}`;
    return { found, allowed: `no payment back in ${days} days`, cites: [citePayment(back)] };
  },
  dormant: (context, { days = 365 }, { payee, day }) => {
    const last = context.records.account.get({ payee });
    if (last === undefined || daysBetween(last.day, day) <= days) return undefined;
    const found = `silent for ${daysBetween(last.day, day)} days`;
    return { found, allowed: `at most ${days} days`, cites: [citePayment(last)] };
  },
};

/** What a rule finds of a payment by the first of the payee's names under which it finds anything. */
function findingOf(context: Books, rule: Rule, paid: Paid): Finding | undefined {
  for (const payee of paid.payees) {
    const finding = CHECKS[rule.kind](context, rule, { ...paid, payee });
    if (finding === undefined) continue;
    const isFirst = payee === paid.payees[0];
    return isFirst ? finding : { ...finding, found: `${payee}: ${finding.found}` };
  }
  return undefined;
}

function lookup({ contracts }: Pick<Books, 'contracts'>): Lookup {
  return (slug) => contracts.directory.records.organisation.get({ slug });
}

/** What all payments of a payee are counted under, beside those just under a ceiling. */
const ALL_PAYMENTS = 'all';

/** Amounts that count as just under the ceiling of a rule. */
interface Ceiling {
  readonly limit: Infer<typeof limit>;
  readonly percent: number;
  /** Rules with one ceiling share their counts; a rule that changes begins anew. */
  readonly text: string;
}

function ceilingOf({ limit, percent = 90 }: Pick<Rule, 'limit' | 'percent'>): Ceiling | undefined {
  if (limit === undefined) return undefined;
  return { limit, percent, text: `${percent} % of ${text(limit)}` };
}

function isUnder({ limit, percent }: Ceiling, { amount }: Pick<Paid, 'amount'>): boolean {
  return (
    amount.currency === limit.currency &&
    amount.minor <= limit.minor &&
    amount.minor * 100n >= limit.minor * BigInt(percent)
  );
}

/** Payments to the payee within so many days, and the latest of them by name. */
function tallied(
  context: Books,
  { payee, day }: Pick<Paid, 'payee' | 'day'>,
  { of, days }: { readonly of: string; readonly days: number },
): { readonly count: number; readonly cites: readonly string[] } {
  const latest = context.records.account.get({ payee })?.day ?? day;
  // Imported lines come in any order of days: what is dated after this one counts alike.
  const to = [addDays(day, days - 1), latest].reduce((a, b) => (a < b ? a : b));
  const rows = periodsBetween(addDays(day, 1 - days), to < day ? day : to).flatMap((period) => {
    const row = context.records.tally.get({ payee, of, period });
    return row === undefined ? [] : [row];
  });
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  return { count, cites: rows.flatMap(({ named }) => named.map(citePayment)).slice(-CITES_MAX) };
}

/** Counts a payment under its day and its month. */
function tally(context: Books, { payee, day, fund, payment }: Paid, of: string): void {
  for (const period of [day, day.slice(0, 7)]) {
    const { count, named } = context.records.tally.get({ payee, of, period }) ?? NOTHING_TALLIED;
    const latest = [...named, { fund, payment }].slice(-NAMED_MAX);
    context.records.tally.put({ payee, of, period, count: count + 1, named: latest });
  }
}

const NOTHING_TALLIED = { count: 0, named: [] };

/** Which measures a rule must name. */
function needs(which: Kind): readonly Measure[] {
  const table: Readonly<Record<Kind, readonly Measure[]>> = {
    payment: ['limit'],
    period: ['limit', 'months'],
    splitting: ['limit', 'percent', 'count', 'days'],
    duplicate: [],
    listed: [],
    related: [],
    velocity: ['count', 'days'],
    roundTrip: ['days'],
    dormant: ['days'],
  };
  return table[which];
}

/** Kinds that look at one payment, or at a list, and at no book. */
const BOOKLESS: ReadonlySet<Kind> = new Set(['payment', 'listed', 'related']);

/**
 * Since when what a rule compares with is complete: a splitting rule counts under its own ceiling,
 * which another rule in force may have counted before; amounts are kept while a duplicate rule names days.
 * @param rules  those in force, of before a change, too
 * @param books  day since which the books are kept
 */
function countedSince(
  rule: Pick<Rule, 'kind' | 'limit' | 'percent' | 'days'>,
  at: { readonly rules: readonly Rule[]; readonly books: string; readonly today: string },
): string | undefined {
  if (BOOKLESS.has(rule.kind)) return undefined;
  if (isOfAmounts(rule)) return at.rules.find(isOfAmounts)?.since ?? at.today;
  if (rule.kind !== 'splitting') return at.books;
  const { text: own } = ceilingOf(rule) ?? {};
  const alike = at.rules.find(
    (other) => other.kind === 'splitting' && ceilingOf(other)?.text === own,
  );
  return alike?.since ?? at.today;
}

/** A duplicate rule that compares amounts, beside numbers. */
function isOfAmounts({ kind, days }: Pick<Rule, 'kind' | 'days'>): boolean {
  return kind === 'duplicate' && days !== undefined;
}

function rulebookOf(row: Rulebook | undefined): Rulebook {
  return row ?? { rules: [] };
}

/** The payment of a guarded call; undefined if its commitment is unknown, which treasury refuses. */
function paymentOf(context: Books, { input }: GuardedCall): Paid | undefined {
  // The input was checked against the action of the treasury.
  const line = input as InferFields<(typeof treasury)['actions']['disburse']['input']>;
  const { fund, commitment, payment, amount, source } = line;
  const row = context.contracts.treasury.records.commitment.get({ fund, commitment });
  if (row === undefined) return undefined;
  // What was paid elsewhere has the day and number of its source; a payment of today chooses neither.
  const elsewhere = isPaidElsewhere(row, source) ? source : undefined;
  const day = elsewhere === undefined ? context.today : line.date;
  const reference = elsewhere?.number ?? payment;
  const { holder: payer } = row;
  const payees = payeesOf(row.payee, lookup(context));
  const payers = payeesNamed(`organisation:${payer}`, lookup(context));
  const written = writtenPayee(row.payee);
  const [payee = written] = payees;
  const named = { payee, payees, payers, written, reference };
  return { fund, payment, payer, amount, day, commitment, ...named };
}

interface Held {
  readonly call: Uint8Array;
  /** Milliseconds since 1970. */
  readonly heldUntil: number;
}

interface Hit extends Finding {
  readonly rule: Rule;
  readonly held: Held | undefined;
}

/** As the ledger will hold the call. */
function heldAs({ timestampMs, parameters }: Books, call: Uint8Array): Held {
  return { call, heldUntil: expiryAfter(timestampMs, parameters.holdDays) };
}

function keepHit(context: Books, paid: Paid, { rule, held, ...finding }: Hit): void {
  const { fund, payment, payer, written: payee, amount, day } = paid;
  const { kind, verdict, since } = rule;
  const { found, allowed, cites } = finding;
  context.records.hit.put({
    fund,
    payment,
    rule: rule.rule,
    ...{ kind, verdict, payer, payee, amount, day },
    found: shortened(found),
    allowed,
    since,
    cites: cites.slice(0, CITES_MAX),
    ...(held ?? { call: undefined, heldUntil: undefined }),
    status: held === undefined ? 'paid' : 'held',
    reviewBy: addDays(context.today, context.parameters.reviewDays),
  });
  context.emit('hit', { fund, payment, rule: rule.rule, verdict });
}

/** Says of the hits that waited for a held call what became of it; others it has none. */
function endHits(context: Books, call: Uint8Array, status: HoldEnd | 'paid'): void {
  const hold = context.records.hold.get({ call });
  for (const rule of hold?.rules ?? []) {
    const hit = hold && context.records.hit.get({ ...hold, rule });
    // The payment may have been handed in again meanwhile, and is held as another call.
    const isOf = hit?.status === 'held' && hit.call !== undefined && equalBytes(hit.call, call);
    if (isOf) context.records.hit.put({ ...hit, status });
  }
}

/** Writes a payment that took effect into the books, under all that the payee is called. */
function book(context: Books, paid: Paid, rules: readonly Rule[]): void {
  const ceilings = rules.flatMap((rule) =>
    rule.kind === 'splitting' ? [ceilingOf(rule)].filter((of) => of !== undefined) : [],
  );
  const under = ceilings.filter((of) => isUnder(of, paid)).map((of) => of.text);
  const counts = new Set([ALL_PAYMENTS, ...under]);
  for (const payee of paid.payees) bookPayee(context, { ...paid, payee }, counts);
  if (rules.some(isOfAmounts))
    for (const payee of paid.payees) bookAlike(context, { ...paid, payee });
  const { fund, payment, payees, day } = paid;
  context.records.booked.put({ fund, payment, payees, month: day.slice(0, 7) });
}

/**
 * A credit lowers the totals of the month in which its payment was booked, and of no other. Of money that
 * one organisation holds and controls alone it lowers none: that would open room by one word. Counts,
 * numbers paid and days of payments stay: the payment was made. What came back whole is no payment that
 * another of its amount repeats.
 */
function giveBack(context: Books, { input }: GuardedCall): void {
  // The input was checked against the action of the treasury.
  const line = input as InferFields<(typeof treasury)['actions']['credit']['input']>;
  const { fund, commitment, reverses, amount } = line;
  const booked =
    reverses === undefined ? undefined : context.records.booked.get({ fund, payment: reverses });
  const row = context.contracts.treasury.records.commitment.get({ fund, commitment });
  if (booked === undefined || row === undefined || row.holder === row.controller) return;
  const { currency } = amount;
  for (const payee of booked.payees) {
    const month = context.records.month.need({ payee, currency, month: booked.month });
    context.records.month.put({ ...month, total: month.total - amount.minor });
  }
  const paid = context.contracts.treasury.records.payment.get({ fund, payment: reverses ?? '' });
  if (paid === undefined || paid.reversed < paid.amount.minor) return;
  for (const payee of booked.payees) forgetAlike(context, { ...paid, payee });
}

function bookAlike(context: Books, { payee, amount, fund, payment, day }: Paid): void {
  const key = { payee, amount: text(amount) };
  const { payments = [] } = context.records.alike.get(key) ?? {};
  const kept = withPayment(payments, { fund, payment, day });
  context.records.alike.put({ ...key, payments: kept });
}

function forgetAlike(
  context: Books,
  { payee, amount, fund, payment }: Pick<Paid, 'payee' | 'amount' | 'fund' | 'payment'>,
): void {
  const row = context.records.alike.get({ payee, amount: text(amount) });
  if (row === undefined) return;
  context.records.alike.put({ ...row, payments: withoutPayment(row.payments, { fund, payment }) });
}

/** @param counts  what the payment is counted under */
function bookPayee(context: Books, paid: Paid, counts: ReadonlySet<string>): void {
  const { fund, payment, payee, payer, amount, day, reference } = paid;
  const place = { fund, payment, day };
  const last = context.records.account.get({ payee });
  if (last === undefined || last.day <= day) context.records.account.put({ payee, ...place });
  bookFlow(context, { payer, payee }, place);
  for (const of of counts) tally(context, paid, of);
  const month = { payee, currency: amount.currency, month: day.slice(0, 7) };
  const { total = 0n } = context.records.month.get(month) ?? {};
  context.records.month.put({ ...month, total: total + amount.minor });
  context.records.seen.put({ payee, amount: text(amount), reference, fund, payment });
}

function bookFlow(
  context: Books,
  pair: { readonly payer: string; readonly payee: string },
  place: Named & Pick<Paid, 'day'>,
): void {
  const last = context.records.flow.get(pair);
  if (last === undefined || last.day <= place.day) context.records.flow.put({ ...pair, ...place });
}

/** For people; keys of books have the other form. */
function shown({ minor, currency }: Paid['amount']): string {
  return describeAmount(minor, currency);
}

function text({ minor, currency }: Paid['amount']): string {
  return `${currency} ${minor}`;
}

function citePayment({ fund, payment }: Named): string {
  return cite('treasury.payment', fund, payment);
}

/** The months of the calendar period up to and including that of the day. */
function monthsOf(day: string, period: 'month' | 'quarter' | 'year'): readonly string[] {
  const year = day.slice(0, 4);
  const month = Number(day.slice(5, 7));
  const starts = { month, quarter: month - ((month - 1) % 3), year: 1 } as const;
  const ends = { month, quarter: starts.quarter + 2, year: 12 } as const;
  return Array.from(
    { length: ends[period] - starts[period] + 1 },
    (_, index) => `${year}-${String(starts[period] + index).padStart(2, '0')}`,
  );
}

/** What a hit says, at most; never half a character. */
function shortened(text: string): string {
  return text.slice(0, 300).replace(/[\uD800-\uDBFF]$/, '');
}
