/** The contract that docs/contracts.md builds step by step: a grants office. */
import { addDays, defineContract, field } from '@daybook/contracts';
import { equalBytes, SEAL_SALT_SIZE, sealOf } from '@daybook/core';

const call = field.slug({ en: 'Call', zh: '资助公告' });
const number = field.integer({ en: 'Application', zh: '申请编号', min: 1 });
const organisation = (en: string, zh: string) =>
  field.reference({ en, zh, record: 'directory.organisation', max: 64 });
const money = field.money({ en: 'Amount', zh: '金额', min: 1n, currencies: ['GBP'] });

export const records = {
  call: {
    number: 1,
    title: { en: 'Call for applications', zh: '资助公告' },
    key: { call },
    fields: {
      office: organisation('Grants office', '资助机构'),
      budget: money,
      closes: field.date({ en: 'Applications until', zh: '申请截止' }),
    },
  },
  application: {
    number: 2,
    title: { en: 'Application', zh: '申请' },
    key: { call, number },
    partition: ['call'],
    fields: {
      applicant: organisation('Applicant', '申请机构'),
      asked: money,
      plan: field.sealed({ en: 'Sealed plan', zh: '密封计划' }),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          submitted: { en: 'submitted', zh: '已提交' },
          granted: { en: 'granted', zh: '已资助' },
          refused: { en: 'refused', zh: '未资助' },
          reported: { en: 'reported', zh: '已报告' },
        },
      }),
      reportBy: field.optional(field.date({ en: 'Report due', zh: '报告期限' })),
    },
    states: {
      field: 'status',
      initial: ['submitted'],
      transitions: {
        submitted: ['granted', 'refused'],
        granted: ['reported'],
        refused: [],
        reported: [],
      },
    },
    deadlines: [{ field: 'reportBy', open: ['granted'] }],
    links: { under: { record: 'grants.call', by: { call: 'call' } } },
  },
} as const;

export const sums = {
  granted: {
    number: 3,
    title: { en: 'Granted by call', zh: '各公告资助额' },
    record: 'application',
    of: 'asked',
    by: ['call'],
    where: { field: 'status', is: ['granted', 'reported'] },
  },
  applicationCounts: {
    number: 4,
    title: { en: 'Applications by call', zh: '各公告申请数' },
    record: 'application',
    by: ['call'],
  },
} as const;

export const roles = {
  officer: { title: { en: 'Grants officer', zh: '资助官员' }, grantedBy: 'organisation' },
  juror: { title: { en: 'Juror', zh: '评审' }, grantedBy: 'governance' },
} as const;

export const failures = {
  CALL_CLOSED: {
    code: 1,
    en: 'Applications were taken until {closes}.',
    zh: '申请已于{closes}截止。',
    remedy: { en: 'Wait for the next call.', zh: '请等待下次公告。' },
  },
  PLAN_DIFFERS: {
    code: 2,
    en: 'Plan and salt are not those that were sealed.',
    zh: '计划与盐值与密封内容不符。',
    remedy: { en: 'Show the plan that was sealed.', zh: '请出示密封时的计划。' },
  },
} as const;

export const events = {
  decided: {
    title: { en: 'Application decided', zh: '申请已决定' },
    fields: { call, number, status: records.application.fields.status },
  },
} as const;

export const parameters = {
  reportDays: {
    field: field.integer({ en: 'Days to report', zh: '报告天数', min: 1, max: 3660 }),
    default: 365,
  },
} as const;

/** What an applicant seals, for the application that it will be. */
export function sealPlan(name: string, applicant: string, salt: Uint8Array, plan: string) {
  return sealOf(`grants.application/${name}/${applicant}`, salt, plan);
}

export const grants = defineContract({
  number: 950,
  name: 'grants',
  version: 1,
  title: { en: 'Grants', zh: '资助' },
  help: { en: 'Calls, applications, decisions, reports.', zh: '公告、申请、决定与报告。' },
  records,
  sums,
  roles,
  failures,
  events,
  parameters,

  actions: {
    open: {
      title: { en: 'Open a call', zh: '发布公告' },
      by: { role: 'officer', organisation: 'office' },
      input: { call, ...records.call.fields },
      handler(context, input) {
        context.records.call.insert(input);
      },
    },

    apply: {
      title: { en: 'Apply', zh: '申请' },
      by: 'officer',
      input: { call, asked: money, plan: records.application.fields.plan },
      handler(context, { call, asked, plan }) {
        const { closes } = context.records.call.need({ call });
        context.check(context.today <= closes, 'CALL_CLOSED', { closes });
        const { organisation: applicant = '' } = context.actor;
        const { count } = context.sums.applicationCounts.get({ call });
        const row = { call, number: count + 1, applicant, asked, plan };
        context.records.application.insert({ ...row, status: 'submitted' });
      },
    },

    decide: {
      title: { en: 'Decide', zh: '决定' },
      by: { role: 'juror' },
      approvals: { officers: 2, organisations: 2, days: 14 },
      discretion: true,
      input: {
        call,
        number,
        status: records.application.fields.status,
        reason: field.reason(),
      },
      handler(context, { call, number, status }) {
        const row = context.records.application.need({ call, number });
        const days = context.parameters.reportDays;
        const reportBy = status === 'granted' ? addDays(context.today, days) : undefined;
        context.records.application.put({ ...row, status, reportBy });
        context.emit('decided', { call, number, status });
      },
    },

    report: {
      title: { en: 'Show the plan and report', zh: '出示计划并报告' },
      by: 'officer',
      input: {
        call,
        number,
        salt: field.bytes({ en: 'Salt', zh: '盐值', min: SEAL_SALT_SIZE, max: SEAL_SALT_SIZE }),
        plan: field.text({ en: 'Plan', zh: '计划', max: 4000, lines: true }),
      },
      handler(context, { call, number, salt, plan }) {
        const row = context.records.application.need({ call, number });
        const shown = sealPlan(call, row.applicant, salt, plan);
        context.check(equalBytes(shown, row.plan), 'PLAN_DIFFERS');
        context.records.application.put({ ...row, status: 'reported' });
      },
    },
  },

  invariants: {
    withinBudget: {
      title: { en: 'No more is granted than the budget', zh: '资助额不超预算' },
      sum: 'granted',
      holds({ total, key }, { records: { call: calls } }) {
        const row = calls.get({ call: String(key.call) });
        return row !== undefined && total <= row.budget.minor;
      },
    },
  },

  queries: {
    applications: {
      title: { en: 'Applications of a call', zh: '公告的申请' },
      record: 'application',
      by: ['call'],
    },
    overdueReports: {
      title: { en: 'Reports past their day', zh: '逾期报告' },
      record: 'application',
      by: ['call'],
      overdue: 'reportBy',
    },
  },
});
