/**
 * Audit: engagements, the rules that run over the SQL index all the time, and findings with
 * evidence that anybody can prove. The auditee answers by a date and mends by a date, and whoever
 * does not is overdue for all to see. Findings are named as in the US Federal Audit Clearinghouse
 * and OSCAL assessment results. Longer than other files because a contract is one file, half of it
 * titles in two languages; the SQL of its rules is in `audit-rules.ts`.
 */
import type { Context, RowOf } from '@daybook/contracts';
import { addDays, defineContract, field } from '@daybook/contracts';
import { readCitation } from './audit-citation.ts';
import { checkAuditRule } from './audit-rules.ts';
import { legalBasis, longText, organisation, recordName, ruleName } from './vocabulary/fields.ts';
import { notThere, REMEDIES, takenAlready } from './vocabulary/refusals.ts';

const CITES_MAX = 64;

// Fields that several records and actions share.

const engagement = field.slug({ en: 'Engagement', zh: '审计项目' });
const findingId = field.identifier({
  en: 'Reference number',
  zh: '问题编号',
  help: { en: 'Such as 2026-001.', zh: '例如 2026-001。' },
  max: 64,
});
const auditor = organisation('Auditor', '审计机构');
const auditee = organisation('Auditee', '被审计机构');
const title = field.text({ en: 'Title', zh: '标题', max: 300 });
const reason = field.reason();
const evidence = field.list(
  field.object(
    {
      record: recordName,
      height: field.integer({ en: 'At height', zh: '高度' }),
      valueHash: field.optional(field.hash({ en: 'Hash of its value', zh: '值哈希' })),
    },
    { en: 'Record that proves it', zh: '可验证的记录' },
  ),
  { en: 'Evidence', zh: '证据', max: CITES_MAX },
);
const questionedCosts = field.money({ en: 'Questioned costs', zh: '存疑金额', min: 0n });
const weight = field.choice({
  en: 'Weight',
  zh: '程度',
  of: {
    materialWeakness: { en: 'material weakness', zh: '重大缺陷' },
    significantDeficiency: { en: 'significant deficiency', zh: '重要缺陷' },
    otherMatter: { en: 'other matter', zh: '其他事项' },
  },
});
const ruleKind = field.choice({
  en: 'Kind',
  zh: '类别',
  of: {
    benford: { en: 'first digits against Benford', zh: '本福特首位数' },
    duplicates: { en: 'duplicate payments', zh: '重复付款' },
    gaps: { en: 'gaps in numbering', zh: '编号断号' },
    splits: { en: 'purchases split under a ceiling', zh: '拆分采购' },
    outsideHours: { en: 'payments outside working hours', zh: '非工作时间付款' },
    beforeContract: { en: 'payments before the contract', zh: '合同前付款' },
    amended: { en: 'contracts that grew beyond their award', zh: '合同变更超出授标' },
    roundTrip: { en: 'money that comes back', zh: '资金回流' },
    relatedParty: { en: 'flows to related parties', zh: '关联方资金' },
    other: { en: 'other', zh: '其他' },
  },
});

// Records.

const records = {
  engagement: {
    number: 1,
    title: { en: 'Audit engagement', zh: '审计项目' },
    key: { engagement },
    fields: {
      auditor,
      auditee,
      title,
      scope: longText('Scope', '范围'),
      legalBasis,
      period: field.period({ en: 'Period audited', zh: '审计期间' }),
      reportBy: field.date({ en: 'Report due', zh: '报告期限' }),
      report: field.optional(field.hash({ en: 'SHA-256 of the report', zh: '报告哈希' })),
      findings: field.integer({ en: 'Findings', zh: '问题数' }),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          open: { en: 'under way', zh: '进行中' },
          reported: { en: 'reported', zh: '已出报告' },
          closed: { en: 'closed', zh: '已结束' },
        },
      }),
    },
    states: {
      field: 'status',
      initial: ['open'],
      transitions: { open: ['reported'], reported: ['closed'], closed: [] },
    },
    deadlines: [{ field: 'reportBy', open: ['open'] }],
  },
  rule: {
    number: 2,
    title: { en: 'Continuous rule', zh: '持续规则' },
    help: {
      en: 'Runs over the SQL index; what it finds becomes a finding of its engagement.',
      zh: '在 SQL 索引上持续运行;命中即成为审计问题。',
    },
    key: { rule: ruleName },
    fields: {
      engagement,
      kind: ruleKind,
      title,
      query: longText('Query, or measures of the kind', '查询或参数'),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: { active: { en: 'runs', zh: '运行' }, retired: { en: 'retired', zh: '停用' } },
      }),
    },
    states: {
      field: 'status',
      initial: ['active'],
      transitions: { active: ['retired'], retired: ['active'] },
    },
  },
  finding: {
    number: 3,
    title: { en: 'Finding', zh: '审计问题' },
    key: { engagement, finding: findingId },
    partition: ['engagement'],
    fields: {
      auditee,
      rule: field.optional(ruleName),
      title,
      description: longText('What was found', '问题描述'),
      evidence,
      weight,
      questionedCosts: field.optional(questionedCosts),
      repeatPriorReference: field.optional(findingId),
      replyBy: field.date({ en: 'Reply due', zh: '答复期限' }),
      reply: field.optional(longText('Reply of the auditee', '被审计机构答复')),
      plannedAction: field.optional(longText('Planned action', '整改计划')),
      remediateBy: field.optional(field.date({ en: 'To be mended by', zh: '整改期限' })),
      remediation: field.optional(longText('What was done', '整改情况')),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          open: { en: 'waits for a reply', zh: '待答复' },
          replied: { en: 'replied', zh: '已答复' },
          agreed: { en: 'being mended', zh: '整改中' },
          mended: { en: 'said to be mended', zh: '报告已整改' },
          closed: { en: 'mended', zh: '已整改' },
          withdrawn: { en: 'withdrawn', zh: '已撤销' },
        },
      }),
    },
    states: {
      field: 'status',
      initial: ['open'],
      transitions: {
        open: ['replied', 'withdrawn'],
        replied: ['agreed', 'open', 'withdrawn'],
        agreed: ['mended', 'withdrawn'],
        mended: ['closed', 'agreed'],
        closed: [],
        withdrawn: [],
      },
    },
    deadlines: [
      { field: 'replyBy', open: ['open'] },
      { field: 'remediateBy', open: ['agreed'] },
    ],
    links: { of: { record: 'audit.engagement', by: { engagement: 'engagement' } } },
  },
} as const;

const sums = {
  findingCounts: {
    number: 101,
    title: { en: 'Findings by auditee and status', zh: '各机构问题数' },
    record: 'finding',
    by: ['auditee', 'status'],
  },
  engagementCounts: {
    number: 103,
    title: { en: 'Engagements by auditor and status', zh: '各审计机构项目数' },
    record: 'engagement',
    by: ['auditor', 'status'],
  },
  findingsIn: {
    number: 104,
    title: { en: 'Findings by engagement and status', zh: '各项目问题数' },
    record: 'finding',
    by: ['engagement', 'status'],
  },
  rulesOf: {
    number: 105,
    title: { en: 'Rules by engagement', zh: '各项目规则数' },
    record: 'rule',
    by: ['engagement'],
  },
  questioned: {
    number: 102,
    title: { en: 'Questioned costs by auditee', zh: '各机构存疑金额' },
    record: 'finding',
    of: 'questionedCosts',
    by: ['auditee', 'status'],
  },
} as const;

const roles = {
  auditor: {
    title: { en: 'Auditor', zh: '审计官员' },
    grantedBy: 'organisation',
  },
  monitor: {
    title: { en: 'Continuous audit', zh: '持续审计' },
    help: { en: 'A service account that runs the rules.', zh: '运行规则的服务账户。' },
    grantedBy: 'organisation',
  },
  respondent: {
    title: { en: 'Respondent', zh: '答复官员' },
    help: { en: 'Replies for the organisation that is audited.', zh: '代表被审计机构答复。' },
    grantedBy: 'organisation',
  },
} as const;

const failures = {
  ENGAGEMENT_EXISTS: takenAlready(1, { en: 'an engagement', zh: '审计项目' }, REMEDIES.otherName),
  ENGAGEMENT_UNKNOWN: notThere(2, { en: 'engagement', zh: '审计项目' }, REMEDIES.checkName),
  SELF_AUDIT: {
    code: 3,
    en: 'An organisation does not audit itself.',
    zh: '机构不得审计自己。',
    remedy: { en: 'Name another auditor.', zh: '请另选审计机构。' },
  },
  NOT_ENTITLED: {
    code: 4,
    en: 'No signer holds the role {role} of {organisation}.',
    zh: '签署人中没有{organisation}的{role}。',
    remedy: REMEDIES.officerSigns,
  },
  STATUS_WRONG: {
    code: 5,
    en: 'This is {status}; the act is for what is {wanted}.',
    zh: '当前状态为{status},须为{wanted}。',
    remedy: { en: 'Look at the record.', zh: '请查看记录。' },
  },
  FINDING_EXISTS: takenAlready(
    6,
    { en: 'a finding', zh: '审计问题' },
    {
      en: 'Nothing to do: a rule that runs again finds nothing new.',
      zh: '无须处理:规则重复运行不会新增。',
    },
  ),
  FINDING_UNKNOWN: notThere(
    7,
    { en: 'finding', zh: '审计问题' },
    { en: 'Check engagement and number.', zh: '请核对项目与编号。' },
  ),
  RULE_UNKNOWN: {
    code: 8,
    en: 'There is no rule {rule} that runs for this engagement.',
    zh: '该项目没有运行中的规则{rule}。',
    remedy: { en: 'Look at the rules.', zh: '请查看规则。' },
  },
  NO_EVIDENCE: {
    code: 9,
    en: 'A finding names the records that prove it.',
    zh: '审计问题须列明可验证的记录。',
    remedy: { en: 'Cite at least one record.', zh: '请至少引用一条记录。' },
  },
  EVIDENCE_UNCLEAR: {
    code: 18,
    en: 'A finding cites a record as contract.record/key as of a block that is there, not {record} as of block {height}.',
    zh: '须以 合约.记录/键 引用记录,并写明已有的区块高度,而非 {record}(区块 {height})。',
    remedy: {
      en: 'Cite it as in treasury.payment/water-2026/p-1; / and % in a key are %2F and %25.',
      zh: '请按 treasury.payment/water-2026/p-1 的写法引用;键内的 / 与 % 写作 %2F 与 %25。',
    },
  },
  FINDING_FULL: {
    code: 11,
    en: 'A finding cites at most {max} records.',
    zh: '每项问题最多引用{max}条记录。',
    remedy: {
      en: 'Open another one that names this as its prior reference.',
      zh: '请另立问题,并注明前次编号。',
    },
  },
  SECOND_AUDITOR: {
    code: 12,
    en: 'Auditors of {auditor} who sign: {signing}. This takes two of them.',
    zh: '{auditor}签署的审计官员为{signing}名,须有两名。',
    remedy: { en: 'Let a second auditor of it sign.', zh: '请由该机构的另一名审计官员共同签署。' },
  },
  ENGAGEMENTS_FULL: {
    code: 13,
    en: 'Engagements of {auditor} under way: {open}; {max} is the most.',
    zh: '{auditor}进行中的项目为{open}个,上限{max}个。',
    remedy: {
      en: 'Report on one of them first; or ask the members for another audit.engagementsMax.',
      zh: '请先就其中一个出具报告;或提请成员调整 audit.engagementsMax。',
    },
  },
  FINDINGS_FULL: {
    code: 14,
    en: 'Findings of {engagement} that wait for a reply: {open}; {max} is the most.',
    zh: '项目{engagement}待答复的问题为{open}项,上限{max}项。',
    remedy: {
      en: 'Wait for replies, or withdraw what is not needed; or ask the members for another audit.findingsMax.',
      zh: '请等待答复或撤销不必要的问题;或提请成员调整 audit.findingsMax。',
    },
  },
  RULE_MEASURES: {
    code: 16,
    en: 'The rule {rule} cannot run: expected {expected}, found {found}.',
    zh: '规则{rule}无法运行:应为{expected},实为{found}。',
    remedy: {
      en: 'Correct the measures; - stands for none.',
      zh: '请更正参数;“-”表示不设参数。',
    },
  },
  RULE_TAKEN: {
    code: 17,
    en: 'The rule {rule} belongs to the engagement {engagement}.',
    zh: '规则{rule}属于项目{engagement}。',
    remedy: { en: 'Give the rule another name.', zh: '请另取规则名称。' },
  },
  RULES_FULL: {
    code: 15,
    en: 'Rules of {engagement}: {rules}; {max} is the most.',
    zh: '项目{engagement}的规则为{rules}条,上限{max}条。',
    remedy: {
      en: 'Change one of them; or ask the members for another audit.rulesMax.',
      zh: '请变更现有规则;或提请成员调整 audit.rulesMax。',
    },
  },
  DATE_PAST: {
    code: 10,
    en: 'The date {date} is over.',
    zh: '日期{date}已过。',
    remedy: { en: 'Choose a later day.', zh: '请选择更晚的日期。' },
  },
} as const;

const events = {
  found: {
    title: { en: 'Finding', zh: '发现问题' },
    fields: { engagement, finding: findingId, auditee },
  },
  moved: {
    title: { en: 'Finding went on', zh: '问题进展' },
    fields: { engagement, finding: findingId, status: records.finding.fields.status },
  },
  reported: {
    title: { en: 'Audit report', zh: '审计报告' },
    fields: { engagement, report: field.hash({ en: 'SHA-256 of the report', zh: '报告哈希' }) },
  },
} as const;

const parameters = {
  engagementsMax: {
    field: field.integer({
      en: 'Engagements of an auditor under way at a time, at most',
      zh: '同一审计机构进行中项目上限',
      min: 1,
      max: 10_000,
    }),
    default: 50,
  },
  findingsMax: {
    field: field.integer({
      en: 'Findings of an engagement that wait for a reply at a time, at most',
      zh: '每个项目待答复问题上限',
      min: 1,
      max: 100_000,
    }),
    default: 2000,
  },
  rulesMax: {
    field: field.integer({
      en: 'Rules of an engagement, at most',
      zh: '每个项目规则上限',
      min: 1,
      max: 10_000,
    }),
    default: 100,
  },
  replyDays: {
    field: field.integer({ en: 'Days to reply to a finding', zh: '答复天数', min: 1, max: 366 }),
    default: 30,
  },
} as const;

const found = {
  engagement,
  finding: findingId,
  title,
  description: records.finding.fields.description,
  evidence,
  weight,
  questionedCosts: field.optional(questionedCosts),
  repeatPriorReference: field.optional(findingId),
};
const onFinding = { engagement, finding: findingId };

export const audit = defineContract({
  number: 19,
  name: 'audit',
  version: 1,
  title: { en: 'Audit', zh: '审计' },
  help: {
    en: 'Engagements, continuous rules, findings with evidence, replies and what was mended by when.',
    zh: '审计项目、持续规则、有据可查的问题、答复与整改期限。',
  },
  records,
  sums,
  roles,
  failures,
  events,
  parameters,

  actions: {
    open: {
      title: { en: 'Open an engagement', zh: '立项' },
      by: { role: 'auditor', organisation: 'auditor' },
      discretion: true,
      input: {
        engagement,
        auditor,
        auditee,
        title,
        scope: records.engagement.fields.scope,
        legalBasis,
        period: records.engagement.fields.period,
        reportBy: records.engagement.fields.reportBy,
        reason,
      },
      handler(context, { reason: _, ...input }) {
        context.check(input.auditor !== input.auditee, 'SELF_AUDIT');
        checkAhead(context, input.reportBy);
        const { auditor } = input;
        const { count: open } = context.sums.engagementCounts.get({ auditor, status: 'open' });
        const max = context.parameters.engagementsMax;
        context.check(open < max, 'ENGAGEMENTS_FULL', { auditor, open, max });
        const row = { ...input, findings: 0, status: 'open' } as const;
        context.records.engagement.insert(row, 'ENGAGEMENT_EXISTS');
      },
    },

    setRule: {
      title: { en: 'Let a rule run', zh: '启用规则' },
      by: { role: 'auditor' },
      discretion: true,
      input: {
        rule: ruleName,
        engagement,
        kind: ruleKind,
        title,
        query: records.rule.fields.query,
        reason,
      },
      handler(context, { reason: _, ...input }) {
        openEngagement(context, input.engagement, 'auditor');
        const present = context.records.rule.get({ rule: input.rule });
        const { engagement: owner = input.engagement } = present ?? {};
        context.check(owner === input.engagement, 'RULE_TAKEN', {
          rule: input.rule,
          engagement: owner,
        });
        const read = checkAuditRule(input.kind, input.query);
        if (!read.ok) return context.refuse('RULE_MEASURES', { rule: input.rule, ...read.reason });
        if (present === undefined) checkRoomForRule(context, input.engagement);
        context.records.rule.put({ ...input, status: 'active' });
      },
    },

    retireRule: {
      title: { en: 'Stop a rule', zh: '停用规则' },
      by: { role: 'auditor' },
      discretion: true,
      input: { rule: ruleName, reason },
      handler(context, { rule }) {
        const row = context.records.rule.need({ rule }, 'RULE_UNKNOWN');
        openEngagement(context, row.engagement, 'auditor');
        context.records.rule.put({ ...row, status: 'retired' });
      },
    },

    find: {
      title: { en: 'Open a finding', zh: '提出问题' },
      by: { role: 'auditor' },
      discretion: true,
      input: { ...found, reason },
      handler(context, { reason: _, ...input }) {
        const row = openEngagement(context, input.engagement, 'auditor');
        keepFinding(context, row, input);
      },
    },

    findByRule: {
      title: { en: 'Open a finding of a rule', zh: '规则发现问题' },
      help: {
        en: 'By the service that runs the rules; the same number twice adds nothing.',
        zh: '由运行规则的服务提交;同一编号不会重复。',
      },
      by: { role: 'monitor' },
      input: { ...found, rule: ruleName },
      handler(context, input) {
        const row = needRunning(context, input.engagement, input.rule);
        keepFinding(context, row, input);
      },
    },

    findMore: {
      title: { en: 'Add to a finding of a rule', zh: '规则续报问题' },
      help: {
        en: 'What the rule found since of the same hit, as long as nobody has replied.',
        zh: '同一命中的后续记录;被审计机构答复之前可续报。',
      },
      by: { role: 'monitor' },
      input: { ...onFinding, rule: ruleName, evidence, questionedCosts: found.questionedCosts },
      handler(context, { rule, evidence, questionedCosts, ...key }) {
        needRunning(context, key.engagement, rule);
        const row = needFinding(context, key, ['open']);
        context.check(row.rule === rule, 'RULE_UNKNOWN', { rule });
        const cited = new Set(row.evidence.map(({ record }) => record));
        const fresh = evidence.filter(({ record }) => !cited.has(record));
        checkCited(context, fresh);
        const facts = { key: `${key.engagement}/${key.finding}` };
        context.check(fresh.length > 0, 'FINDING_EXISTS', facts);
        const all = [...row.evidence, ...fresh];
        context.check(all.length <= CITES_MAX, 'FINDING_FULL', { max: CITES_MAX });
        const costs = addedCosts(row.questionedCosts, questionedCosts);
        move(context, { ...row, evidence: all, questionedCosts: costs });
      },
    },

    reply: {
      title: { en: 'Reply to a finding', zh: '答复问题' },
      by: { role: 'respondent' },
      input: {
        ...onFinding,
        reply: longText('Reply', '答复'),
        plannedAction: longText('Planned action', '整改计划'),
        remediateBy: field.date({ en: 'To be mended by', zh: '整改期限' }),
      },
      handler(context, { reply, plannedAction, remediateBy, ...key }) {
        const row = needFinding(context, key, ['open']);
        checkHolder(context, row.auditee, 'respondent');
        checkAhead(context, remediateBy);
        move(context, { ...row, reply, plannedAction, remediateBy, status: 'replied' });
      },
    },

    agree: {
      title: { en: 'Agree to the planned action', zh: '同意整改计划' },
      by: { role: 'auditor' },
      discretion: true,
      input: { ...onFinding, remediateBy: field.optional(records.finding.fields.replyBy), reason },
      handler(context, { remediateBy, reason: _, ...key }) {
        const row = needFinding(context, key, ['replied']);
        checkAuditor(context, row);
        const until = remediateBy ?? row.remediateBy;
        if (until !== undefined) checkAhead(context, until);
        move(context, { ...row, remediateBy: until, status: 'agreed' });
      },
    },

    reject: {
      title: { en: 'Ask for another reply', zh: '要求重新答复' },
      by: { role: 'auditor' },
      discretion: true,
      input: { ...onFinding, reason },
      handler(context, { reason: _, ...key }) {
        const row = needFinding(context, key, ['replied']);
        checkAuditor(context, row);
        move(context, { ...row, replyBy: replyDate(context), status: 'open' });
      },
    },

    remediate: {
      title: { en: 'Say what was done', zh: '报告整改' },
      by: { role: 'respondent' },
      input: { ...onFinding, remediation: longText('What was done', '整改情况') },
      handler(context, { remediation, ...key }) {
        const row = needFinding(context, key, ['agreed']);
        checkHolder(context, row.auditee, 'respondent');
        move(context, { ...row, remediation, status: 'mended' });
      },
    },

    followUp: {
      title: { en: 'Judge what was done', zh: '复查整改' },
      by: { role: 'auditor' },
      discretion: true,
      input: {
        ...onFinding,
        isMended: field.boolean({ en: 'It is mended', zh: '已整改到位' }),
        remediateBy: field.optional(field.date({ en: 'Else by', zh: '否则期限' })),
        reason,
      },
      handler(context, { isMended, remediateBy, reason: _, ...key }) {
        const row = needFinding(context, key, ['mended']);
        checkAuditor(context, row);
        if (remediateBy !== undefined) checkAhead(context, remediateBy);
        const until = remediateBy ?? row.remediateBy;
        const status = isMended ? 'closed' : 'agreed';
        move(context, { ...row, remediateBy: until, status });
      },
    },

    withdraw: {
      title: { en: 'Withdraw a finding', zh: '撤销问题' },
      help: {
        en: 'Signed by two auditors of the organisation that audits.',
        zh: '由审计机构的两名审计官员共同签署。',
      },
      by: { role: 'auditor' },
      approvals: { officers: 2 },
      discretion: true,
      input: { ...onFinding, reason },
      handler(context, { reason: _, ...key }) {
        const row = needFinding(context, key, ['open', 'replied', 'agreed']);
        checkTwoAuditors(context, row);
        move(context, { ...row, status: 'withdrawn' });
      },
    },

    report: {
      title: { en: 'Report', zh: '出具报告' },
      help: {
        en: 'The hash of the report; the bundle with every cited record verifies offline. Signed by two auditors of the organisation that audits.',
        zh: '登记报告哈希;附全部引用记录的报告包可离线验证。由审计机构的两名审计官员共同签署。',
      },
      by: { role: 'auditor' },
      approvals: { officers: 2 },
      discretion: true,
      input: { engagement, report: events.reported.fields.report, reason },
      handler(context, { engagement, report }) {
        const row = openEngagement(context, engagement, 'auditor');
        checkTwoAuditors(context, row);
        context.records.engagement.put({ ...row, report, status: 'reported' });
        context.emit('reported', { engagement, report });
      },
    },

    close: {
      title: { en: 'Close an engagement', zh: '结束项目' },
      by: { role: 'auditor' },
      discretion: true,
      input: { engagement, reason },
      handler(context, { engagement }) {
        const row = context.records.engagement.need({ engagement }, 'ENGAGEMENT_UNKNOWN');
        checkHolder(context, row.auditor, 'auditor');
        const facts = { status: row.status, wanted: 'reported' };
        context.check(row.status === 'reported', 'STATUS_WRONG', facts);
        context.records.engagement.put({ ...row, status: 'closed' });
      },
    },
  },

  invariants: {
    answered: {
      title: { en: 'Who mends has replied and has a date', zh: '整改者已答复并有期限' },
      record: 'finding',
      holds: ({ after }) =>
        after !== undefined &&
        (after.status === 'open' ||
          after.status === 'withdrawn' ||
          (after.reply !== undefined && after.remediateBy !== undefined)),
    },
  },

  queries: {
    engagements: { title: { en: 'Engagements', zh: '审计项目' }, record: 'engagement' },
    overdueReports: {
      title: { en: 'Reports past their date', zh: '逾期报告' },
      record: 'engagement',
      overdue: 'reportBy',
    },
    rules: {
      title: { en: 'Rules that run', zh: '运行中的规则' },
      record: 'rule',
      where: { field: 'status', is: ['active'] },
    },
    findings: {
      title: { en: 'Findings of an engagement', zh: '项目的问题' },
      record: 'finding',
      by: ['engagement'],
    },
    unanswered: {
      title: { en: 'Findings not replied to in time', zh: '逾期未答复' },
      record: 'finding',
      overdue: 'replyBy',
    },
    unmended: {
      title: { en: 'Findings not mended in time', zh: '逾期未整改' },
      record: 'finding',
      overdue: 'remediateBy',
    },
  },
});

// Helpers: checks end the transaction by themselves.

type Books = Context<
  typeof records,
  typeof failures,
  typeof events,
  keyof typeof roles,
  typeof parameters,
  typeof sums,
  Readonly<Record<never, never>>
>;
type Engagement = RowOf<typeof records.engagement>;
type Finding = RowOf<typeof records.finding>;
type Found = Omit<Finding, 'auditee' | 'replyBy' | 'status'>;

function checkHolder(context: Books, organisation: string, role: keyof typeof roles): void {
  const entitled = context.entitled({ role, organisation });
  context.check(entitled.length > 0, 'NOT_ENTITLED', { role, organisation });
}

function checkAhead(context: Books, date: string): void {
  context.check(date >= context.today, 'DATE_PAST', { date });
}

function openEngagement(
  context: Books,
  engagement: string,
  role: 'auditor' | 'monitor',
): Engagement {
  const row = context.records.engagement.need({ engagement }, 'ENGAGEMENT_UNKNOWN');
  checkHolder(context, row.auditor, role);
  context.check(row.status === 'open', 'STATUS_WRONG', { status: row.status, wanted: 'open' });
  return row;
}

/** The engagement for which a rule runs, signed for by its monitor. */
function needRunning(context: Books, engagement: string, rule: string): Engagement {
  const row = openEngagement(context, engagement, 'monitor');
  const runs = context.records.rule.get({ rule });
  const isRunning = runs?.status === 'active' && runs.engagement === engagement;
  context.check(isRunning, 'RULE_UNKNOWN', { rule });
  return row;
}

/** Whether it is there is for its proof to tell: that a record is missing is a finding, too. */
function checkCited(context: Books, evidence: Finding['evidence']): void {
  for (const { record, height } of evidence) {
    const isCitation = readCitation(record) !== undefined && height <= context.height;
    context.check(isCitation, 'EVIDENCE_UNCLEAR', { record, height });
  }
}

type Costs = Finding['questionedCosts'];

/** In the currency of the finding; costs in another one are read in the records. */
function addedCosts(present: Costs, more: Costs): Costs {
  if (present === undefined || more === undefined) return present ?? more;
  if (present.currency !== more.currency) return present;
  return { ...present, minor: present.minor + more.minor };
}

function checkAuditor(context: Books, { engagement }: Finding): void {
  const row = context.records.engagement.need({ engagement }, 'ENGAGEMENT_UNKNOWN');
  checkHolder(context, row.auditor, 'auditor');
}

/** The approvals count auditors of any organisation; who is audited must not be the second of them. */
function checkTwoAuditors(context: Books, { engagement }: Pick<Engagement, 'engagement'>): void {
  const { auditor } = context.records.engagement.need({ engagement }, 'ENGAGEMENT_UNKNOWN');
  const signing = context.entitled({ role: 'auditor', organisation: auditor }).length;
  context.check(signing >= 2, 'SECOND_AUDITOR', { auditor, signing });
}

function needFinding(
  context: Books,
  key: Pick<Finding, 'engagement' | 'finding'>,
  wanted: readonly Finding['status'][],
): Finding {
  const row = context.records.finding.need(key, 'FINDING_UNKNOWN');
  const facts = { status: row.status, wanted: wanted.join(', ') };
  context.check(wanted.includes(row.status), 'STATUS_WRONG', facts);
  return row;
}

function checkRoomForRule(context: Books, engagement: string): void {
  const { count: rules } = context.sums.rulesOf.get({ engagement });
  const max = context.parameters.rulesMax;
  context.check(rules < max, 'RULES_FULL', { engagement, rules, max });
}

function replyDate(context: Books): string {
  return addDays(context.today, context.parameters.replyDays);
}

function keepFinding(context: Books, row: Engagement, input: Found): void {
  const { engagement, finding } = input;
  const key = `${engagement}/${finding}`;
  context.check(!context.records.finding.has(input), 'FINDING_EXISTS', { key });
  context.check(input.evidence.length > 0, 'NO_EVIDENCE');
  checkCited(context, input.evidence);
  const { count: open } = context.sums.findingsIn.get({ engagement, status: 'open' });
  const max = context.parameters.findingsMax;
  context.check(open < max, 'FINDINGS_FULL', { engagement, open, max });
  const { auditee } = row;
  const rest = { auditee, replyBy: replyDate(context), status: 'open' } as const;
  context.records.finding.insert({ ...input, ...rest });
  context.records.engagement.put({ ...row, findings: row.findings + 1 });
  context.emit('found', { engagement, finding, auditee });
}

function move(context: Books, row: Finding): void {
  context.records.finding.put(row);
  const { engagement, finding, status } = row;
  context.emit('moved', { engagement, finding, status });
}
