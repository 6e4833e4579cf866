/**
 * Public buying after the Open Contracting Data Standard 1.1: planning, tender, award, contract,
 * implementation, every change a release. Bids are sealed until the deadline has passed, so nobody
 * sees a price before it, and who does not open a bid is seen, too. A contract names the treasury
 * commitment that pays for it. What other publishers released is kept byte for byte beside the rows
 * made from it. Longer than other files because a contract is one file, half of it titles.
 */
import type { Context, InferFields, InvariantContext, Money, RowOf } from '@daybook/contracts';
import { defineContract, field, instantText } from '@daybook/contracts';
import { assert, concatBytes, equalBytes, sealOf, sha256 } from '@daybook/core';
import { treasury } from './treasury.ts';
import {
  commitmentName as commitment,
  fundName as fund,
  longText,
  organisation,
  paymentName as payment,
  salt,
} from './vocabulary/fields.ts';
import {
  FILE_PART_WORDS,
  fileKey,
  filePart,
  filePartExists,
  filePartOutside,
  KEEP_FILES_WORDS,
} from './vocabulary/file-parts.ts';
import { notThere, REMEDIES, takenAlready } from './vocabulary/refusals.ts';

const PART_BYTES_MAX = 48 * 1024;
/** All parts of a release are read once, within the bytes of one transaction: 720 KB. */
const PARTS_MAX = 15;
const DAY_MS = 86_400_000;
/** Opened bids that are compared by price: the lowest of them. */
const RANKED_MAX = 200;
/** Of one tenderer in one tender, those it withdrew included: nobody fills the comparison alone. */
const BIDS_MAX = 10;

// Fields that several records and actions share.

const ocid = field.text({
  en: 'Open Contracting ID',
  zh: '开放合约标识',
  max: 128,
  help: { en: 'OCDS ocid of the process.', zh: '采购过程的 OCDS ocid。' },
});
const idOf = (en: string, zh: string) => field.text({ en, zh, max: 128 });
const releaseId = field.text({ en: 'Release', zh: '发布编号', max: 160 });
const bidId = field.slug({ en: 'Bid', zh: '投标' });
const awardId = idOf('Award', '授标');
const contractId = idOf('Contract', '合同');
const transactionId = idOf('Transaction', '付款');
const amendmentId = idOf('Amendment', '变更');
const milestoneId = idOf('Milestone', '里程碑');
const title = field.text({ en: 'Title', zh: '标题', max: 500 });
const description = longText('Description', '说明');
const publisher = organisation('Publisher', '发布机构');
/** Publishers correct values downwards, too. */
const value = field.money({ en: 'Value', zh: '金额', min: -(2n ** 62n) });
const price = field.money({ en: 'Price', zh: '报价', min: 0n });
/** As exact as the publisher wrote it: a year, a month, a day or a date-time of RFC 3339. */
const moment = (en: string, zh: string) =>
  field.optional(field.text({ en, zh, max: 40, characters: 'ascii' }));
const published = moment('Date', '日期');
const period = field.object(
  { start: moment('Start', '开始'), end: moment('End', '结束') },
  { en: 'Period', zh: '期间' },
);
const party = field.object(
  {
    id: field.optional(idOf('Identifier', '标识')),
    name: field.optional(field.text({ en: 'Name', zh: '名称', max: 500 })),
    organisation: field.optional(organisation('Organisation of this ledger', '本账本机构')),
  },
  {
    en: 'Organisation',
    zh: '机构',
    help: { en: 'OCDS organization reference.', zh: 'OCDS 机构引用。' },
  },
);
const suppliers = field.list(party, { en: 'Suppliers', zh: '供应商', max: 64 });
const item = field.object(
  {
    id: idOf('Item', '项目'),
    description: field.optional(
      field.text({ en: 'Description', zh: '说明', max: 1000, lines: true }),
    ),
    scheme: field.optional(field.text({ en: 'Classification scheme', zh: '分类体系', max: 64 })),
    classification: field.optional(field.text({ en: 'Classification', zh: '分类', max: 128 })),
    quantity: field.optional(field.quantity({ en: 'Quantity', zh: '数量', decimals: 6 })),
    unitValue: field.optional(value),
  },
  { en: 'Item', zh: '采购项目' },
);
const items = field.list(item, { en: 'Items', zh: '采购项目', max: 200 });
const documents = field.list(
  field.object(
    {
      id: idOf('Document', '文件'),
      documentType: field.optional(field.text({ en: 'Type', zh: '类型', max: 100 })),
      title: field.optional(title),
      url: field.optional(field.text({ en: 'Address', zh: '网址', max: 1000 })),
      hash: field.optional(field.hash({ en: 'SHA-256 of the document', zh: '文件 SHA-256' })),
    },
    { en: 'Document', zh: '文件' },
  ),
  { en: 'Documents', zh: '文件', max: 64 },
);
const basis = field.choice({
  en: 'Basis',
  zh: '依据',
  of: {
    recorded: { en: 'Conducted on this ledger', zh: '在本账本进行' },
    released: { en: 'Taken from a publisher', zh: '来自发布机构' },
  },
});
const language = field.text({ en: 'Language', zh: '语言', min: 2, max: 35, characters: 'ascii' });
const rationale = field.text({ en: 'Rationale', zh: '理由', max: 2000, lines: true });
const method = field.choice({
  en: 'Procurement method',
  zh: '采购方式',
  of: {
    open: { en: 'open', zh: '公开' },
    selective: { en: 'selective', zh: '邀请' },
    limited: { en: 'limited', zh: '限制' },
    direct: { en: 'direct', zh: '直接' },
  },
});
const category = field.choice({
  en: 'Main procurement category',
  zh: '主要采购类别',
  of: {
    goods: { en: 'goods', zh: '货物' },
    works: { en: 'works', zh: '工程' },
    services: { en: 'services', zh: '服务' },
  },
});
const criteria = field.choice({
  en: 'Award criteria',
  zh: '授标标准',
  help: {
    en: 'By lowest price no bid wins while a lower one is open that was not disqualified, with its reason, by the buyer and an evaluator.',
    zh: '以最低价授标时,若有更低且未被采购官员与评审官员说明理由取消资格的已开投标,其他投标不得中标。',
  },
  of: {
    priceOnly: { en: 'lowest price', zh: '最低价' },
    ratedCriteria: { en: 'rated criteria', zh: '综合评分' },
  },
});

// States. Publishers correct themselves, so a released row may take any status; what is conducted
// on this ledger is held to its order by the actions.

const UNSTATED = { en: 'not stated', zh: '未注明' } as const;
const TENDER_STATES = {
  planning: { en: 'planning', zh: '筹备' },
  planned: { en: 'planned', zh: '已计划' },
  active: { en: 'open for bids', zh: '招标中' },
  cancelled: { en: 'cancelled', zh: '已取消' },
  unsuccessful: { en: 'unsuccessful', zh: '流标' },
  complete: { en: 'complete', zh: '已完成' },
  withdrawn: { en: 'withdrawn', zh: '已撤回' },
  unstated: UNSTATED,
} as const;
const tenderStatus = field.choice({ en: 'Status', zh: '状态', of: TENDER_STATES });
const AWARD_STATES = {
  pending: { en: 'pending', zh: '待定' },
  active: { en: 'made', zh: '已授标' },
  cancelled: { en: 'cancelled', zh: '已取消' },
  unsuccessful: { en: 'unsuccessful', zh: '未成' },
  unstated: UNSTATED,
} as const;
const awardStatus = field.choice({ en: 'Status', zh: '状态', of: AWARD_STATES });
const CONTRACT_STATES = {
  pending: { en: 'pending', zh: '待签' },
  active: { en: 'in force', zh: '履行中' },
  cancelled: { en: 'cancelled', zh: '已取消' },
  terminated: { en: 'ended', zh: '已终止' },
  unstated: UNSTATED,
} as const;
const contractStatus = field.choice({ en: 'Status', zh: '状态', of: CONTRACT_STATES });
const bidStatus = field.choice({
  en: 'Status',
  zh: '状态',
  of: {
    sealed: { en: 'sealed', zh: '密封' },
    revealed: { en: 'opened', zh: '已开标' },
    disqualified: { en: 'disqualified', zh: '已取消资格' },
    withdrawn: { en: 'withdrawn before the deadline', zh: '截止前撤回' },
  },
});
const MILESTONE_OUTCOMES = {
  met: { en: 'met', zh: '已达成' },
  partiallyMet: { en: 'partially met', zh: '部分达成' },
  notMet: { en: 'not met', zh: '未达成' },
} as const;
const milestoneStatus = field.choice({
  en: 'Status',
  zh: '状态',
  of: { scheduled: { en: 'scheduled', zh: '计划中' }, ...MILESTONE_OUTCOMES },
});

function anyOf(table: Readonly<Record<string, unknown>>) {
  const initial = Object.keys(table);
  const transitions = Object.fromEntries(initial.map((status) => [status, initial]));
  return { field: 'status', initial, transitions };
}

const tenderParts = {
  title: field.optional(title),
  description: field.optional(description),
  procuringEntity: field.optional(party),
  value: field.optional(value),
  procurementMethod: field.optional(method),
  mainProcurementCategory: field.optional(category),
  awardCriteria: field.optional(criteria),
  tenderPeriod: field.optional(period),
  items,
  documents: field.optional(documents),
};
const awardParts = {
  title: field.optional(title),
  description: field.optional(description),
  date: published,
  value: field.optional(value),
  suppliers,
  items,
};
const contractParts = {
  awardId: field.optional(awardId),
  title: field.optional(title),
  description: field.optional(description),
  period: field.optional(period),
  value: field.optional(value),
  dateSigned: published,
  items,
};
const transactionParts = {
  date: published,
  value: field.optional(value),
  payer: field.optional(party),
  payee: field.optional(party),
};
const planning = field.object(
  {
    rationale: field.optional(rationale),
    budgetId: field.optional(field.text({ en: 'Budget', zh: '预算', max: 200 })),
    project: field.optional(field.text({ en: 'Project', zh: '项目', max: 500 })),
    amount: field.optional(value),
  },
  { en: 'Planning', zh: '采购计划' },
);
const updated = { release: field.optional(releaseId) };

// Records.

const records = {
  process: {
    number: 1,
    title: { en: 'Contracting process', zh: '采购过程' },
    key: { ocid },
    fields: {
      publisher,
      buyer: field.optional(party),
      basis,
      language: field.optional(language),
      initiationType: field.text({ en: 'Initiation type', zh: '发起方式', max: 40 }),
      planning: field.optional(planning),
      releases: field.integer({ en: 'Releases', zh: '发布次数' }),
      latest: field.instant({ en: 'Latest release', zh: '最近发布' }),
    },
  },
  tender: {
    number: 2,
    title: { en: 'Tender', zh: '招标' },
    key: { ocid },
    fields: {
      id: field.optional(idOf('Tender', '招标编号')),
      status: tenderStatus,
      ...tenderParts,
      tenderers: field.optional(field.list(party, { en: 'Tenderers', zh: '投标人', max: 200 })),
      closes: field.optional(field.instant({ en: 'Bids until', zh: '投标截止' })),
      revealBy: field.optional(field.instant({ en: 'Bids opened until', zh: '开标截止' })),
      awardBy: field.optional(field.instant({ en: 'Award due', zh: '授标期限' })),
      ...updated,
    },
    states: anyOf(TENDER_STATES),
    deadlines: [{ field: 'awardBy', open: ['active'] }],
  },
  bid: {
    number: 3,
    title: { en: 'Bid', zh: '投标' },
    help: {
      en: 'Sealed until opened by the tenderer; the price is a commitment before.',
      zh: '由投标人开标前为密封承诺,不显示价格。',
    },
    key: { ocid, bid: bidId },
    partition: ['ocid'],
    fields: {
      tenderer: organisation('Tenderer', '投标人'),
      commitment: field.sealed({ en: 'Sealed offer', zh: '密封报价' }),
      status: bidStatus,
      submitted: field.instant({ en: 'Submitted', zh: '提交时间' }),
      revealBy: field.instant({ en: 'To be opened by', zh: '开标截止' }),
      value: field.optional(price),
      documents: field.optional(field.hash({ en: 'SHA-256 of the documents', zh: '文件哈希' })),
      award: field.optional(idOf('Award in force', '有效授标')),
      disqualified: field.optional(
        field.text({ en: 'Why it was disqualified', zh: '取消资格的理由', max: 2000, lines: true }),
      ),
    },
    states: {
      field: 'status',
      initial: ['sealed'],
      transitions: {
        sealed: ['revealed', 'withdrawn'],
        revealed: ['disqualified'],
        disqualified: [],
        withdrawn: [],
      },
    },
    deadlines: [{ field: 'revealBy', open: ['sealed'] }],
  },
  award: {
    number: 4,
    title: { en: 'Award', zh: '授标' },
    key: { ocid, award: awardId },
    partition: ['ocid'],
    fields: {
      status: awardStatus,
      ...awardParts,
      bid: field.optional(bidId),
      ...updated,
    },
    states: anyOf(AWARD_STATES),
  },
  contract: {
    number: 5,
    title: { en: 'Contract', zh: '合同' },
    key: { ocid, contract: contractId },
    partition: ['ocid'],
    fields: {
      status: contractStatus,
      ...contractParts,
      ends: field.optional(field.date({ en: 'To be fulfilled by', zh: '履行期限' })),
      fund: field.optional(fund),
      commitment: field.optional(commitment),
      ...updated,
    },
    links: {
      paidFrom: { record: 'treasury.commitment', by: { fund: 'fund', commitment: 'commitment' } },
    },
    states: anyOf(CONTRACT_STATES),
    deadlines: [{ field: 'ends', open: ['active'] }],
  },
  transaction: {
    number: 6,
    title: { en: 'Implementation transaction', zh: '履约付款' },
    key: { ocid, contract: contractId, transaction: transactionId },
    partition: ['ocid'],
    fields: {
      ...transactionParts,
      fund: field.optional(fund),
      payment: field.optional(payment),
      ...updated,
    },
    links: {
      under: { record: 'procurement.contract', by: { ocid: 'ocid', contract: 'contract' } },
      paidBy: { record: 'treasury.payment', by: { fund: 'fund', payment: 'payment' } },
    },
  },
  milestone: {
    number: 7,
    title: { en: 'Milestone', zh: '里程碑' },
    key: { ocid, contract: contractId, milestone: milestoneId },
    partition: ['ocid'],
    fields: {
      title,
      dueDate: field.date({ en: 'Due', zh: '到期' }),
      dateMet: field.optional(field.date({ en: 'Met on', zh: '达成日期' })),
      status: milestoneStatus,
    },
    links: {
      under: { record: 'procurement.contract', by: { ocid: 'ocid', contract: 'contract' } },
    },
    states: {
      field: 'status',
      initial: ['scheduled'],
      transitions: {
        scheduled: ['met', 'partiallyMet', 'notMet'],
        partiallyMet: ['met', 'notMet'],
        met: [],
        notMet: ['met'],
      },
    },
    deadlines: [{ field: 'dueDate', open: ['scheduled', 'partiallyMet'] }],
  },
  amendment: {
    number: 8,
    title: { en: 'Amendment', zh: '变更' },
    key: { ocid, amendment: amendmentId },
    partition: ['ocid'],
    fields: {
      of: field.choice({
        en: 'Of',
        zh: '对象',
        of: {
          tender: { en: 'the tender', zh: '招标' },
          contract: { en: 'a contract', zh: '合同' },
        },
      }),
      contract: field.optional(contractId),
      date: field.instant({ en: 'Date', zh: '日期' }),
      rationale,
      amendsReleaseID: field.optional(releaseId),
      releaseID: releaseId,
    },
  },
  release: {
    number: 9,
    title: { en: 'Release', zh: '发布' },
    help: {
      en: 'Every change of a process. One of another publisher is kept byte for byte.',
      zh: '过程的每次变更;其他发布机构的发布按原字节保存。',
    },
    key: { ocid, release: releaseId },
    partition: ['ocid'],
    fields: {
      basis,
      date: field.instant({ en: 'Date', zh: '日期' }),
      tag: field.list(field.text({ en: 'Tag', zh: '标签', max: 40 }), {
        en: 'Tags',
        zh: '标签',
        max: 32,
      }),
      hash: field.optional(field.hash({ en: 'SHA-256 of the JSON', zh: 'JSON 的 SHA-256' })),
      parts: field.integer({ en: 'Parts of the JSON', zh: 'JSON 分段数', max: PARTS_MAX }),
      received: field.integer({ en: 'Parts received', zh: '已收分段', max: PARTS_MAX }),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          partial: { en: 'parts are missing', zh: '缺少分段' },
          complete: { en: 'complete', zh: '完整' },
        },
      }),
      source: field.optional(field.text({ en: 'File', zh: '文件', max: 200 })),
    },
    states: {
      field: 'status',
      initial: ['partial', 'complete'],
      transitions: { partial: ['complete'], complete: [] },
    },
  },
  releasePart: {
    number: 10,
    title: { en: 'Part of a release', zh: '发布分段' },
    key: { ocid, release: releaseId, part: field.integer({ en: 'Part', zh: '分段' }) },
    partition: ['ocid'],
    fields: { json: field.bytes({ en: 'JSON, UTF-8', zh: 'JSON 字节', max: PART_BYTES_MAX }) },
  },
  charge: {
    number: 11,
    title: { en: 'Charge of a contract', zh: '合同占用' },
    help: {
      en: 'What a contract of this ledger takes of its award and of its commitment: its value, or what was paid if that is more; once it ended what was paid.',
      zh: '本账本合同占用授标与支出承诺的金额:履行中为合同金额(已付更多则为已付金额),终止后为已付金额。',
    },
    key: { ocid, contract: contractId },
    partition: ['ocid'],
    fields: {
      award: awardId,
      fund,
      commitment,
      status: contractStatus,
      signed: field.money({ en: 'Value when signed', zh: '签约金额', min: 0n }),
      value: price,
      owed: field.money({ en: 'Not yet paid', zh: '尚未支付', min: 0n }),
    },
    links: {
      of: { record: 'procurement.contract', by: { ocid: 'ocid', contract: 'contract' } },
    },
  },
  settlement: {
    number: 12,
    title: { en: 'Payment that a contract counts', zh: '已计入合同的付款' },
    key: { fund, payment },
    partition: ['fund'],
    fields: { ocid, contract: contractId, transaction: transactionId },
    links: { by: { record: 'treasury.payment', by: { fund: 'fund', payment: 'payment' } } },
  },
  filePart: { number: 13, ...FILE_PART_WORDS, key: fileKey, fields: filePart },
  ranking: {
    number: 14,
    title: { en: 'Opened bids by price', zh: '已开标报价排序' },
    help: {
      en: 'Of a tender by lowest price: bids that can still win, the lowest first.',
      zh: '最低价招标中仍可中标的投标,由低到高。',
    },
    key: { ocid },
    fields: {
      bids: field.list(field.object({ bid: bidId, value: price }, { en: 'Bid', zh: '投标' }), {
        en: 'Bids',
        zh: '投标',
        max: RANKED_MAX,
      }),
      cut: field.optional(
        field.object(
          { bid: bidId, value: price },
          {
            en: 'Lowest bid left out',
            zh: '未列入的最低报价',
            help: {
              en: 'There were more opened bids than are compared; no higher one is awarded.',
              zh: '已开标者多于可比数目;更高报价不得中标。',
            },
          },
        ),
      ),
    },
  },
  change: {
    number: 15,
    title: { en: 'Change of value by an amendment', zh: '变更所致金额增减' },
    help: {
      en: 'Of every amendment of a contract, zero included: the value when signed and all changes are the value of today.',
      zh: '合同的每次变更均有(含零):签约金额加各次增减即为现值。',
    },
    key: { ocid, contract: contractId, amendment: amendmentId },
    partition: ['ocid'],
    fields: { change: value },
    links: {
      by: { record: 'procurement.amendment', by: { ocid: 'ocid', amendment: 'amendment' } },
    },
  },
} as const;

const sums = {
  bidCounts: {
    number: 101,
    title: { en: 'Bids by status', zh: '各状态投标数' },
    record: 'bid',
    by: ['ocid', 'status'],
  },
  paid: {
    number: 102,
    title: { en: 'Paid under a contract', zh: '合同已付款' },
    record: 'transaction',
    of: 'value',
    by: ['ocid', 'contract'],
  },
  awarded: {
    number: 103,
    title: { en: 'Contracted under an award', zh: '授标下已签合同' },
    record: 'charge',
    of: 'value',
    by: ['ocid', 'award'],
  },
  charged: {
    number: 104,
    title: { en: 'Contracted out of a commitment', zh: '支出承诺下已签合同' },
    record: 'charge',
    of: 'value',
    by: ['fund', 'commitment'],
  },
  owed: {
    number: 105,
    title: { en: 'Owed by contracts out of a commitment', zh: '支出承诺下合同尚未支付' },
    record: 'charge',
    of: 'owed',
    by: ['fund', 'commitment'],
  },
  bidsOf: {
    number: 107,
    title: { en: 'Bids by tenderer', zh: '各投标人投标数' },
    record: 'bid',
    by: ['ocid', 'tenderer'],
  },
  amended: {
    number: 108,
    title: { en: 'Changes of a contract by its amendments', zh: '合同变更金额合计' },
    record: 'change',
    of: 'change',
    by: ['ocid', 'contract'],
  },
  inForce: {
    number: 106,
    title: { en: 'Contracts in force under an award', zh: '授标下履行中的合同' },
    record: 'charge',
    by: ['ocid', 'award'],
    where: { field: 'status', is: ['active'] },
  },
} as const;

const roles = {
  buyer: {
    title: { en: 'Procurement officer', zh: '采购官员' },
    help: { en: 'Plans, opens, awards and signs.', zh: '计划、招标、授标与签约。' },
    grantedBy: 'organisation',
  },
  evaluator: {
    title: { en: 'Evaluator', zh: '评审官员' },
    help: { en: 'Second signature of an award.', zh: '授标的第二签署人。' },
    grantedBy: 'organisation',
  },
  tenderer: {
    title: { en: 'Tenderer', zh: '投标人' },
    help: { en: 'Bids for the own organisation.', zh: '代表本机构投标。' },
    grantedBy: 'organisation',
  },
  publisher: {
    title: { en: 'Publisher of releases', zh: '发布员' },
    help: { en: 'Brings in releases made elsewhere.', zh: '导入他处的发布。' },
    grantedBy: 'organisation',
  },
} as const;

const failures = {
  PROCESS_EXISTS: takenAlready(
    1,
    { en: 'a process', zh: '采购过程' },
    { en: 'Choose another Open Contracting ID.', zh: '请另选标识。' },
  ),
  PROCESS_UNKNOWN: notThere(
    2,
    { en: 'process', zh: '采购过程' },
    { en: 'Check the Open Contracting ID.', zh: '请核对标识。' },
  ),
  OCID_PREFIX: {
    code: 3,
    en: 'An Open Contracting ID of this ledger begins with {prefix}-.',
    zh: '本账本的标识须以{prefix}-开头。',
    remedy: { en: 'Begin it so.', zh: '请以此开头。' },
  },
  NOT_PUBLISHER: {
    code: 4,
    en: 'No signer holds the role {role} of {publisher}, which conducts the process.',
    zh: '签署人中没有{publisher}的{role}。',
    remedy: REMEDIES.officerSigns,
  },
  NOT_CONDUCTED_HERE: {
    code: 5,
    en: 'The process is one that another publisher released.',
    zh: '该过程来自其他发布机构。',
    remedy: { en: 'Import its next release.', zh: '请导入其后续发布。' },
  },
  CONDUCTED_HERE: {
    code: 6,
    en: 'The process is conducted on this ledger.',
    zh: '该过程在本账本进行。',
    remedy: { en: 'Use its actions instead of a release.', zh: '请使用相应操作。' },
  },
  TENDER_UNKNOWN: {
    code: 7,
    en: 'The process {key} has no tender.',
    zh: '过程{key}没有招标。',
    remedy: { en: 'Open the tender first.', zh: '请先招标。' },
  },
  TENDER_CLOSED: {
    code: 8,
    en: 'The tender is {status}.',
    zh: '招标状态为{status}。',
    remedy: { en: 'Look at the tender.', zh: '请查看招标。' },
  },
  TOO_LATE: {
    code: 9,
    en: 'The time for this was over at {until}.',
    zh: '已于{until}截止。',
    remedy: { en: 'Nothing can be done in this tender.', zh: '本次招标已无法办理。' },
  },
  TOO_EARLY: {
    code: 10,
    en: 'This can be done from {from} on.',
    zh: '须于{from}之后办理。',
    remedy: { en: 'Wait until then.', zh: '请等待。' },
  },
  DEADLINES_UNORDERED: {
    code: 11,
    en: 'Bids end, are opened and are awarded in this order, each later than the one before.',
    zh: '投标截止、开标截止、授标期限须依次递后且晚于现在。',
    remedy: { en: 'Correct the three times.', zh: '请更正三个时间。' },
  },
  BID_EXISTS: takenAlready(
    12,
    { en: 'a bid', zh: '投标' },
    { en: 'Choose another name for the bid.', zh: '请另选名称。' },
  ),
  BID_UNKNOWN: notThere(
    13,
    { en: 'bid', zh: '投标' },
    { en: 'Check the name of the bid.', zh: '请核对名称。' },
  ),
  NOT_TENDERER: {
    code: 14,
    en: 'No signer may bid for {tenderer}.',
    zh: '签署人均无权代表{tenderer}投标。',
    remedy: { en: 'Let an officer of the tenderer sign.', zh: '请由投标人官员签署。' },
  },
  SEAL_DIFFERS: {
    code: 15,
    en: 'Price, documents and salt are not those that were sealed.',
    zh: '价格、文件与盐值与密封内容不符。',
    remedy: { en: 'Open the bid with what was sealed.', zh: '请以密封时的内容开标。' },
  },
  BID_NOT_OPENED: {
    code: 16,
    en: 'The bid {bid} is {status}; only an opened bid can win.',
    zh: '投标{bid}状态为{status},只有已开标者可中标。',
    remedy: { en: 'Choose an opened bid.', zh: '请选择已开标的投标。' },
  },
  BUYER_BIDS: {
    code: 17,
    en: 'An organisation does not bid in its own tender.',
    zh: '机构不得参加自己的招标。',
    remedy: { en: 'Bid in tenders of others.', zh: '请参加他人的招标。' },
  },
  AWARD_EXISTS: takenAlready(18, { en: 'an award', zh: '授标' }, REMEDIES.otherIdentifier),
  AWARD_UNKNOWN: {
    code: 19,
    en: 'There is no award {key} that is in force.',
    zh: '没有有效的授标{key}。',
    remedy: { en: 'Check the identifier of the award.', zh: '请核对授标标识。' },
  },
  CONTRACT_EXISTS: takenAlready(20, { en: 'a contract', zh: '合同' }, REMEDIES.otherIdentifier),
  CONTRACT_UNKNOWN: {
    code: 21,
    en: 'There is no contract {key} in force.',
    zh: '没有履行中的合同{key}。',
    remedy: { en: 'Check the identifier of the contract.', zh: '请核对合同标识。' },
  },
  COMMITMENT_UNKNOWN: {
    code: 22,
    en: 'The treasury has no commitment {fund}/{commitment}.',
    zh: '国库没有支出承诺{fund}/{commitment}。',
    remedy: { en: 'Commit the money first.', zh: '请先作出支出承诺。' },
  },
  COMMITMENT_TOO_LOW: {
    code: 23,
    en: 'Committed is {committed}, of which other contracts, and payments that no contract counts, take {taken}; this one is worth {value}.',
    zh: '已承诺{committed},其他合同及未计入合同的付款占用{taken},本合同金额{value}。',
    remedy: {
      en: 'Record the payments under their contracts, or increase the commitment.',
      zh: '请先将付款登记到所属合同,或增加承诺。',
    },
  },
  COMMITMENT_DIFFERS: {
    code: 24,
    en: 'The commitment is for another payee or currency: {fact}.',
    zh: '支出承诺的收款人或币种不同:{fact}。',
    remedy: { en: 'Name the commitment made for this supplier.', zh: '请指明为该供应商所作承诺。' },
  },
  PAYMENT_DIFFERS: {
    code: 25,
    en: 'The treasury has no payment {fund}/{payment} under the commitment of this contract, nor a credit for one that it counts.',
    zh: '国库在本合同承诺下没有付款{fund}/{payment},亦非本合同已计付款的冲回。',
    remedy: {
      en: 'Pay under that commitment first; record a payment before its credit.',
      zh: '请先在该承诺下付款;冲回须在其付款登记之后。',
    },
  },
  TRANSACTION_EXISTS: {
    code: 26,
    en: 'There is already a transaction {key}.',
    zh: '付款{key}已登记。',
    remedy: { en: 'Nothing is left to do if it is the same.', zh: '如为同一付款则无须再做。' },
  },
  MILESTONE_UNKNOWN: notThere(
    27,
    { en: 'milestone', zh: '里程碑' },
    { en: 'Check the identifier.', zh: '请核对标识。' },
  ),
  FILE_PART_OUTSIDE: filePartOutside(40),
  FILE_PART_EXISTS: filePartExists(41),
  ALREADY_IMPORTED: {
    code: 28,
    en: 'The release {key} has been imported already.',
    zh: '发布{key}已导入。',
    remedy: {
      en: 'Nothing to do: importing again adds nothing.',
      zh: '无须处理:重复导入不增加记录。',
    },
  },
  RELEASE_UNKNOWN: {
    code: 29,
    en: 'There is no release {key} that lacks parts.',
    zh: '没有缺少分段的发布{key}。',
    remedy: { en: 'Import its first part.', zh: '请先导入首段。' },
  },
  RELEASE_DIFFERS: {
    code: 30,
    en: 'The parts together are not the JSON that was announced.',
    zh: '各分段合并后与所声明的 JSON 不符。',
    remedy: { en: 'Import the release anew from its first part.', zh: '请核对后重新导入。' },
  },
  AMENDMENT_EXISTS: takenAlready(31, { en: 'an amendment', zh: '变更' }, REMEDIES.otherIdentifier),
  BIDS_PRESENT: {
    code: 33,
    en: 'Bids submitted for the terms and times announced: {bids}. These stay.',
    zh: '已有{bids}份按原定条件与时间提交的投标,均不得更改。',
    remedy: {
      en: 'Ask the tenderers to withdraw their bids, or cancel the tender and plan another process.',
      zh: '请投标人先撤回投标,或取消招标后另行计划采购。',
    },
  },
  TENDER_EXISTS: {
    code: 34,
    en: 'The process {key} has a tender already.',
    zh: '过程{key}已有招标。',
    remedy: { en: 'Amend the tender.', zh: '请变更招标。' },
  },
  AWARD_TOO_LOW: {
    code: 35,
    en: 'Awarded was {awarded}, of which other contracts take {taken}; this one is worth {value}.',
    zh: '授标金额{awarded},其他合同占用{taken},本合同金额{value}。',
    remedy: {
      en: 'Sign for what was awarded; what changes later is an amendment with its reason.',
      zh: '请按授标金额签约;其后变更须作说明理由的合同变更。',
    },
  },
  PAYMENT_COUNTED: {
    code: 36,
    en: 'The payment {key} is counted under a contract already.',
    zh: '付款{key}已计入某合同。',
    remedy: REMEDIES.nothingLeft,
  },
  BID_AWARDED: {
    code: 37,
    en: 'The bid {bid} has won already: the award {award} is in force.',
    zh: '投标{bid}已中标:授标{award}有效。',
    remedy: {
      en: 'Use that award; if it is wrong, cancel it first.',
      zh: '请使用该授标;如有误,请先取消。',
    },
  },
  AWARD_CONTRACTED: {
    code: 38,
    en: 'Contracts in force under the award {key}: {contracts}.',
    zh: '授标{key}下有{contracts}份履行中的合同。',
    remedy: { en: 'End the contracts first, with a reason.', zh: '请先说明理由终止合同。' },
  },
  RELEASE_OTHER: {
    code: 39,
    en: 'The release {key} was announced with the hash {announced}; this part is of {found}.',
    zh: '发布{key}声明的哈希为{announced},本分段属于{found}。',
    remedy: {
      en: 'Continue what was announced, or announce the other one from its first part.',
      zh: '请续传所声明的发布,或自第一段起重新声明。',
    },
  },
  OWED_UNAGREED: {
    code: 42,
    en: 'The contract still owes {owed} to {supplier}; neither {supplier} nor an evaluator of {controller}, another organisation that controls the money, signs its end.',
    zh: '合同尚欠{supplier} {owed};{supplier}与资金监督机构{controller}(须非采购机构)的评审官员均未签署。',
    remedy: {
      en: 'Let an officer of the supplier sign, too, or an evaluator of the controller of the commitment; record credits under their contracts.',
      zh: '请由供应商官员或支出承诺监督机构的评审官员共同签署;冲回须登记到所属合同。',
    },
  },
  EVALUATOR_MISSING: {
    code: 43,
    en: 'No evaluator signs beside a buyer of {publisher}; one of an organisation that bids does not count.',
    zh: '除{publisher}的采购官员外没有评审官员签署;投标机构的评审官员不计。',
    remedy: {
      en: 'Let an evaluator sign who is another person than the buyer and of no organisation that bids.',
      zh: '请由采购官员以外且不属于任何投标人的评审官员签署。',
    },
  },
  BID_NOT_LOWEST: {
    code: 44,
    en: 'The award goes to the lowest price: {bid} is at {value}, {lower} at {price} can still win.',
    zh: '须授予最低价:投标{bid}报价{value},投标{lower}报价{price}仍可中标。',
    remedy: {
      en: 'Award the lower bid; or disqualify it first, with the reason (disqualifyBid). A bid in another currency is compared with none.',
      zh: '请授予更低报价;或先说明理由取消其资格(disqualifyBid)。不同币种的投标无从比较。',
    },
  },
  BIDS_FULL: {
    code: 45,
    en: '{tenderer} has submitted {bids} bids in this tender, the withdrawn included; {max} is the most.',
    zh: '{tenderer}在本次招标已提交{bids}份投标(含已撤回);上限{max}份。',
    remedy: {
      en: 'Let the best bid that stands count.',
      zh: '请以现有最优投标参加。',
    },
  },
  VALUE_BELOW_PAID: {
    code: 46,
    en: 'Under the contract {paid} was paid already; it cannot be worth {value}.',
    zh: '合同已付款{paid},金额不得变更为{value}。',
    remedy: {
      en: 'Amend to what was paid or more; what came back is recorded first, as a credit under the contract.',
      zh: '变更后金额不得低于已付款;如有退款,请先将冲回登记到合同。',
    },
  },
  MILESTONE_EXISTS: takenAlready(32, { en: 'a milestone', zh: '里程碑' }, REMEDIES.otherIdentifier),
} as const;

const events = {
  released: {
    title: { en: 'Release', zh: '发布' },
    fields: { ocid, release: releaseId, tag: field.text({ en: 'Tag', zh: '标签', max: 40 }) },
  },
  bidSubmitted: { title: { en: 'Bid submitted', zh: '已投标' }, fields: { ocid, bid: bidId } },
  bidRevealed: {
    title: { en: 'Bid opened', zh: '已开标' },
    fields: { ocid, bid: bidId, value: price },
  },
  bidWithdrawn: { title: { en: 'Bid withdrawn', zh: '已撤回投标' }, fields: { ocid, bid: bidId } },
  bidDisqualified: {
    title: { en: 'Bid disqualified', zh: '投标已取消资格' },
    fields: { ocid, bid: bidId },
  },
} as const;

const parameters = {
  ocidPrefix: {
    field: field.text({
      en: 'Registered OCDS prefix',
      zh: 'OCDS 注册前缀',
      max: 40,
      characters: 'ascii',
    }),
    default: 'ocds-daybook',
  },
  tenderDaysMin: {
    field: field.integer({ en: 'Days for bids, at least', zh: '投标最短天数', max: 366 }),
    default: 0,
  },
} as const;

/** The parts of a release that become rows; what is absent stays as it was. */
const rows = {
  planning: field.optional(planning),
  tender: field.optional(
    field.object(
      {
        id: field.optional(idOf('Tender', '招标编号')),
        status: field.optional(tenderStatus),
        ...tenderParts,
        items: field.optional(items),
        tenderers: records.tender.fields.tenderers,
      },
      { en: 'Tender', zh: '招标' },
    ),
  ),
  awards: field.optional(
    field.list(
      field.object(
        {
          id: awardId,
          status: field.optional(awardStatus),
          ...awardParts,
          suppliers: field.optional(suppliers),
          items: field.optional(items),
        },
        { en: 'Award', zh: '授标' },
      ),
      { en: 'Awards', zh: '授标', max: 200 },
    ),
  ),
  contracts: field.optional(
    field.list(
      field.object(
        {
          id: contractId,
          status: field.optional(contractStatus),
          ...contractParts,
          items: field.optional(items),
        },
        { en: 'Contract', zh: '合同' },
      ),
      { en: 'Contracts', zh: '合同', max: 200 },
    ),
  ),
  transactions: field.optional(
    field.list(
      field.object(
        { contract: contractId, id: transactionId, ...transactionParts },
        { en: 'Transaction', zh: '付款' },
      ),
      { en: 'Transactions', zh: '付款', max: 200 },
    ),
  ),
};
const times = {
  closes: field.instant({ en: 'Bids until', zh: '投标截止' }),
  revealBy: field.instant({ en: 'Bids opened until', zh: '开标截止' }),
  awardBy: field.instant({ en: 'Award due', zh: '授标期限' }),
};
const releaseHash = field.hash({ en: 'SHA-256 of the JSON', zh: 'JSON 的 SHA-256' });
const json = field.bytes({ en: 'JSON, UTF-8', zh: 'JSON 字节', max: PART_BYTES_MAX });

export const procurement = defineContract({
  number: 17,
  name: 'procurement',
  version: 1,
  title: { en: 'Procurement', zh: '政府采购' },
  help: {
    en: 'Public buying from plan to payment, after the Open Contracting Data Standard.',
    zh: '按开放合约数据标准公开采购全过程。',
  },
  records,
  sums,
  roles,
  failures,
  events,
  parameters,
  uses: { treasury },

  actions: {
    plan: {
      title: { en: 'Plan a purchase', zh: '计划采购' },
      by: { role: 'buyer', organisation: 'publisher' },
      input: { ocid, publisher, language: field.optional(language), planning },
      handler(context, { ocid, publisher, language, planning }) {
        const prefix = context.parameters.ocidPrefix;
        context.check(ocid.startsWith(`${prefix}-`), 'OCID_PREFIX', { prefix });
        const row = {
          ocid,
          publisher,
          buyer: { organisation: publisher },
          basis: 'recorded',
          language,
          initiationType: 'tender',
          planning,
          releases: 0,
          latest: 0,
        } as const;
        context.records.process.insert(row, 'PROCESS_EXISTS');
        release(context, row, 'planning');
      },
    },

    openTender: {
      title: { en: 'Open a tender', zh: '招标' },
      help: {
        en: 'Bids are taken until one time, opened until a second, awarded until a third.',
        zh: '依次设定投标截止、开标截止与授标期限。',
      },
      by: { role: 'buyer' },
      input: { ocid, ...tenderParts, ...times },
      handler(context, input) {
        const process = conducted(context, input.ocid, 'buyer');
        checkTimes(context, input);
        const isNew = !context.records.tender.has({ ocid: input.ocid });
        context.check(isNew, 'TENDER_EXISTS', { key: input.ocid });
        const releaseId = release(context, process, 'tender');
        context.records.tender.put({ ...input, status: 'active', release: releaseId });
      },
    },

    amendTender: {
      title: { en: 'Amend a tender', zh: '变更招标' },
      help: {
        en: 'Until bids close, and while there is no bid that was not withdrawn: who bid did so for the terms and times announced.',
        zh: '须在投标截止前,且无未撤回的投标:投标以所公布的条件与时间为准。',
      },
      by: { role: 'buyer' },
      discretion: true,
      input: {
        ocid,
        amendment: amendmentId,
        title: tenderParts.title,
        description: tenderParts.description,
        value: tenderParts.value,
        documents: tenderParts.documents,
        closes: field.optional(times.closes),
        revealBy: field.optional(times.revealBy),
        awardBy: field.optional(times.awardBy),
        reason: rationale,
      },
      handler(context, { amendment, reason, ...change }) {
        const { ocid } = change;
        const process = conducted(context, ocid, 'buyer');
        const tender = openTender(context, ocid);
        checkTaking(context, tender);
        const { count: sealed } = context.sums.bidCounts.get({ ocid, status: 'sealed' });
        const { count: revealed } = context.sums.bidCounts.get({ ocid, status: 'revealed' });
        const bids = sealed + revealed;
        context.check(bids === 0, 'BIDS_PRESENT', { bids });
        const changed = { ...tender, ...defined(change) };
        checkTimes(context, timesOf(changed));
        const releaseId = release(context, process, 'tenderAmendment');
        context.records.tender.put({ ...changed, release: releaseId });
        amend(context, tender, { amendment, of: 'tender', reason, releaseId });
      },
    },

    cancelTender: {
      title: { en: 'Cancel a tender', zh: '取消招标' },
      help: {
        en: 'Signed by the buyer and an evaluator: another person, of any organisation that does not bid, the own one included.',
        zh: '由采购官员与评审官员共同签署;评审官员须为另一人,可属任何未投标机构(含本机构)。',
      },
      by: { role: 'buyer' },
      approvals: { officers: 2, role: 'evaluator' },
      discretion: true,
      input: {
        ocid,
        status: field.choice({
          en: 'As',
          zh: '结果',
          of: {
            cancelled: TENDER_STATES.cancelled,
            unsuccessful: TENDER_STATES.unsuccessful,
          },
        }),
        reason: field.reason(),
      },
      handler(context, { ocid, status }) {
        const process = conducted(context, ocid, 'buyer');
        const tender = openTender(context, ocid);
        checkEvaluated(context, process);
        const releaseId = release(context, process, 'tenderCancellation');
        context.records.tender.put({ ...tender, status, release: releaseId });
      },
    },

    submitBid: {
      title: { en: 'Submit a sealed bid', zh: '提交密封投标' },
      help: {
        en: 'Only a commitment; price and documents stay with the tenderer until they are opened. At most ten of one tenderer in a tender, the withdrawn included.',
        zh: '仅提交承诺;价格与文件由投标人保存至开标。每一投标人在一次招标中至多十份,含已撤回者。',
      },
      by: { role: 'tenderer', organisation: 'tenderer' },
      input: {
        ocid,
        bid: bidId,
        tenderer: organisation('Tenderer', '投标人'),
        commitment: field.sealed({ en: 'Sealed offer', zh: '密封报价' }),
      },
      handler(context, { ocid, bid, tenderer, commitment }) {
        const { revealBy } = checkTaking(context, openTender(context, ocid));
        const process = context.records.process.need({ ocid }, 'PROCESS_UNKNOWN');
        context.check(process.publisher !== tenderer, 'BUYER_BIDS');
        const { count: bids } = context.sums.bidsOf.get({ ocid, tenderer });
        context.check(bids < BIDS_MAX, 'BIDS_FULL', { tenderer, bids, max: BIDS_MAX });
        const row = { ocid, bid, tenderer, commitment, status: 'sealed', revealBy } as const;
        context.records.bid.insert({ ...row, submitted: context.timestampMs }, 'BID_EXISTS');
        context.emit('bidSubmitted', { ocid, bid });
      },
    },

    withdrawBid: {
      title: { en: 'Withdraw a bid', zh: '撤回投标' },
      help: {
        en: 'Before the deadline; or later if the tender was cancelled, so that nobody waits for the bid to be opened.',
        zh: '截止前撤回;招标取消后亦可撤回,以免列为逾期未开标。',
      },
      by: { role: 'tenderer' },
      input: { ocid, bid: bidId },
      handler(context, { ocid, bid }) {
        const row = ownBid(context, { ocid, bid });
        const { status } = context.records.tender.need({ ocid }, 'TENDER_UNKNOWN');
        if (status !== 'cancelled' && status !== 'unsuccessful') {
          checkTaking(context, openTender(context, ocid));
        }
        context.records.bid.put({ ...row, status: 'withdrawn' });
        context.emit('bidWithdrawn', { ocid, bid });
      },
    },

    revealBid: {
      title: { en: 'Open a bid', zh: '开标' },
      by: { role: 'tenderer' },
      input: {
        ocid,
        bid: bidId,
        salt,
        value: price,
        documents: field.optional(field.hash({ en: 'SHA-256 of the documents', zh: '文件哈希' })),
      },
      handler(context, { ocid, bid, salt, value, documents }) {
        const row = ownBid(context, { ocid, bid });
        const tender = openTender(context, ocid);
        const { closes, revealBy } = timesOf(tender);
        const now = context.timestampMs;
        context.check(now > closes, 'TOO_EARLY', { from: instantText(closes) });
        context.check(now <= revealBy, 'TOO_LATE', { until: instantText(revealBy) });
        const sealed = sealBid(row, salt, { value, documents });
        context.check(equalBytes(sealed, row.commitment), 'SEAL_DIFFERS');
        context.records.bid.put({ ...row, status: 'revealed', value, documents });
        rank(context, tender, { bid, value });
        context.emit('bidRevealed', { ocid, bid, value });
      },
    },

    disqualifyBid: {
      title: { en: 'Disqualify a bid', zh: '取消投标资格' },
      help: {
        en: 'Once the time to open bids is over; signed by the buyer and an evaluator of no organisation that bids. The reason stays with the bid, which cannot win any more.',
        zh: '开标期满后由采购官员与未投标机构的评审官员共同签署。理由随投标公开,该投标不得再中标。',
      },
      by: { role: 'buyer' },
      approvals: { officers: 2, role: 'evaluator' },
      discretion: true,
      input: { ocid, bid: bidId, reason: field.reason() },
      handler(context, { ocid, bid, reason }) {
        const process = conducted(context, ocid, 'buyer');
        const tender = awardableTender(context, ocid);
        const row = openedBid(context, { ocid, bid });
        checkEvaluated(context, process);
        context.records.bid.put({ ...row, status: 'disqualified', disqualified: reason });
        unrank(context, tender, bid);
        context.emit('bidDisqualified', { ocid, bid });
      },
    },

    award: {
      title: { en: 'Award', zh: '授标' },
      help: {
        en: 'Once the time to open bids is over; signed by the buyer and an evaluator: another person, of any organisation that does not bid, the own one included. The reason says why the bid wins by the award criteria; where these are the lowest price, no lower bid is left that was not disqualified.',
        zh: '开标期满后由采购官员与评审官员共同签署;评审官员须为另一人,可属任何未投标机构(含本机构)。理由须说明按授标标准中标的原因;以最低价授标时,不得有更低且未取消资格的投标。',
      },
      by: { role: 'buyer' },
      approvals: { officers: 2, role: 'evaluator' },
      discretion: true,
      input: {
        ocid,
        award: awardId,
        bid: bidId,
        title: field.optional(title),
        items,
        reason: field.reason(),
      },
      handler(context, { ocid, award, bid, title, items }) {
        const process = conducted(context, ocid, 'buyer');
        const tender = awardableTender(context, ocid);
        const isNew = !context.records.award.has({ ocid, award });
        context.check(isNew, 'AWARD_EXISTS', { key: `${ocid}/${award}` });
        const won = openedBid(context, { ocid, bid });
        checkEvaluated(context, process);
        checkLowest(context, won);

        const releaseId = release(context, process, 'award');
        const made = { status: 'active', date: context.today, value: won.value, bid } as const;
        const suppliers = [{ organisation: won.tenderer }];
        const row = { ocid, award, title, items, suppliers, ...made, release: releaseId };
        context.records.bid.put({ ...won, award });
        unrank(context, tender, bid);
        context.records.award.insert(row);
        context.records.tender.put({ ...tender, status: 'complete', release: releaseId });
      },
    },

    cancelAward: {
      title: { en: 'Cancel an award', zh: '取消授标' },
      help: {
        en: 'Signed by the buyer and an evaluator, another person of any organisation that does not bid. No contract under it may be in force; the bid can then win again.',
        zh: '由采购官员与评审官员共同签署,评审官员须为另一人,可属任何未投标机构。其下不得有履行中的合同;取消后该投标可再次中标。',
      },
      by: { role: 'buyer' },
      approvals: { officers: 2, role: 'evaluator' },
      discretion: true,
      input: { ocid, award: awardId, reason: field.reason() },
      handler(context, { ocid, award }) {
        const process = conducted(context, ocid, 'buyer');
        const row = awardInForce(context, { ocid, award });
        const { count: contracts } = context.sums.inForce.get({ ocid, award });
        const facts = { key: `${ocid}/${award}`, contracts };
        context.check(contracts === 0, 'AWARD_CONTRACTED', facts);
        checkEvaluated(context, process);
        const releaseId = release(context, process, 'awardCancellation');
        context.records.award.put({ ...row, status: 'cancelled', release: releaseId });
        const bid = context.records.bid.need({ ocid, bid: row.bid ?? '' }, 'BID_UNKNOWN');
        context.records.bid.put({ ...bid, award: undefined });
        const tender = context.records.tender.need({ ocid }, 'TENDER_UNKNOWN');
        if (bid.value !== undefined) rank(context, tender, { bid: bid.bid, value: bid.value });
      },
    },

    signContract: {
      title: { en: 'Sign a contract', zh: '签订合同' },
      help: {
        en: 'Signed by buyer and supplier; the treasury commitment that pays covers its value.',
        zh: '由采购方与供应商共同签署;支出承诺须足以支付。',
      },
      by: { role: 'buyer' },
      approvals: { officers: 2, organisations: 2, role: 'tenderer' },
      input: {
        ocid,
        contract: contractId,
        award: awardId,
        title: field.optional(title),
        value: price,
        items,
        ends: field.date({ en: 'To be fulfilled by', zh: '履行期限' }),
        fund,
        commitment,
      },
      handler(context, { award, ...input }) {
        const { ocid, contract, value, ends, fund, commitment } = input;
        const process = conducted(context, ocid, 'buyer');
        const won = awardInForce(context, { ocid, award });
        const supplier = won.suppliers[0]?.organisation ?? '';
        checkSupplier(context, supplier);
        checkCovered(context, input, { supplier, value });
        checkAwarded(context, won, value);
        const isNew = !context.records.contract.has({ ocid, contract });
        context.check(isNew, 'CONTRACT_EXISTS', { key: `${ocid}/${contract}` });

        const releaseId = release(context, process, 'contract');
        const dates = { dateSigned: context.today, period: { start: context.today, end: ends } };
        const signed = { ...input, ...dates, awardId: award, status: 'active' } as const;
        context.records.contract.insert({ ...signed, release: releaseId });
        charge(context, signed, { ocid, contract, award, signed: value, fund, commitment });
      },
    },

    amendContract: {
      title: { en: 'Amend a contract', zh: '变更合同' },
      help: {
        en: 'Signed by buyer and supplier. What raises the value is signed as an award is, too: by an evaluator, another person than the buyer and of no organisation that bid. The value cannot be less than what was paid.',
        zh: '由采购方与供应商共同签署。提高金额的变更须与授标同样由评审官员签署:采购官员以外且不属于任何投标机构。金额不得低于已付款。',
      },
      by: { role: 'buyer' },
      approvals: { officers: 2, organisations: 2, role: 'tenderer' },
      discretion: true,
      input: {
        ocid,
        contract: contractId,
        amendment: amendmentId,
        value: field.optional(price),
        ends: field.optional(field.date({ en: 'To be fulfilled by', zh: '履行期限' })),
        reason: rationale,
      },
      handler(context, { ocid, contract, amendment, value, ends, reason }) {
        const process = conducted(context, ocid, 'buyer');
        const row = contractInForce(context, { ocid, contract });
        const won = context.records.award.need({ ocid, award: row.awardId ?? '' }, 'AWARD_UNKNOWN');
        const supplier = won.suppliers[0]?.organisation ?? '';
        checkSupplier(context, supplier);
        const changed = { ...row, ...defined({ value, ends }) };
        const worth = worthOf(changed);
        const charged = context.records.charge.need({ ocid, contract });
        checkCovered(context, charged, { supplier, value: worth, own: charged.value });
        const change = { ...worth, minor: worth.minor - worthOf(row).minor };
        if (change.minor > 0n) checkEvaluated(context, process);
        if (value !== undefined) checkPaidWithin(context, { ocid, contract, value });

        const releaseId = release(context, process, 'contractAmendment');
        context.records.contract.put({ ...changed, release: releaseId });
        charge(context, changed, charged);
        amend(context, row, { amendment, of: 'contract', contract, reason, releaseId });
        context.records.change.insert({ ocid, contract, amendment, change });
      },
    },

    endContract: {
      title: { en: 'End a contract', zh: '终止合同' },
      help: {
        en: 'By the buyer alone once all is paid and recorded. Else the supplier signs, too, or, for one that does not, an evaluator of the organisation that controls the commitment, if that is not the buyer.',
        zh: '款项付清并登记后可由采购方单独终止;否则须供应商共同签署,或由支出承诺监督机构(非采购方)的评审官员代为共同签署。',
      },
      by: { role: 'buyer' },
      discretion: true,
      input: {
        ocid,
        contract: contractId,
        status: field.choice({
          en: 'As',
          zh: '结果',
          of: {
            terminated: { en: 'fulfilled or ended early', zh: '履行完毕或提前终止' },
            cancelled: { en: 'cancelled before it began', zh: '履行前取消' },
          },
        }),
        reason: field.reason(),
      },
      handler(context, { ocid, contract, status }) {
        const process = conducted(context, ocid, 'buyer');
        const row = contractInForce(context, { ocid, contract });
        const charged = context.records.charge.need({ ocid, contract });
        checkEndAgreed(context, process, charged);
        const releaseId = release(context, process, 'contractTermination');
        const ended = { ...row, status, release: releaseId };
        context.records.contract.put(ended);
        charge(context, ended, charged);
      },
    },

    recordTransaction: {
      title: { en: 'Record a payment under a contract', zh: '登记合同付款' },
      help: {
        en: 'Date, amount and payee are those of the treasury payment, the payer holds its commitment. A contract that ended counts what it was paid, too. A credit for a payment that the contract counts is recorded in the same way, with its amount below zero: so much is owed again.',
        zh: '日期、金额与收款人取自国库付款,付款人为支出承诺的持有机构;已终止的合同亦须登记其付款。已计付款的冲回同样登记,金额为负,合同因此重新欠付。',
      },
      by: { role: 'buyer' },
      input: { ocid, contract: contractId, transaction: transactionId, payment },
      handler(context, { ocid, contract, transaction, payment }) {
        const process = conducted(context, ocid, 'buyer');
        const row = context.records.contract.need({ ocid, contract }, 'CONTRACT_UNKNOWN');
        const charged = context.records.charge.need({ ocid, contract }, 'CONTRACT_UNKNOWN');
        const { fund, commitment } = charged;
        const paid = context.contracts.treasury.records.payment.get({ fund, payment });
        const isOfContract =
          paid?.commitment === commitment && isCountable(context, paid, { ocid, contract });
        context.check(isOfContract, 'PAYMENT_DIFFERS', { fund, payment });
        if (paid === undefined) return;
        const releaseId = release(context, process, 'implementation');
        const { name, organisation } = paid.payee;
        const sign = paid.kind === 'credit' ? -1n : 1n;
        const value = { ...paid.amount, minor: sign * paid.amount.minor };
        const money = { date: paid.date, value, fund, payment } as const;
        const parties = {
          payer: { organisation: commitmentOf(context, charged).holder },
          payee: defined({ name, organisation }),
        };
        const key = { ocid, contract, transaction };
        const made = { ...key, ...money, ...parties, release: releaseId };
        context.records.transaction.insert(made, 'TRANSACTION_EXISTS');
        const counted = { fund, payment, ocid, contract, transaction };
        context.records.settlement.insert(counted, 'PAYMENT_COUNTED');
        charge(context, row, { ...charged, payment });
      },
    },

    planMilestone: {
      title: { en: 'Plan a milestone', zh: '计划里程碑' },
      by: { role: 'buyer' },
      input: {
        ocid,
        contract: contractId,
        milestone: milestoneId,
        title,
        dueDate: records.milestone.fields.dueDate,
      },
      handler(context, input) {
        const { ocid, contract } = input;
        const process = conducted(context, ocid, 'buyer');
        contractInForce(context, { ocid, contract });
        context.records.milestone.insert({ ...input, status: 'scheduled' }, 'MILESTONE_EXISTS');
        release(context, process, 'implementation');
      },
    },

    closeMilestone: {
      title: { en: 'Say whether a milestone was met', zh: '评定里程碑' },
      by: { role: 'buyer' },
      discretion: true,
      input: {
        ocid,
        contract: contractId,
        milestone: milestoneId,
        status: field.choice({ en: 'As', zh: '结果', of: MILESTONE_OUTCOMES }),
        reason: field.reason(),
      },
      handler(context, { ocid, contract, milestone, status }) {
        const process = conducted(context, ocid, 'buyer');
        const key = { ocid, contract, milestone };
        const row = context.records.milestone.need(key, 'MILESTONE_UNKNOWN');
        const dateMet = status === 'met' ? context.today : undefined;
        context.records.milestone.put({ ...row, status, dateMet });
        release(context, process, 'implementationUpdate');
      },
    },

    publishRelease: {
      title: { en: 'Import a release', zh: '导入发布' },
      help: {
        en: 'A release of OCDS as published, and the rows read from it. An older release than the latest is kept and changes no row.',
        zh: '按原样保存 OCDS 发布及由其读出的记录;早于最近发布者仅保存。',
      },
      by: { role: 'publisher', organisation: 'publisher' },
      input: {
        publisher,
        ocid,
        release: releaseId,
        date: field.instant({ en: 'Date', zh: '日期' }),
        tag: records.release.fields.tag,
        initiationType: records.process.fields.initiationType,
        language: field.optional(language),
        buyer: field.optional(party),
        source: records.release.fields.source,
        hash: releaseHash,
        parts: field.integer({
          en: 'Parts of the JSON',
          zh: 'JSON 分段数',
          min: 1,
          max: PARTS_MAX,
        }),
        json,
        ...rows,
      },
      handler(context, input) {
        const { ocid, publisher, date } = input;
        const process = context.records.process.get({ ocid });
        context.check(process?.basis !== 'recorded', 'CONDUCTED_HERE');
        const isOwn = process === undefined || process.publisher === publisher;
        const facts = { role: 'publisher', publisher: process?.publisher ?? publisher };
        context.check(isOwn, 'NOT_PUBLISHER', facts);
        const isNew = keepRelease(context, input);
        const isLatest = process === undefined || date >= process.latest;
        const { language, buyer, initiationType, planning } = input;
        const news = isLatest ? defined({ language, buyer, initiationType, planning }) : {};
        context.records.process.put({
          ocid,
          publisher,
          basis: 'released',
          initiationType,
          ...process,
          ...news,
          releases: (process?.releases ?? 0) + (isNew ? 1 : 0),
          latest: isLatest ? date : process.latest,
        });
        if (isLatest) putRows(context, input);
      },
    },

    continueRelease: {
      title: { en: 'Import the next part of a release', zh: '导入发布的后续分段' },
      help: {
        en: 'Names the hash of the whole, which must be the one announced.',
        zh: '须写明全文哈希,与所声明者一致。',
      },
      by: { role: 'publisher' },
      input: {
        ocid,
        release: releaseId,
        hash: releaseHash,
        part: records.releasePart.key.part,
        json,
      },
      handler(context, { ocid, release, hash, part, json }) {
        const process = context.records.process.need({ ocid }, 'PROCESS_UNKNOWN');
        checkRole(context, process, 'publisher');
        const row = context.records.release.get({ ocid, release });
        const isNext = row?.status === 'partial' && row.received === part;
        context.check(isNext, 'RELEASE_UNKNOWN', { key: `${ocid}/${release}/${part}` });
        if (row?.hash === undefined) return;
        const facts = { key: `${ocid}/${release}`, announced: row.hash, found: hash };
        context.check(equalBytes(row.hash, hash), 'RELEASE_OTHER', facts);
        keepPart(context, row, json);
      },
    },

    keepFiles: {
      ...KEEP_FILES_WORDS,
      by: { role: 'publisher', organisation: 'holder' },
      input: { ...fileKey, ...filePart },
      handler(context, input) {
        const { part, parts } = input;
        context.check(part < parts, 'FILE_PART_OUTSIDE', { part, parts });
        context.records.filePart.insert(input, 'FILE_PART_EXISTS');
      },
    },
  },

  invariants: {
    pricesAreSealed: {
      title: {
        en: 'A bid shows its price once opened, and not before',
        zh: '投标开标后方显示价格',
      },
      record: 'bid',
      holds: ({ after }) =>
        after !== undefined &&
        (after.status === 'revealed' || after.status === 'disqualified') ===
          (after.value !== undefined),
    },
    winnersWereOpen: {
      title: { en: 'Who wins here opened the bid', zh: '中标者均已开标' },
      record: 'award',
      holds({ after }, { records }) {
        if (after?.bid === undefined) return true;
        return records.bid.get({ ocid: after.ocid, bid: after.bid })?.status === 'revealed';
      },
    },
    oneAwardABid: {
      title: { en: 'A bid has one award in force, or none', zh: '每份投标至多一份有效授标' },
      record: 'award',
      holds({ after }, { records }) {
        if (after?.bid === undefined || after.status !== 'active') return true;
        return records.bid.get({ ocid: after.ocid, bid: after.bid })?.award === after.award;
      },
    },
    signedWithinAward: {
      title: { en: 'Contracts are signed for what was awarded', zh: '合同按授标金额签订' },
      record: 'charge',
      holds({ before, after }, { records, sums }) {
        if (before !== undefined || after === undefined) return after !== undefined;
        const { ocid, award, signed } = after;
        const won = records.award.get({ ocid, award });
        const { total } = sums.awarded.get({ ocid, award, currency: signed.currency });
        return (
          won?.status === 'active' &&
          won.value?.currency === signed.currency &&
          total <= won.value.minor
        );
      },
    },
    chargeBound: {
      title: {
        en: 'What a contract was signed for, and out of what, stays',
        zh: '签约金额及其授标、支出承诺不变',
      },
      record: 'charge',
      holds: ({ before, after }, face) =>
        after !== undefined &&
        (before === undefined || isBoundAsBefore(before, after)) &&
        isTotalled(face, after),
    },
    contractTotalled: {
      title: {
        en: 'A contract is worth what was signed and what amendments changed, and not less than was paid when they lower it',
        zh: '合同金额等于签约金额加历次变更,调减不低于已付款',
      },
      record: 'contract',
      // What others released has no money of this ledger: it is theirs to add up.
      holds: ({ before, after }, face) =>
        after !== undefined &&
        (after.commitment === undefined ||
          (isTotalled(face, after) && isLoweredWithinPaid(face, before, after))),
    },
    amendmentsTotalled: {
      title: {
        en: 'What amendments change is the value of their contract',
        zh: '变更计入合同金额',
      },
      sum: 'amended',
      holds({ key }, face) {
        const of = { ocid: `${key.ocid}`, contract: `${key.contract}` };
        const charged = face.records.charge.get(of);
        return charged?.signed.currency === key.currency && isTotalled(face, of);
      },
    },
    amendmentsPriced: {
      title: {
        en: 'An amendment of a contract says by how much it changes the value',
        zh: '合同变更均载明金额增减',
      },
      record: 'amendment',
      holds({ after }, { records }) {
        if (after?.of !== 'contract') return after !== undefined;
        const { ocid, amendment, contract } = after;
        return contract !== undefined && records.change.has({ ocid, contract, amendment });
      },
    },
    paymentsTotalled: {
      title: {
        en: 'What was paid under a contract is no longer owed',
        zh: '合同付款计入已付,不再欠付',
      },
      record: 'transaction',
      holds({ after }, face) {
        if (after?.fund === undefined) return after !== undefined;
        const charged = face.records.charge.get(after);
        const isOfContract = charged?.signed.currency === after.value?.currency;
        return isOfContract && isPaidByTreasury(face, after) && isTotalled(face, after);
      },
    },
    owedTotalled: {
      title: {
        en: 'The treasury keeps what contracts are owed together',
        zh: '国库登记各合同欠付合计',
      },
      sum: 'owed',
      holds({ total, key }, { contracts }) {
        const of = { fund: `${key.fund}`, commitment: `${key.commitment}` };
        const row = contracts.treasury.records.commitment.get(of);
        return row?.currency === key.currency && (row?.owed ?? 0n) === total;
      },
    },
    releasesComplete: {
      title: { en: 'A complete release has all its parts', zh: '完整的发布分段齐全' },
      record: 'release',
      holds: ({ after }) =>
        after !== undefined && (after.status === 'complete') === (after.received === after.parts),
    },
  },

  queries: {
    processes: { title: { en: 'Contracting processes', zh: '采购过程' }, record: 'process' },
    openTenders: {
      title: { en: 'Tenders not yet awarded', zh: '尚未授标的招标' },
      record: 'tender',
      where: { field: 'status', is: ['active'] },
    },
    overdueAwards: {
      title: { en: 'Tenders not awarded in time', zh: '逾期未授标' },
      record: 'tender',
      overdue: 'awardBy',
    },
    bids: { title: { en: 'Bids in a tender', zh: '招标的投标' }, record: 'bid', by: ['ocid'] },
    unopenedBids: {
      title: { en: 'Bids that were not opened in time', zh: '逾期未开标的投标' },
      record: 'bid',
      by: ['ocid'],
      overdue: 'revealBy',
    },
    awards: { title: { en: 'Awards', zh: '授标' }, record: 'award', by: ['ocid'] },
    contracts: { title: { en: 'Contracts', zh: '合同' }, record: 'contract', by: ['ocid'] },
    overdueContracts: {
      title: { en: 'Contracts past their time', zh: '逾期合同' },
      record: 'contract',
      by: ['ocid'],
      overdue: 'ends',
    },
    overdueMilestones: {
      title: { en: 'Milestones past their date', zh: '逾期里程碑' },
      record: 'milestone',
      by: ['ocid'],
      overdue: 'dueDate',
    },
    transactions: {
      title: { en: 'Payments under contracts', zh: '合同付款' },
      record: 'transaction',
      by: ['ocid'],
    },
    amendments: { title: { en: 'Amendments', zh: '变更' }, record: 'amendment', by: ['ocid'] },
    releases: { title: { en: 'Releases', zh: '发布' }, record: 'release', by: ['ocid'] },
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
  { readonly treasury: typeof treasury }
>;
type Process = RowOf<typeof records.process>;
type Tender = RowOf<typeof records.tender>;
type Bid = RowOf<typeof records.bid>;
type Release = RowOf<typeof records.release>;
type Charge = RowOf<typeof records.charge>;
type Contract = RowOf<typeof records.contract>;
type Transaction = RowOf<typeof records.transaction>;
type ContractKey = Pick<Charge, 'ocid' | 'contract'>;
/** What an invariant reads. */
type Face = InvariantContext<
  typeof records,
  typeof parameters,
  typeof sums,
  { readonly treasury: typeof treasury }
>;
type Commitment = RowOf<(typeof treasury)['records']['commitment']>;
type Payment = RowOf<(typeof treasury)['records']['payment']>;

/** What a tenderer seals; the client makes the same bytes. */
export interface Offer {
  readonly value: Money;
  readonly documents?: Uint8Array | undefined;
}

/** The commitment of a bid: bound to process, bid and tenderer, so that nobody can copy it. */
export function sealBid(
  { ocid, bid, tenderer }: Pick<Bid, 'ocid' | 'bid' | 'tenderer'>,
  salt: Uint8Array,
  { value, documents }: Offer,
): Uint8Array {
  const offer = [value.minor, value.currency, documents ?? null];
  return sealOf(`procurement.bid/${ocid}/${bid}/${tenderer}`, salt, offer);
}

/** The process, conducted on this ledger by an organisation for which a signer may act. */
function conducted(context: Books, ocid: string, role: keyof typeof roles): Process {
  const process = context.records.process.need({ ocid }, 'PROCESS_UNKNOWN');
  context.check(process.basis === 'recorded', 'NOT_CONDUCTED_HERE');
  checkRole(context, process, role);
  return process;
}

function checkRole(context: Books, { publisher }: Process, role: keyof typeof roles): void {
  const entitled = context.entitled({ role, organisation: publisher });
  context.check(entitled.length > 0, 'NOT_PUBLISHER', { role, publisher });
}

/** Every change is a release. @returns its identifier */
function release(context: Books, { ocid }: Pick<Process, 'ocid'>, tag: string): string {
  const process = context.records.process.need({ ocid }, 'PROCESS_UNKNOWN');
  const releases = process.releases + 1;
  const id = `${ocid}-r${releases}`;
  const date = context.timestampMs;
  const row = {
    ocid,
    release: id,
    basis: 'recorded',
    date,
    tag: [tag],
    status: 'complete',
  } as const;
  context.records.release.insert({ ...row, parts: 0, received: 0 });
  context.records.process.put({ ...process, releases, latest: date });
  context.emit('released', { ocid, release: id, tag });
  return id;
}

function openTender(context: Books, ocid: string): Tender {
  const tender = context.records.tender.need({ ocid }, 'TENDER_UNKNOWN');
  context.check(tender.status === 'active', 'TENDER_CLOSED', { status: tender.status });
  const process = context.records.process.need({ ocid }, 'PROCESS_UNKNOWN');
  context.check(process.basis === 'recorded', 'NOT_CONDUCTED_HERE');
  return tender;
}

interface Times {
  readonly closes: number;
  readonly revealBy: number;
  readonly awardBy: number;
}

/** The times of a tender of this ledger, which always has them. */
function timesOf({ closes, revealBy, awardBy }: Pick<Tender, keyof Times>): Times {
  const isTimed = closes !== undefined && revealBy !== undefined && awardBy !== undefined;
  assert(isTimed, 'a tender of this ledger has its times');
  return { closes, revealBy, awardBy };
}

/** Bids are still taken. @returns the times of the tender */
function checkTaking(context: Books, tender: Tender): Times {
  const times = timesOf(tender);
  const { closes } = times;
  context.check(context.timestampMs <= closes, 'TOO_LATE', { until: instantText(closes) });
  return times;
}

function checkTimes(context: Books, { closes, revealBy, awardBy }: Times): void {
  const earliest = context.timestampMs + context.parameters.tenderDaysMin * DAY_MS;
  const isOrdered = earliest < closes && closes < revealBy && revealBy < awardBy;
  context.check(isOrdered, 'DEADLINES_UNORDERED');
}

function ownBid(context: Books, key: Pick<Bid, 'ocid' | 'bid'>): Bid {
  const row = context.records.bid.need(key, 'BID_UNKNOWN');
  const { tenderer } = row;
  const entitled = context.entitled({ role: 'tenderer', organisation: tenderer });
  context.check(entitled.length > 0, 'NOT_TENDERER', { tenderer });
  return row;
}

/** Who bids does not judge bids; that buyer and evaluator are two persons is in the approvals, too. */
function checkEvaluated(context: Books, { ocid, publisher }: Process): void {
  const buyers = context.entitled({ role: 'buyer', organisation: publisher });
  const evaluators = context
    .entitled({ role: 'evaluator' })
    .filter(({ organisation: tenderer = '' }) => !bidsIn(context, { ocid, tenderer }));
  const isEvaluated = evaluators.some((evaluator) =>
    buyers.some(({ identity }) => identity !== evaluator.identity),
  );
  context.check(isEvaluated, 'EVALUATOR_MISSING', { publisher });
}

function bidsIn({ sums: kept }: Books, of: Pick<Bid, 'ocid' | 'tenderer'>): boolean {
  return kept.bidsOf.get(of).count > 0;
}

/** A tender whose bids are all open, those that ever will be. */
function awardableTender(context: Books, ocid: string): Tender {
  const tender = context.records.tender.need({ ocid }, 'TENDER_UNKNOWN');
  const isAwardable = tender.status === 'active' || tender.status === 'complete';
  context.check(isAwardable, 'TENDER_CLOSED', { status: tender.status });
  const { revealBy } = timesOf(tender);
  const from = { from: instantText(revealBy) };
  context.check(context.timestampMs > revealBy, 'TOO_EARLY', from);
  return tender;
}

/** A bid that can still win. */
function openedBid(context: Books, key: Pick<Bid, 'ocid' | 'bid'>): Bid & { value: Money } {
  const row = context.records.bid.need(key, 'BID_UNKNOWN');
  const { bid, status, value, award } = row;
  context.check(status === 'revealed' && value !== undefined, 'BID_NOT_OPENED', { bid, status });
  context.check(award === undefined, 'BID_AWARDED', { bid, award: award ?? '' });
  assert(value !== undefined, 'an opened bid shows its price');
  return { ...row, value };
}

type Ranking = RowOf<typeof records.ranking>;
type Ranked = Ranking['bids'][number];

function rankingOf(context: Books, ocid: string): Ranking {
  return context.records.ranking.get({ ocid }) ?? { ocid, bids: [] };
}

/** Keeps what an opened bid asks, where the lowest price wins. */
function rank(context: Books, { ocid, awardCriteria }: Tender, opened: Ranked): void {
  if (awardCriteria !== 'priceOnly') return;
  const { bids, cut } = rankingOf(context, ocid);
  const all = [...bids, opened].sort(compareBids);
  // What was left out once is not listed when room is made: the lowest of it stands for all.
  const [lowest] = [cut, ...all.slice(RANKED_MAX)]
    .filter((bid) => bid !== undefined)
    .sort(compareBids);
  context.records.ranking.put({ ocid, bids: all.slice(0, RANKED_MAX), cut: lowest });
}

/** By price, then by name: never by who opened first. */
function compareBids(a: Ranked, b: Ranked): number {
  if (a.value.minor !== b.value.minor) return a.value.minor < b.value.minor ? -1 : 1;
  return a.bid < b.bid ? -1 : 1;
}

function unrank(context: Books, { ocid, awardCriteria }: Tender, bid: string): void {
  if (awardCriteria !== 'priceOnly') return;
  const ranking = rankingOf(context, ocid);
  const bids = ranking.bids.filter((ranked) => ranked.bid !== bid);
  context.records.ranking.put({ ...ranking, bids });
}

/** Nothing is ranked in a tender by rated criteria. */
function checkLowest(context: Books, { ocid, bid, value }: Bid & { readonly value: Money }): void {
  const { bids, cut } = rankingOf(context, ocid);
  const better = [...bids, ...(cut === undefined ? [] : [cut])].find(
    (other) =>
      other.bid !== bid &&
      (other.value.minor < value.minor || other.value.currency !== value.currency),
  );
  const shown = (money: Money): string => `${money.currency} ${money.minor}`;
  const facts = { bid, value: shown(value), lower: better?.bid ?? '' };
  const price = better === undefined ? '' : shown(better.value);
  context.check(better === undefined, 'BID_NOT_LOWEST', { ...facts, price });
}

function awardInForce(context: Books, key: { readonly ocid: string; readonly award: string }) {
  const row = context.records.award.need(key, 'AWARD_UNKNOWN');
  context.check(row.status === 'active', 'AWARD_UNKNOWN', { key: `${key.ocid}/${key.award}` });
  return row;
}

function contractInForce(
  context: Books,
  key: { readonly ocid: string; readonly contract: string },
) {
  const row = context.records.contract.need(key, 'CONTRACT_UNKNOWN');
  const facts = { key: `${key.ocid}/${key.contract}` };
  context.check(row.status === 'active', 'CONTRACT_UNKNOWN', facts);
  return row;
}

/** The end of a contract drops what it still owes, which is not the buyer's alone to say. */
function checkEndAgreed(
  context: Books,
  { publisher }: Process,
  { ocid, award, owed, fund, commitment }: Charge,
): void {
  const { controller, givenBack = 0n } = commitmentOf(context, { fund, commitment });
  // Of which contract it came back is unknown until it is recorded: none ends meanwhile by one word.
  const open = owed.minor + givenBack;
  if (open === 0n) return;
  const won = context.records.award.need({ ocid, award }, 'AWARD_UNKNOWN');
  const supplier = won.suppliers[0]?.organisation ?? '';
  const suppliers = context.entitled({ role: 'tenderer', organisation: supplier });
  const controllers = context.entitled({ role: 'evaluator', organisation: controller });
  const isControlled = controller !== publisher && controllers.length > 0;
  const facts = { owed: open, supplier, controller };
  context.check(suppliers.length > 0 || isControlled, 'OWED_UNAGREED', facts);
}

/** The commitment that a contract of this ledger is paid out of. */
function commitmentOf(
  context: Books,
  { fund, commitment }: Pick<Charge, 'fund' | 'commitment'>,
): Commitment {
  const row = context.contracts.treasury.records.commitment.get({ fund, commitment });
  assert(row !== undefined, 'a contract of this ledger has its commitment');
  return row;
}

function checkSupplier(context: Books, supplier: string): void {
  const entitled = context.entitled({ role: 'tenderer', organisation: supplier });
  context.check(entitled.length > 0, 'NOT_TENDERER', { tenderer: supplier });
}

interface Asked {
  readonly supplier: string;
  readonly value: Money;
  /** What the contract takes already. */
  readonly own?: Money;
}

/** The commitment is there, for this supplier, in this currency, and what others leave is enough. */
function checkCovered(
  context: Books,
  { fund, commitment }: Pick<Charge, 'fund' | 'commitment'>,
  { supplier, value, own }: Asked,
): void {
  const row = context.contracts.treasury.records.commitment.get({ fund, commitment });
  context.check(row !== undefined, 'COMMITMENT_UNKNOWN', { fund, commitment });
  if (row === undefined) return;
  const { payee, currency } = row;
  const other = [
    ...(payee.organisation === supplier ? [] : [payee.organisation ?? payee.name ?? 'a person']),
    ...(currency === value.currency ? [] : [currency]),
  ];
  context.check(other.length === 0, 'COMMITMENT_DIFFERS', { fact: other.join(', ') });
  const committed = row.received - row.returned;
  const taken = takenOf(context, row) - (own?.minor ?? 0n);
  const facts = { committed, taken, value: value.minor };
  // Lowering a value is a way out of a shortfall.
  const isLower = own !== undefined && value.minor <= own.minor;
  context.check(isLower || taken + value.minor <= committed, 'COMMITMENT_TOO_LOW', facts);
}

/** What contracts take of a commitment, and what was paid out of it that no contract counts. */
function takenOf(context: Books, row: Commitment): bigint {
  const { fund, commitment, currency, spent, credited, givenBack = 0n } = row;
  const key = { fund, commitment, currency };
  const { total: charged } = context.sums.charged.get(key);
  // What came back of counted payments hides no other payment before it is recorded.
  const uncounted = spent - credited + givenBack - (charged - context.sums.owed.get(key).total);
  return uncounted > 0n ? charged + uncounted : charged;
}

type Charged = Omit<Charge, 'status' | 'value' | 'owed'> & {
  /** The payment or credit that is counted now. */
  readonly payment?: string;
};

/** A payment; or a credit for one that this contract counts. */
function isCountable(
  context: Books,
  { fund, kind, reverses }: Payment,
  { ocid, contract }: Pick<Charge, 'ocid' | 'contract'>,
): boolean {
  if (kind === 'disbursement') return true;
  const counted =
    reverses === undefined
      ? undefined
      : context.records.settlement.get({ fund, payment: reverses });
  return counted?.ocid === ocid && counted.contract === contract;
}

/** Says what a contract takes now, and lets the treasury keep what is still owed of it. */
function charge(
  context: Books,
  row: Pick<Contract, 'status' | 'value'>,
  { ocid, contract, award, signed, fund, commitment, payment }: Charged,
): void {
  const { currency } = signed;
  const { total: paid } = context.sums.paid.get({ ocid, contract, currency });
  const minor = takenBy(row, paid);
  const key = { ocid, contract, award, signed, fund, commitment };
  const owed = { minor: minor - paid, currency };
  const { status } = row;
  context.records.charge.put({ ...key, status, value: { minor, currency }, owed });
  const { total } = context.sums.owed.get({ fund, commitment, currency });
  const amount = { minor: total, currency };
  context.contracts.treasury.call('owe', { fund, commitment, amount, ...defined({ payment }) });
}

/** What a contract takes: its value while it is in force, or what was paid if that is more. */
function takenBy(row: Pick<Contract, 'status' | 'value'>, paid: bigint): bigint {
  const { minor } = worthOf(row);
  return row.status === 'active' && minor > paid ? minor : paid;
}

function worthOf({ value }: Pick<Contract, 'value'>): Money {
  assert(value !== undefined, 'a contract of this ledger has a value');
  return value;
}

/** Nobody amends away what was paid. */
function checkPaidWithin(
  context: Books,
  { ocid, contract, value }: ContractKey & { readonly value: Money },
): void {
  const { total: paid } = context.sums.paid.get({ ocid, contract, currency: value.currency });
  context.check(paid <= value.minor, 'VALUE_BELOW_PAID', { paid, value: value.minor });
}

// What invariants say of a contract.

/** Its value follows from signature and amendments; what it takes and owes, from that and its payments. */
function isTotalled({ records, sums }: Face, { ocid, contract }: ContractKey): boolean {
  const row = records.contract.get({ ocid, contract });
  const charged = records.charge.get({ ocid, contract });
  if (row?.value === undefined || charged === undefined) return false;
  const { signed, value, owed } = charged;
  const of = { ocid, contract, currency: signed.currency };
  const paid = sums.paid.get(of).total;
  return (
    [row.value, value, owed].every(({ currency }) => currency === signed.currency) &&
    charged.status === row.status &&
    row.value.minor === signed.minor + sums.amended.get(of).total &&
    value.minor === takenBy(row, paid) &&
    owed.minor === value.minor - paid
  );
}

/** What a contract counts is a payment or credit of its commitment, by its amount, and counted here alone. */
function isPaidByTreasury(
  { records, contracts }: Face,
  { ocid, contract, transaction, fund = '', payment = '', value }: Transaction,
): boolean {
  const paid = contracts.treasury.records.payment.get({ fund, payment });
  const counted = records.settlement.get({ fund, payment });
  const charged = records.charge.get({ ocid, contract });
  return (
    paid?.amount.currency === value?.currency &&
    value?.minor === (paid?.kind === 'credit' ? -paid.amount.minor : paid?.amount.minor) &&
    charged?.fund === fund &&
    charged.commitment === paid?.commitment &&
    counted?.ocid === ocid &&
    counted.contract === contract &&
    counted.transaction === transaction
  );
}

function isBoundAsBefore(before: Charge, after: Charge): boolean {
  return (
    after.signed.minor === before.signed.minor &&
    after.signed.currency === before.signed.currency &&
    after.award === before.award &&
    after.fund === before.fund &&
    after.commitment === before.commitment
  );
}

/** More than a contract is worth may have been paid, which stands in the books; lowered to less it is not. */
function isLoweredWithinPaid(
  { sums }: Face,
  before: Contract | undefined,
  { ocid, contract, value }: Contract,
): boolean {
  if (before?.value === undefined || value === undefined) return true;
  if (value.minor >= before.value.minor) return true;
  return sums.paid.get({ ocid, contract, currency: value.currency }).total <= value.minor;
}

/** A contract is signed for what was awarded, and no award is used twice. */
function checkAwarded(
  context: Books,
  { ocid, award, value: awarded }: Pick<RowOf<typeof records.award>, 'ocid' | 'award' | 'value'>,
  value: Money,
): void {
  assert(awarded !== undefined, 'an award of this ledger has a value');
  const { total: taken } = context.sums.awarded.get({ ocid, award, currency: value.currency });
  const facts = { awarded: awarded.minor, taken, value: value.minor };
  const isWithin = awarded.currency === value.currency && taken + value.minor <= awarded.minor;
  context.check(isWithin, 'AWARD_TOO_LOW', facts);
}

interface Changed {
  readonly amendment: string;
  readonly of: 'tender' | 'contract';
  readonly contract?: string;
  readonly reason: string;
  readonly releaseId: string;
}

function amend(
  context: Books,
  { ocid, release: amends }: { readonly ocid: string; readonly release?: string | undefined },
  { amendment, of, contract, reason, releaseId }: Changed,
): void {
  const what = { ocid, amendment, of, contract, rationale: reason };
  const where = { date: context.timestampMs, amendsReleaseID: amends, releaseID: releaseId };
  context.records.amendment.insert({ ...what, ...where }, 'AMENDMENT_EXISTS');
}

interface Brought {
  readonly ocid: string;
  readonly release: string;
  readonly date: number;
  readonly tag: readonly string[];
  readonly source?: string | undefined;
  readonly hash: Uint8Array;
  readonly parts: number;
  readonly json: Uint8Array;
}

/** Keeps what was published. One that lacked parts begins anew. @returns whether it is new */
function keepRelease(context: Books, { json, ...input }: Brought): boolean {
  const { ocid, release } = input;
  const present = context.records.release.get({ ocid, release });
  const facts = { key: `${ocid}/${release}` };
  context.check(present?.status !== 'complete', 'ALREADY_IMPORTED', facts);
  const { date, tag, source, hash, parts } = input;
  const row = { ocid, release, date, tag, source, hash, parts, basis: 'released' } as const;
  keepPart(context, { ...row, status: 'partial', received: 0 }, json);
  context.emit('released', { ocid, release, tag: tag[0] ?? '-' });
  return present === undefined;
}

/** Keeps the next part; with the last one the whole must be what was announced. */
function keepPart(context: Books, row: Release, json: Uint8Array): void {
  const { ocid, release, received, parts } = row;
  context.records.releasePart.put({ ocid, release, part: received, json });
  const isComplete = received + 1 === parts;
  if (isComplete) {
    const all = Array.from({ length: parts }, (_, part) =>
      context.records.releasePart.need({ ocid, release, part }),
    );
    const hash = sha256(concatBytes(...all.map((each) => each.json)));
    context.check(row.hash !== undefined && equalBytes(hash, row.hash), 'RELEASE_DIFFERS');
  }
  const status = isComplete ? 'complete' : 'partial';
  context.records.release.put({ ...row, received: received + 1, status });
}

type Rows = InferFields<typeof rows> & { readonly ocid: string; readonly release: string };

/** The rows of a release over those of the releases before it, field by field. */
function putRows(context: Books, { ocid, release, tender, awards, contracts, transactions }: Rows) {
  const { records } = context;
  if (tender !== undefined) {
    const present = records.tender.get({ ocid }) ?? { status: 'unstated', items: [] };
    records.tender.put({ ...present, ...defined(tender), ocid, release });
  }
  for (const { id: award, ...given } of awards ?? []) {
    const fresh = { status: 'unstated', items: [], suppliers: [] } as const;
    const present = records.award.get({ ocid, award }) ?? fresh;
    records.award.put({ ...present, ...defined(given), ocid, award, release });
  }
  for (const { id: contract, ...given } of contracts ?? []) {
    const fresh = { status: 'unstated', items: [] } as const;
    const present = records.contract.get({ ocid, contract }) ?? fresh;
    records.contract.put({ ...present, ...defined(given), ocid, contract, release });
  }
  for (const { id: transaction, contract, ...given } of transactions ?? []) {
    const present = records.transaction.get({ ocid, contract, transaction });
    records.transaction.put({
      ...present,
      ...defined(given),
      ocid,
      contract,
      transaction,
      release,
    });
  }
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that have a value. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
