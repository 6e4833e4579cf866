/**
 * Special funds from budget to beneficiary: appropriation, allocation, commitment, disbursement,
 * acknowledgement, return (words of IATI and the Fiscal Data Package). Money only moves between
 * rows of one fund, and the engine checks after every transaction that no row gained or lost any.
 * Longer than other files because a contract is one file: half of it is titles in two languages.
 */
import type { Context, Infer, Money, Period, RowOf } from '@daybook/contracts';
import { defineContract, field } from '@daybook/contracts';
import { equalBytes } from '@daybook/core';
import { directory } from './directory.ts';
import {
  isBoundAsBefore,
  isPeriodInside,
  isSamePayee,
  isWithin,
  purposeOutside,
} from './vocabulary/earmark.ts';
import { commitmentName, fundName, organisation, paymentName } from './vocabulary/fields.ts';
import {
  FILE_PART_WORDS,
  fileKey,
  filePart,
  filePartExists,
  filePartOutside,
  KEEP_FILES_WORDS,
} from './vocabulary/file-parts.ts';

// Fields that several records and actions share.

const PURPOSES_MAX = 16;

const fund = field.reference({
  en: 'Fund',
  zh: '资金',
  record: 'treasury.appropriation',
  checked: false,
  max: 64,
});
const allocationName = field.slug({ en: 'Allocation', zh: '拨款' });
/** Text of a publisher as JSON in ASCII: a summary of 4,000 characters fits in any language. */
const DETAILS_MAX = 32_768;

const identity = {
  publisher: field.slug({ en: 'Publisher', zh: '发布机构' }),
  dataset: field.identifier({ en: 'Data set', zh: '数据集' }),
  number: field.text({ en: "Publisher's number", zh: '发布机构编号', max: 64 }),
  occurrence: field.integer({ en: 'Occurrence of the number', zh: '编号出现次序', min: 1 }),
};
const source = field.object(identity, { en: 'Import identity', zh: '来源标识' });
const imported = field.object(
  {
    ...identity,
    details: field.optional(
      field.text({
        en: 'Details',
        zh: '原始细节',
        help: {
          en: 'JSON of what the publisher said and no other field holds.',
          zh: '发布机构所述、其他字段未含之内容（JSON）。',
        },
        characters: 'ascii',
        max: DETAILS_MAX,
      }),
    ),
  },
  {
    en: 'Imported line',
    zh: '导入记录',
    help: {
      en: 'Of a publication. Where the money is recorded it is a reference and changes no control.',
      zh: '出自公布资料；机构登记的资金中仅作参考，不改变任何监督。',
    },
  },
);
const purpose = field.text({
  en: 'Purpose',
  zh: '用途',
  help: { en: 'A path; it covers every path below it.', zh: '路径；涵盖其下所有路径。' },
  characters: 'path',
  max: 256,
});
/** Whom the grantor lets the holder import for; whoever pays may name itself and nobody else. */
const publisher = field.optional(
  field.slug({
    en: 'Publisher',
    zh: '发布机构',
    help: {
      en: 'Whose publications are imported into the fund, if not those of the holder of the money. An organisation of the directory agrees itself, by a budget officer.',
      zh: '导入本资金的公布资料所属的发布机构；未填者仅限资金持有机构自身。名录内的机构须由其预算人员同意。',
    },
  }),
);
const importedLine = { source: field.optional(imported) };
const purposes = field.list(purpose, {
  en: 'Purposes',
  zh: '限定用途',
  min: 1,
  max: PURPOSES_MAX,
  unique: true,
});
const period = field.period({ en: 'Period', zh: '期间' });
const title = field.text({ en: 'Title', zh: '名称', max: 200 });
const money = field.money({ en: 'Amount', zh: '金额', min: 1n });
/** A row may be opened before there is money for it. */
const openingMoney = field.money({ en: 'Amount', zh: '金额', min: 0n });
const date = field.date({ en: 'Date', zh: '日期' });
const description = field.text({ en: 'Description', zh: '说明', max: 200 });
const holder = organisation('Holder', '持有机构');
const basis = field.choice({
  en: 'Basis',
  zh: '依据',
  help: {
    en: 'Reconstructed only out of reconstructed money: there lines paid elsewhere are imported.',
    zh: '仅推算资金之下可再推算；他处已付之款在其中导入。',
  },
  of: {
    recorded: { en: 'Recorded by the body', zh: '由机构登记' },
    reconstructed: { en: 'Reconstructed from publications', zh: '由公布资料推算' },
  },
});
const payee = field.object(
  {
    name: field.optional(field.text({ en: 'Name', zh: '名称', max: 200 })),
    organisation: field.optional(organisation('Organisation', '机构')),
    person: field.optional(
      field.blinded({ en: 'Person, blinded', zh: '个人（盲化）', purpose: 'treasury-payee' }),
    ),
    key: field.optional(field.publicKey({ en: 'Key of the payee', zh: '收款人公钥' })),
  },
  {
    en: 'Payee',
    zh: '收款人',
    help: {
      en: 'An organisation by its name, or a person by a blinded identifier, never both.',
      zh: '机构写名称；个人只写盲化标识；二者不并用。',
    },
  },
);

/** What binds the money of a row; it is handed down and only becomes narrower. */
const terms = {
  title,
  holder: field.slug({ en: 'Holder', zh: '持有机构' }),
  controller: field.slug({
    en: 'Controller',
    zh: '监督机构',
    help: { en: 'Its officer signs every payment, too.', zh: '每笔付款须由其官员共同签署。' },
  }),
  currency: field.currency({ en: 'Currency', zh: '币种' }),
  period,
  spendBy: field.date({ en: 'To be spent by', zh: '支用期限' }),
  purposes,
  basis,
};

const amount = (en: string, zh: string) => field.amount({ en, zh, currencyOf: 'currency' });
const status = field.choice({
  en: 'Status',
  zh: '状态',
  of: {
    open: { en: 'Money is left', zh: '有余额' },
    empty: { en: 'Nothing is left', zh: '无余额' },
  },
});
const states = {
  field: 'status',
  initial: ['open', 'empty'],
  transitions: { open: ['empty'], empty: ['open'] },
} as const;

/**
 * What went down less what came back. Below zero when more came back than had gone: credits for
 * payments that were made before this ledger began.
 */
const net = (en: string, zh: string) =>
  field.amount({ en, zh, currencyOf: 'currency', min: -(2n ** 62n) });

/** received = allocated + committed + returned + left, in an appropriation and an allocation. */
const node = {
  status,
  received: amount('Received', '收到'),
  allocated: net('Allocated further', '已下拨'),
  committed: net('Committed', '已承诺'),
  returned: amount('Returned', '已退回'),
  left: amount('Left', '余额'),
};

// Records.

const records = {
  appropriation: {
    number: 1,
    title: { en: 'Appropriation', zh: '预算批复' },
    key: { fund: fundName },
    fields: {
      ...terms,
      grantor: field.slug({ en: 'Granted by', zh: '批复机构' }),
      publisher,
      ...node,
    },
    states,
    deadlines: [{ field: 'spendBy', open: ['open'] }],
  },
  allocation: {
    number: 2,
    title: { en: 'Allocation', zh: '拨款' },
    key: { fund: fundName, allocation: allocationName },
    partition: ['fund'],
    fields: {
      parent: field.slug({ en: 'Out of', zh: '来自' }),
      ...terms,
      ...node,
    },
    states,
    deadlines: [{ field: 'spendBy', open: ['open'] }],
  },
  commitment: {
    number: 3,
    title: { en: 'Commitment', zh: '支出承诺' },
    key: { fund: fundName, commitment: commitmentName },
    partition: ['fund'],
    fields: {
      allocation: field.slug({ en: 'Out of', zh: '来自' }),
      payee,
      ...terms,
      status,
      received: amount('Committed', '承诺金额'),
      spent: amount('Spent', '已支付'),
      credited: amount('Credited back', '已冲回'),
      returned: amount('Returned', '已退回'),
      left: amount('Left', '余额'),
      owed: field.optional(
        field.amount({
          en: 'Owed under contracts',
          zh: '合同尚未支付',
          currencyOf: 'currency',
          help: {
            en: 'Kept by procurement; it cannot be returned. More than what is left is a shortfall.',
            zh: '由采购合约登记,不得退回;高于余额即为缺口。',
          },
        }),
      ),
      givenBack: field.optional(
        field.amount({
          en: 'Came back of what contracts count',
          zh: '合同已计付款的冲回',
          currencyOf: 'currency',
          help: {
            en: 'Credits that are not yet recorded under the contract, which is owed so much more.',
            zh: '尚未登记到合同的冲回;合同因此另欠此额。',
          },
        }),
      ),
      cover: field.optional(
        field.choice({
          en: 'Cover of what is owed',
          zh: '欠付保障',
          of: {
            covered: { en: 'enough is left', zh: '余额充足' },
            short: { en: 'more is owed than is left', zh: '欠付高于余额' },
          },
        }),
      ),
    },
    states,
    deadlines: [{ field: 'spendBy', open: ['open'] }],
  },
  payment: {
    number: 4,
    title: { en: 'Payment', zh: '付款' },
    key: { fund: fundName, payment: paymentName },
    partition: ['fund'],
    fields: {
      commitment: commitmentName,
      kind: field.choice({
        en: 'Kind',
        zh: '类别',
        of: {
          disbursement: { en: 'Money paid', zh: '支付' },
          credit: { en: 'Money that came back', zh: '冲回' },
        },
      }),
      amount: money,
      date,
      payee,
      purpose,
      description: field.optional(description),
      status: field.choice({
        en: 'Status',
        zh: '状态',
        of: {
          paid: { en: 'Paid', zh: '已支付' },
          acknowledged: { en: 'Acknowledged by the payee', zh: '收款人已确认' },
          credited: { en: 'Credited', zh: '已冲回' },
        },
      }),
      acknowledgeBy: field.optional(field.date({ en: 'To be acknowledged by', zh: '确认期限' })),
      recorded: field.optional(
        field.instant({
          en: 'Recorded',
          zh: '登记时间',
          help: {
            en: 'Block time; not of what was paid elsewhere.',
            zh: '区块时间；他处已付者无。',
          },
        }),
      ),
      reversed: field.amount({ en: 'Credited back', zh: '已冲回' }),
      reverses: field.optional(field.identifier({ en: 'Credit for', zh: '冲回的付款' })),
      counted: field.optional(field.boolean({ en: 'Counted under a contract', zh: '已计入合同' })),
      source: field.optional(source),
    },
    states: {
      field: 'status',
      initial: ['paid', 'credited'],
      transitions: { paid: ['acknowledged'], acknowledged: [], credited: [] },
    },
    deadlines: [{ field: 'acknowledgeBy', open: ['paid'] }],
  },
  source: {
    number: 5,
    title: { en: 'Imported line', zh: '导入记录' },
    help: {
      en: 'One line of a publisher and what became of it.',
      zh: '发布机构的一行及其入账结果。',
    },
    key: identity,
    fields: {
      fund: fundName,
      action: field.choice({
        en: 'Became',
        zh: '入账为',
        of: {
          allocate: { en: 'An allocation', zh: '拨款' },
          commit: { en: 'A commitment', zh: '支出承诺' },
          increaseCommitment: { en: 'An increase of a commitment', zh: '增加承诺' },
          returnCommitment: { en: 'A decrease of a commitment', zh: '减少承诺' },
          disburse: { en: 'A payment', zh: '付款' },
          credit: { en: 'A credit', zh: '冲回' },
        },
      }),
      name: field.identifier({ en: 'Name in the fund', zh: '资金内名称' }),
      amount: openingMoney,
      details: field.optional(
        field.text({ en: 'Details', zh: '原始细节', characters: 'ascii', max: DETAILS_MAX }),
      ),
    },
  },
  filePart: { number: 6, ...FILE_PART_WORDS, key: fileKey, fields: filePart },
} as const;

const sums = {
  allocated: {
    number: 101,
    title: { en: 'Received by allocations', zh: '下级拨款合计' },
    record: 'allocation',
    of: 'received',
    by: ['fund', 'parent'],
  },
  allocatedBack: {
    number: 102,
    title: { en: 'Returned by allocations', zh: '下级拨款退回合计' },
    record: 'allocation',
    of: 'returned',
    by: ['fund', 'parent'],
  },
  committed: {
    number: 103,
    title: { en: 'Received by commitments', zh: '承诺合计' },
    record: 'commitment',
    of: 'received',
    by: ['fund', 'allocation'],
  },
  committedBack: {
    number: 104,
    title: { en: 'Returned by commitments', zh: '承诺退回合计' },
    record: 'commitment',
    of: 'returned',
    by: ['fund', 'allocation'],
  },
  paid: {
    number: 105,
    title: { en: 'Payments by kind', zh: '付款合计（按类别）' },
    record: 'payment',
    of: 'amount',
    by: ['fund', 'commitment', 'kind'],
  },
} as const;

// Who may act.

const roles = {
  appropriator: {
    title: { en: 'Appropriator', zh: '预算批复人' },
    help: { en: 'Opens funds for the own organisation.', zh: '代表本机构批复资金。' },
    grantedBy: 'governance',
  },
  budgeter: {
    title: { en: 'Budget officer', zh: '预算官员' },
    help: {
      en: 'Allocates, commits and returns what the organisation holds.',
      zh: '拨款、承诺、退回。',
    },
    grantedBy: 'organisation',
  },
  payer: {
    title: { en: 'Paying officer', zh: '付款官员' },
    help: { en: 'First signature of a payment.', zh: '付款的第一签署人。' },
    grantedBy: 'organisation',
  },
  controller: {
    title: { en: 'Controller', zh: '监督官员' },
    help: { en: 'Second signature of a payment.', zh: '付款的第二签署人。' },
    grantedBy: 'organisation',
  },
} as const;

const failures = {
  FUND_EXISTS: {
    code: 1,
    en: 'A fund of this name exists already.',
    zh: '同名资金已存在。',
    remedy: { en: 'Choose another name, or supplement the fund.', zh: '请换名或追加预算。' },
  },
  FUND_UNKNOWN: {
    code: 2,
    en: 'There is no such fund.',
    zh: '资金不存在。',
    remedy: { en: 'Check the name of the fund.', zh: '请核对资金名称。' },
  },
  ALLOCATION_EXISTS: {
    code: 3,
    en: 'An allocation of this name exists in the fund.',
    zh: '该资金中已有同名拨款。',
    remedy: { en: 'Choose another name, or increase the allocation.', zh: '请换名或增加拨款。' },
  },
  ALLOCATION_UNKNOWN: {
    code: 4,
    en: 'The fund has no such allocation.',
    zh: '该资金中没有此拨款。',
    remedy: { en: 'Check the name of the allocation.', zh: '请核对拨款名称。' },
  },
  COMMITMENT_EXISTS: {
    code: 5,
    en: 'A commitment of this name exists in the fund.',
    zh: '该资金中已有同名支出承诺。',
    remedy: { en: 'Choose another name, or increase the commitment.', zh: '请换名或增加承诺。' },
  },
  COMMITMENT_UNKNOWN: {
    code: 6,
    en: 'The fund has no such commitment.',
    zh: '该资金中没有此支出承诺。',
    remedy: { en: 'Check the name of the commitment.', zh: '请核对承诺名称。' },
  },
  PAYMENT_EXISTS: {
    code: 7,
    en: 'A payment of this number exists in the fund.',
    zh: '该资金中已有同编号付款。',
    remedy: {
      en: 'Nothing to do if it is the same payment; else number it anew.',
      zh: '如为同一付款则无需处理；否则请另编号。',
    },
  },
  PAYMENT_UNKNOWN: {
    code: 8,
    en: 'The fund has no such payment.',
    zh: '该资金中没有此付款。',
    remedy: { en: 'Check the number of the payment.', zh: '请核对付款编号。' },
  },
  FILE_PART_OUTSIDE: filePartOutside(26),
  FILE_PART_EXISTS: filePartExists(27),
  ALREADY_IMPORTED: {
    code: 9,
    en: 'This line of the publisher has been imported already.',
    zh: '发布机构的该行已导入。',
    remedy: {
      en: 'Nothing to do: importing again adds nothing.',
      zh: '无需处理：重复导入不会增加记录。',
    },
  },
  NOT_HOLDER: {
    code: 10,
    en: 'No signer is a budget officer of {holder}, which holds this money.',
    zh: '签署人中没有持有机构{holder}的预算官员。',
    remedy: { en: 'Let a budget officer of the holder sign.', zh: '请由持有机构的预算官员签署。' },
  },
  FOUR_EYES: {
    code: 11,
    en: 'Two different officers must sign: {first} and {second}.',
    zh: '须由两名不同官员签署：{first}与{second}。',
    remedy: {
      en: 'Let the missing officer sign the same transaction.',
      zh: '请由缺签官员签署同一交易。',
    },
  },
  NOT_ENOUGH: {
    code: 12,
    en: 'Only {left} is left, {asked} was asked.',
    zh: '余额仅{left}，要求{asked}。',
    remedy: {
      en: 'Lower the amount, or increase what it is taken from.',
      zh: '请减少金额或先增加其来源。',
    },
  },
  OUTSIDE_PURPOSE: {
    code: 13,
    en: 'The money may not be used for {purpose}.',
    zh: '该资金不得用于{purpose}。',
    remedy: { en: 'Use money whose purposes cover this one.', zh: '请使用用途相符的资金。' },
  },
  OUTSIDE_PERIOD: {
    code: 14,
    en: 'It lies outside the period {start} to {end}.',
    zh: '超出期间{start}至{end}。',
    remedy: { en: 'Use money of the right period.', zh: '请使用相应期间的资金。' },
  },
  CURRENCY_DIFFERS: {
    code: 15,
    en: 'The money is in {held}, not in {asked}.',
    zh: '该资金币种为{held}，而非{asked}。',
    remedy: { en: 'Give the amount in the currency of the fund.', zh: '请以资金币种填写金额。' },
  },
  PAYEE_UNCLEAR: {
    code: 16,
    en: 'A payee is an organisation with a name or a person with a blinded identifier.',
    zh: '收款人须为具名机构或盲化个人，二者取一。',
    remedy: { en: 'Give exactly one of the two.', zh: '请只填其中之一。' },
  },
  NOT_PAYEE: {
    code: 17,
    en: 'No signer is the payee.',
    zh: '签署人中没有收款人。',
    remedy: { en: 'Let the payee sign.', zh: '请由收款人签署。' },
  },
  ALREADY_ACKNOWLEDGED: {
    code: 18,
    en: 'The payment has been acknowledged already.',
    zh: '该付款已确认。',
    remedy: { en: 'Nothing to do.', zh: '无需处理。' },
  },
  NOT_DISBURSEMENT: {
    code: 19,
    en: 'This is a credit, not a payment to somebody.',
    zh: '此为冲回，并非对外付款。',
    remedy: { en: 'Name the payment itself.', zh: '请指明付款本身。' },
  },
  CREDIT_UNLINKED: {
    code: 20,
    en: 'A credit must name the payment of this commitment that it reverses.',
    zh: '冲回须指明本承诺下所冲的付款。',
    remedy: { en: 'Give the number of the payment.', zh: '请填写付款编号。' },
  },
  CREDIT_TOO_HIGH: {
    code: 21,
    en: 'Of the payment only {left} is not yet credited, {asked} was asked.',
    zh: '该付款未冲回部分仅{left}，要求{asked}。',
    remedy: { en: 'Lower the amount.', zh: '请减少金额。' },
  },
  OWN_CONTROLLER: {
    code: 22,
    en: 'Money of {holder} is controlled by {holder} itself; it is paid by two organisations.',
    zh: '{holder}的资金由其自身监督；付款须由两个机构签署。',
    remedy: {
      en: 'Return it to the grantor, and open a fund with another controller.',
      zh: '请退回批复机构，并以其他监督机构另行批复。',
    },
  },
  ABOVE_RECORDED: {
    code: 23,
    en: 'The money of {above} is recorded; nothing out of it can be reconstructed.',
    zh: '{above}的资金为机构登记，其下不得推算。',
    remedy: {
      en: 'Take it as recorded, or import into a fund that is reconstructed.',
      zh: '请按机构登记办理，或导入推算的资金。',
    },
  },
  PUBLISHER_OTHER: {
    code: 25,
    en: 'Lines of {publisher} are not imported here: {holder} holds the money, and the fund {fund} names {named} as its publisher.',
    zh: '此处不得导入{publisher}的记录：资金由{holder}持有，资金{fund}指定的发布机构为{named}。',
    remedy: {
      en: 'Name the publisher of the lines; or import into a fund that was appropriated with this publisher.',
      zh: '请核对发布机构；或导入批复时指定该发布机构的资金。',
    },
  },
  PUBLISHER_SILENT: {
    code: 29,
    en: '{publisher} is an organisation of the directory and has not agreed that {holder} imports its lines.',
    zh: '{publisher}为名录内机构，尚未同意由{holder}导入其记录。',
    remedy: {
      en: 'Let one of its budget officers sign, too; or let it keep the money whose lines it publishes.',
      zh: '请由该机构的预算人员一并签署；或由其自行持有所公布的资金。',
    },
  },
  OWED_UNDER_CONTRACTS: {
    code: 24,
    en: 'Of the {left} left contracts are still owed {owed}; {asked} was asked.',
    zh: '余额{left}，合同尚未支付{owed}，要求退回{asked}。',
    remedy: {
      en: 'Return less; or end or amend the contracts, or record what was paid under them.',
      zh: '请减少金额；或终止、变更合同，或将付款登记到合同。',
    },
  },
} as const;

const move = { fund: fundName, amount: openingMoney };
const events = {
  appropriated: { title: { en: 'Money appropriated', zh: '已批复' }, fields: move },
  supplemented: { title: { en: 'Appropriation supplemented', zh: '已追加' }, fields: move },
  lapsed: { title: { en: 'Money returned to the grantor', zh: '已退回批复机构' }, fields: move },
  allocated: {
    title: { en: 'Money allocated', zh: '已拨款' },
    fields: { ...move, allocation: allocationName },
  },
  allocationReturned: {
    title: { en: 'Money returned by an allocation', zh: '拨款已退回' },
    fields: { ...move, allocation: allocationName },
  },
  committed: {
    title: { en: 'Money committed', zh: '已承诺' },
    fields: { ...move, commitment: commitmentName },
  },
  commitmentReturned: {
    title: { en: 'Money returned by a commitment', zh: '承诺已退回' },
    fields: { ...move, commitment: commitmentName },
  },
  disbursed: {
    title: { en: 'Payment made', zh: '已付款' },
    fields: { ...move, commitment: commitmentName, payment: paymentName },
  },
  credited: {
    title: { en: 'Money came back', zh: '已冲回' },
    fields: { ...move, commitment: commitmentName, payment: paymentName },
  },
  acknowledged: {
    title: { en: 'Payment acknowledged', zh: '已确认' },
    fields: { fund: fundName, payment: paymentName },
  },
  corrected: {
    title: { en: 'Payment corrected', zh: '已更正' },
    fields: { fund: fundName, payment: paymentName },
  },
} as const;

export const treasury = defineContract({
  number: 16,
  name: 'treasury',
  version: 1,
  title: { en: 'Treasury', zh: '国库资金' },
  help: {
    en: 'Follows public money from the appropriation to the payee and back.',
    zh: '跟踪公共资金从批复到收款人及退回的全过程。',
  },
  records,
  sums,
  roles,
  failures,
  events,
  uses: { directory },

  actions: {
    appropriate: {
      title: { en: 'Appropriate', zh: '批复预算' },
      help: {
        en: 'The grantor gives; a budget officer of the holder, another person, accepts.',
        zh: '批复机构给予;持有机构的预算官员(须为另一人)接受。',
      },
      by: { role: 'appropriator' },
      approvals: { officers: 2, role: 'budgeter' },
      input: {
        fund: fundName,
        title,
        holder,
        controller: organisation('Controller', '监督机构'),
        amount: openingMoney,
        period,
        purposes,
        basis,
        publisher,
      },
      handler(context, { amount, ...input }) {
        checkAcceptance(context, input.holder);
        checkPublisherAgrees(context, input);
        context.records.appropriation.insert(
          {
            ...input,
            grantor: context.actor.organisation ?? context.actor.identity,
            currency: amount.currency,
            spendBy: input.period.end,
            ...freshNode(amount.minor),
          },
          'FUND_EXISTS',
        );
        context.emit('appropriated', { fund: input.fund, amount });
      },
    },

    supplement: {
      title: { en: 'Supplement an appropriation', zh: '追加预算' },
      help: {
        en: 'Signed by an appropriator and a budget officer of the holder, two persons.',
        zh: '由批复人与持有机构预算官员共同签署,须为两人。',
      },
      by: { role: 'appropriator' },
      approvals: { officers: 2, role: 'budgeter' },
      discretion: true,
      input: { fund, amount: money, reason: field.reason() },
      handler(context, { fund, amount }) {
        const row = context.records.appropriation.need({ fund }, 'FUND_UNKNOWN');
        checkAcceptance(context, row.holder);
        checkCurrency(context, row, amount);
        context.records.appropriation.put(enlarged(row, amount.minor));
        context.emit('supplemented', { fund, amount });
      },
    },

    lapse: {
      title: { en: 'Return to the grantor', zh: '退回批复机构' },
      by: { role: 'budgeter' },
      input: { fund, amount: money },
      handler(context, { fund, amount }) {
        const row = context.records.appropriation.need({ fund }, 'FUND_UNKNOWN');
        checkHolder(context, row);
        checkLeft(context, row, amount);
        context.records.appropriation.put(handedBack(row, amount.minor));
        context.emit('lapsed', { fund, amount });
      },
    },

    allocate: {
      title: { en: 'Allocate', zh: '拨款' },
      help: {
        en: 'Out of an appropriation (by the name of the fund) or an allocation, to any depth.',
        zh: '由批复（填资金名）或拨款再下拨，层级不限。',
      },
      by: { role: 'budgeter' },
      input: {
        fund,
        parent: field.slug({ en: 'Out of', zh: '来自' }),
        allocation: allocationName,
        title,
        holder,
        amount: openingMoney,
        period: field.optional(period),
        purposes,
        basis,
        ...importedLine,
      },
      handler(context, { amount, source, ...input }) {
        checkNewLine(context, source);
        const parent = needNode(context, input.fund, input.parent);
        const period = input.period ?? parent.period;
        checkHolder(context, parent);
        checkPublisher(context, parent, source);
        checkBasis(context, parent, input.basis);
        checkLeft(context, parent, amount);
        checkTerms(context, parent, { purposes: input.purposes, period });
        context.check(input.allocation !== input.fund, 'ALLOCATION_EXISTS');
        const bound = { currency: parent.currency, controller: parent.controller };
        const row = { ...input, ...bound, period, spendBy: period.end, ...freshNode(amount.minor) };
        context.records.allocation.insert(row, 'ALLOCATION_EXISTS');
        putNode(context, passedOn(parent, 'allocated', amount.minor));
        const { fund, allocation } = input;
        keepLine(context, source, { fund, action: 'allocate', name: allocation, amount });
        context.emit('allocated', { fund, amount, allocation });
      },
    },

    increaseAllocation: {
      title: { en: 'Increase an allocation', zh: '增加拨款' },
      by: { role: 'budgeter' },
      discretion: true,
      input: { fund, allocation: allocationName, amount: money, reason: field.reason() },
      handler(context, { fund, allocation, amount }) {
        const row = context.records.allocation.need({ fund, allocation }, 'ALLOCATION_UNKNOWN');
        const parent = needNode(context, fund, row.parent);
        checkHolder(context, parent);
        checkLeft(context, parent, amount);
        context.records.allocation.put(enlarged(row, amount.minor));
        putNode(context, passedOn(parent, 'allocated', amount.minor));
        context.emit('allocated', { fund, amount, allocation });
      },
    },

    returnAllocation: {
      title: { en: 'Return allocated money', zh: '退回拨款' },
      by: { role: 'budgeter' },
      input: { fund, allocation: allocationName, amount: money },
      handler(context, { fund, allocation, amount }) {
        const row = context.records.allocation.need({ fund, allocation }, 'ALLOCATION_UNKNOWN');
        checkHolder(context, row);
        checkLeft(context, row, amount);
        context.records.allocation.put(handedBack(row, amount.minor));
        const parent = needNode(context, fund, row.parent);
        putNode(context, passedOn(parent, 'allocated', -amount.minor));
        context.emit('allocationReturned', { fund, amount, allocation });
      },
    },

    commit: {
      title: { en: 'Commit', zh: '支出承诺' },
      help: { en: 'Sets money aside for one payee.', zh: '为某一收款人预留资金。' },
      by: { role: 'budgeter' },
      input: {
        fund,
        allocation: field.slug({ en: 'Out of', zh: '来自' }),
        commitment: commitmentName,
        title,
        payee,
        amount: openingMoney,
        period: field.optional(period),
        purposes,
        basis,
        ...importedLine,
      },
      handler(context, { amount, source, ...input }) {
        checkNewLine(context, source);
        const parent = needNode(context, input.fund, input.allocation);
        const period = input.period ?? parent.period;
        checkHolder(context, parent);
        checkPublisher(context, parent, source);
        checkBasis(context, parent, input.basis);
        checkLeft(context, parent, amount);
        checkTerms(context, parent, { purposes: input.purposes, period });
        checkPayee(context, input.payee);
        if (!isPaidElsewhere(input, source)) checkController(context, parent);
        const { holder, controller, currency } = parent;
        const bound = { holder, controller, currency, period, spendBy: period.end };
        const row = { ...input, ...bound, ...freshCommitment(amount.minor) };
        context.records.commitment.insert(row, 'COMMITMENT_EXISTS');
        putNode(context, passedOn(parent, 'committed', amount.minor));
        const { fund, commitment } = input;
        keepLine(context, source, { fund, action: 'commit', name: commitment, amount });
        context.emit('committed', { fund, amount, commitment });
      },
    },

    increaseCommitment: {
      title: { en: 'Increase a commitment', zh: '增加承诺' },
      by: { role: 'budgeter' },
      discretion: true,
      input: {
        fund,
        commitment: commitmentName,
        amount: money,
        reason: field.reason(),
        ...importedLine,
      },
      handler(context, { fund, commitment, amount, source }) {
        checkNewLine(context, source);
        const row = context.records.commitment.need({ fund, commitment }, 'COMMITMENT_UNKNOWN');
        const parent = needNode(context, fund, row.allocation);
        checkHolder(context, parent);
        checkPublisher(context, row, source);
        checkLeft(context, parent, amount);
        putCommitment(context, enlarged(row, amount.minor));
        putNode(context, passedOn(parent, 'committed', amount.minor));
        const action = 'increaseCommitment';
        keepLine(context, source, { fund, action, name: commitment, amount });
        context.emit('committed', { fund, amount, commitment });
      },
    },

    returnCommitment: {
      title: { en: 'Return committed money', zh: '退回承诺资金' },
      by: { role: 'budgeter' },
      input: { fund, commitment: commitmentName, amount: money, ...importedLine },
      handler(context, { fund, commitment, amount, source }) {
        checkNewLine(context, source);
        const row = context.records.commitment.need({ fund, commitment }, 'COMMITMENT_UNKNOWN');
        checkHolder(context, row);
        checkPublisher(context, row, source);
        checkLeft(context, row, amount);
        const { left } = row;
        const owed = owedOf(row);
        const facts = { left, owed, asked: amount.minor };
        context.check(amount.minor <= left - owed, 'OWED_UNDER_CONTRACTS', facts);
        putCommitment(context, handedBack(row, amount.minor));
        const parent = needNode(context, fund, row.allocation);
        putNode(context, passedOn(parent, 'committed', -amount.minor));
        const action = 'returnCommitment';
        keepLine(context, source, { fund, action, name: commitment, amount });
        context.emit('commitmentReturned', { fund, amount, commitment });
      },
    },

    owe: {
      title: { en: 'Say what contracts are owed', zh: '登记合同尚未支付额' },
      help: {
        en: 'All contracts of a commitment together, whenever one is signed, changed, paid or ended; and which payment or credit a contract counts from now on.',
        zh: '支出承诺下各合同合计；签订、变更、付款、终止时登记,并注明合同自此计入的付款或冲回。',
      },
      by: 'contract',
      callers: ['procurement'],
      input: {
        fund,
        commitment: commitmentName,
        amount: openingMoney,
        payment: field.optional(paymentName),
      },
      handler(context, { fund, commitment, amount, payment }) {
        const row = context.records.commitment.need({ fund, commitment }, 'COMMITMENT_UNKNOWN');
        checkCurrency(context, row, amount);
        const more = payment === undefined ? 0n : countPayment(context, { fund, payment });
        putCommitment(context, withGivenBack({ ...row, owed: amount.minor }, more));
      },
    },

    disburse: {
      title: { en: 'Pay', zh: '付款' },
      help: {
        en: 'Signed by a paying officer of the holder and an officer of the controller, two organisations unless it was paid elsewhere and is imported.',
        zh: '由持有机构付款官员与监督机构官员共同签署；除导入他处已付之款外，须为两个机构。',
      },
      by: { role: 'payer' },
      approvals: { officers: 2, role: 'controller' },
      guarded: true,
      input: {
        fund,
        commitment: commitmentName,
        payment: paymentName,
        amount: money,
        date,
        purpose,
        description: field.optional(description),
        acknowledgeBy: field.optional(field.date({ en: 'To be acknowledged by', zh: '确认期限' })),
        ...importedLine,
      },
      handler(context, input) {
        const { fund, commitment, payment, amount, date } = input;
        const row = context.records.commitment.need({ fund, commitment }, 'COMMITMENT_UNKNOWN');
        checkFourEyes(context, row);
        if (!isPaidElsewhere(row, input.source)) checkController(context, row);
        checkNew(context, input);
        checkPublisher(context, row, input.source);
        checkLeft(context, row, amount);
        checkTerms(context, row, { purposes: [input.purpose], period: { start: date, end: date } });
        const { payee } = row;
        const paid = {
          ...input,
          kind: 'disbursement',
          payee,
          status: 'paid',
          reversed: 0n,
        } as const;
        insertPayment(context, row, paid);
        putCommitment(context, paidOut(row, amount.minor));
        context.emit('disbursed', { fund, amount, commitment, payment });
      },
    },

    credit: {
      title: { en: 'Credit', zh: '冲回' },
      help: {
        en: 'Money that came back from the payee; it can be spent again under the same commitment. Signed by a paying officer of the holder and an officer of the controller.',
        zh: '收款人退回的资金，可在同一承诺下再次支用。由持有机构付款官员与监督机构官员共同签署。',
      },
      by: { role: 'payer' },
      approvals: { officers: 2, role: 'controller' },
      guarded: true,
      input: {
        fund,
        commitment: commitmentName,
        payment: paymentName,
        reverses: field.optional(field.identifier({ en: 'Credit for', zh: '冲回的付款' })),
        amount: money,
        date,
        purpose,
        description: field.optional(description),
        ...importedLine,
      },
      handler(context, input) {
        const { fund, commitment, payment, amount } = input;
        const row = context.records.commitment.need({ fund, commitment }, 'COMMITMENT_UNKNOWN');
        checkFourEyes(context, row);
        checkNew(context, input);
        checkPublisher(context, row, input.source);
        checkCurrency(context, row, amount);
        checkPurposes(context, row.purposes, [input.purpose]);
        const reversed = reverse(context, row, input);
        const { payee } = row;
        const credit = {
          ...input,
          kind: 'credit',
          payee,
          status: 'credited',
          reversed: 0n,
        } as const;
        insertPayment(context, row, credit);
        const more = reversed?.counted === true ? amount.minor : 0n;
        putCommitment(context, withGivenBack(creditedBack(row, amount.minor), more));
        context.emit('credited', { fund, amount, commitment, payment });
      },
    },

    acknowledge: {
      title: { en: 'Acknowledge a payment', zh: '确认收款' },
      help: { en: 'Signed by the payee.', zh: '由收款人签署。' },
      by: 'anyone',
      input: { fund, payment: paymentName },
      handler(context, { fund, payment }) {
        const row = context.records.payment.need({ fund, payment }, 'PAYMENT_UNKNOWN');
        context.check(row.kind === 'disbursement', 'NOT_DISBURSEMENT');
        context.check(row.status === 'paid', 'ALREADY_ACKNOWLEDGED');
        context.check(isSignedByPayee(context, row.payee), 'NOT_PAYEE');
        context.records.payment.put({ ...row, status: 'acknowledged' });
        context.emit('acknowledged', { fund, payment });
      },
    },

    correct: {
      title: { en: 'Correct a payment', zh: '更正付款' },
      help: {
        en: 'Purpose, date or description; an amount is corrected by a credit and a new payment. Signed as the payment was.',
        zh: '更正用途、日期或说明；金额须以冲回并重新付款更正。签署同付款。',
      },
      by: { role: 'payer' },
      approvals: { officers: 2, role: 'controller' },
      discretion: true,
      input: { fund, payment: paymentName, date, purpose, description, reason: field.reason() },
      handler(context, { fund, payment, date, purpose, description }) {
        const row = context.records.payment.need({ fund, payment }, 'PAYMENT_UNKNOWN');
        const { commitment } = row;
        const owner = context.records.commitment.need({ fund, commitment }, 'COMMITMENT_UNKNOWN');
        checkFourEyes(context, owner);
        checkPurposes(context, owner.purposes, [purpose]);
        if (row.kind === 'credit') checkBegun(context, owner, date);
        else checkPeriod(context, owner, { start: date, end: date });
        context.records.payment.put({ ...row, date, purpose, description });
        context.emit('corrected', { fund, payment });
      },
    },

    keepFiles: {
      ...KEEP_FILES_WORDS,
      by: { role: 'budgeter', organisation: 'holder' },
      input: { ...fileKey, ...filePart },
      handler(context, input) {
        const { part: index, parts } = input;
        context.check(index < parts, 'FILE_PART_OUTSIDE', { part: index, parts });
        context.records.filePart.insert(input, 'FILE_PART_EXISTS');
      },
    },
  },

  invariants: {
    allocationBasis: {
      title: { en: 'Recorded money is allocated as recorded', zh: '登记资金之下拨款均为登记' },
      record: 'allocation',
      holds: ({ before, after }, { records }) =>
        after !== undefined &&
        (after.basis === before?.basis || isBasisKept(records, after, after.parent)),
    },
    commitmentBasis: {
      title: { en: 'Recorded money is committed as recorded', zh: '登记资金之下承诺均为登记' },
      record: 'commitment',
      holds: ({ before, after }, { records }) =>
        after !== undefined &&
        (after.basis === before?.basis || isBasisKept(records, after, after.allocation)),
    },
    paymentBasis: {
      title: { en: 'Recorded money is not paid elsewhere', zh: '登记资金不得在他处支付' },
      record: 'payment',
      holds: ({ after }, { records }) =>
        after !== undefined &&
        (after.recorded !== undefined || records.commitment.get(after)?.basis === 'reconstructed'),
    },
    creditsBacked: {
      title: {
        en: 'Of recorded money no more comes back than was spent',
        zh: '登记资金冲回不超过支出',
      },
      record: 'commitment',
      holds: ({ after }) =>
        after !== undefined && (after.basis === 'reconstructed' || after.credited <= after.spent),
    },
    appropriationBound: {
      title: { en: 'What binds an appropriation stays', zh: '批复之约束不变' },
      record: 'appropriation',
      holds: ({ before, after }) =>
        after !== undefined && (before === undefined || isBoundAsBefore(before, after)),
    },
    allocationEarmarked: {
      title: { en: 'An allocation is bound by what it is taken from', zh: '拨款受其来源约束' },
      record: 'allocation',
      holds: ({ before, after }, { records }) =>
        after !== undefined &&
        isEarmarkKept(before, after, () => nodeAt(records, after.fund, after.parent)) &&
        (before === undefined ||
          (after.parent === before.parent && after.holder === before.holder)),
    },
    commitmentEarmarked: {
      title: { en: 'A commitment is bound by what it is taken from', zh: '承诺受其来源约束' },
      record: 'commitment',
      holds({ before, after }, { records }) {
        if (after === undefined) return false;
        const above = () => nodeAt(records, after.fund, after.allocation);
        if (!isEarmarkKept(before, after, above)) return false;
        if (before === undefined) return after.holder === above()?.holder;
        return (
          after.allocation === before.allocation &&
          after.holder === before.holder &&
          isSamePayee(after.payee, before.payee)
        );
      },
    },
    paymentEarmarked: {
      title: {
        en: 'A payment keeps to payee, purposes, period and currency of its commitment',
        zh: '付款须合承诺之收款人、用途、期间与币种',
      },
      record: 'payment',
      holds({ after }, { records }) {
        const owner = after && records.commitment.get(after);
        return after !== undefined && owner !== undefined && isPaidWithin(owner, after);
      },
    },
    allocationsTaken: {
      title: { en: 'What allocations received was taken from above', zh: '下级拨款均自上级扣减' },
      sum: 'allocated',
      holds: ({ key }, face) => isAllocatedAbove(face, key),
    },
    allocationsGivenBack: {
      title: { en: 'What allocations returned is back above', zh: '下级拨款退回均归上级' },
      sum: 'allocatedBack',
      holds: ({ key }, face) => isAllocatedAbove(face, key),
    },
    commitmentsTaken: {
      title: { en: 'What commitments received was taken from above', zh: '承诺均自上级扣减' },
      sum: 'committed',
      holds: ({ key }, face) => isCommittedAbove(face, key),
    },
    commitmentsGivenBack: {
      title: { en: 'What commitments returned is back above', zh: '承诺退回均归上级' },
      sum: 'committedBack',
      holds: ({ key }, face) => isCommittedAbove(face, key),
    },
    paymentsCounted: {
      title: { en: 'Payments are taken from their commitment', zh: '付款均自承诺扣减' },
      sum: 'paid',
      holds({ total, key }, { records }) {
        const { fund, commitment, currency, kind } = key;
        const owner = records.commitment.get({ fund: `${fund}`, commitment: `${commitment}` });
        if (owner === undefined || owner.currency !== currency) return false;
        return total === (kind === 'credit' ? owner.credited : owner.spent);
      },
    },
    appropriationConserved: {
      title: { en: 'An appropriation neither gains nor loses money', zh: '批复资金收支平衡' },
      record: 'appropriation',
      holds: ({ after }, { sums }) =>
        after !== undefined && isConserved(after) && isPassedOn(after, after.fund, sums),
    },
    allocationConserved: {
      title: { en: 'An allocation neither gains nor loses money', zh: '拨款收支平衡' },
      record: 'allocation',
      holds: ({ after }, { sums }) =>
        after !== undefined && isConserved(after) && isPassedOn(after, after.allocation, sums),
    },
    commitmentCovered: {
      title: { en: 'A commitment says whether it covers what is owed', zh: '承诺如实反映欠付保障' },
      record: 'commitment',
      holds: ({ after }) => after !== undefined && after.cover === coverOf(after),
    },
    commitmentConserved: {
      title: { en: 'A commitment pays what its payments say', zh: '承诺支出与付款一致' },
      record: 'commitment',
      holds({ after }, { sums }) {
        if (after === undefined) return false;
        const { fund, commitment, currency } = after;
        const key = { fund, commitment, currency };
        return (
          after.received + after.credited === after.spent + after.returned + after.left &&
          after.spent === sums.paid.get({ ...key, kind: 'disbursement' }).total &&
          after.credited === sums.paid.get({ ...key, kind: 'credit' }).total &&
          (after.status === 'open') === after.left > 0n
        );
      },
    },
  },

  queries: {
    allocations: {
      title: { en: 'Allocations of a fund', zh: '资金的拨款' },
      record: 'allocation',
      by: ['fund'],
    },
    commitments: {
      title: { en: 'Commitments of a fund', zh: '资金的承诺' },
      record: 'commitment',
      by: ['fund'],
    },
    shortCommitments: {
      title: { en: 'Commitments that owe more than is left', zh: '欠付高于余额的承诺' },
      record: 'commitment',
      where: { field: 'cover', is: ['short'] },
    },
    payments: {
      title: { en: 'Payments of a fund', zh: '资金的付款' },
      record: 'payment',
      by: ['fund'],
    },
    overdueAppropriations: {
      title: { en: 'Appropriations unspent after their period', zh: '逾期未用的批复' },
      record: 'appropriation',
      overdue: 'spendBy',
    },
    overdueAllocations: {
      title: { en: 'Allocations unspent after their period', zh: '逾期未用的拨款' },
      record: 'allocation',
      by: ['fund'],
      overdue: 'spendBy',
    },
    overdueCommitments: {
      title: { en: 'Commitments unspent after their period', zh: '逾期未付的承诺' },
      record: 'commitment',
      by: ['fund'],
      overdue: 'spendBy',
    },
    unacknowledged: {
      title: { en: 'Payments not acknowledged in time', zh: '逾期未确认的付款' },
      record: 'payment',
      by: ['fund'],
      overdue: 'acknowledgeBy',
    },
  },
});

// Helpers: checks end the transaction by themselves, the others build the next version of a row.

type Books = Context<
  typeof records,
  typeof failures,
  typeof events,
  keyof typeof roles,
  Readonly<Record<never, never>>,
  typeof sums,
  { readonly directory: typeof directory }
>;
type Appropriation = RowOf<typeof records.appropriation>;
type Allocation = RowOf<typeof records.allocation>;
type Commitment = RowOf<typeof records.commitment>;
type Payment = RowOf<typeof records.payment>;
type Node = Appropriation | Allocation;
type Sums = Books['sums'];
type Basis = Node['basis'];
type NodeReaders = {
  readonly [K in 'appropriation' | 'allocation']: Pick<Books['records'][K], 'get'>;
};

/** The appropriation under the name of the fund, else an allocation. */
function needNode(context: Books, fund: string, name: string): Node {
  return name === fund
    ? context.records.appropriation.need({ fund }, 'FUND_UNKNOWN')
    : context.records.allocation.need({ fund, allocation: name }, 'ALLOCATION_UNKNOWN');
}

/** The same row as an invariant finds it. */
function nodeAt(
  { appropriation, allocation }: NodeReaders,
  fund: string,
  name: string,
): Node | undefined {
  return name === fund ? appropriation.get({ fund }) : allocation.get({ fund, allocation: name });
}

function putNode(context: Books, row: Node): void {
  if ('allocation' in row) {
    context.records.allocation.put(row);
  } else {
    context.records.appropriation.put(row);
  }
}

function putCommitment(context: Books, row: Commitment): void {
  context.records.commitment.put({ ...row, cover: coverOf(row) });
}

/** Undefined where no contract is paid out of the commitment. */
function coverOf(row: Commitment): Commitment['cover'] {
  if (row.owed === undefined) return undefined;
  return owedOf(row) > row.left ? 'short' : 'covered';
}

/** What came back of a payment is owed again, also before the contract that counts it says so. */
function owedOf({ owed = 0n, givenBack = 0n }: Commitment): bigint {
  return owed + givenBack;
}

function withGivenBack(row: Commitment, more: bigint): Commitment {
  const givenBack = (row.givenBack ?? 0n) + more;
  return { ...row, givenBack: givenBack === 0n ? undefined : givenBack };
}

/** From now on a contract counts a payment, or a credit. @returns how much more came back unrecorded */
function countPayment(
  context: Books,
  key: { readonly fund: string; readonly payment: string },
): bigint {
  const row = context.records.payment.need(key, 'PAYMENT_UNKNOWN');
  context.records.payment.put({ ...row, counted: true });
  return row.kind === 'credit' ? -row.amount.minor : row.reversed;
}

/** The one who gives is the actor; another officer must accept for the organisation that holds. */
function checkAcceptance(context: Books, holder: string): void {
  const accepting = context.entitled({ role: 'budgeter', organisation: holder });
  const first = 'treasury.appropriator';
  context.check(
    accepting.some(({ identity }) => identity !== context.actor.identity),
    'FOUR_EYES',
    { first, second: `treasury.budgeter (${holder})` },
  );
}

function checkHolder(context: Books, { holder }: { readonly holder: string }): void {
  const entitled = context.entitled({ role: 'budgeter', organisation: holder });
  context.check(entitled.length > 0, 'NOT_HOLDER', { holder });
}

/**
 * Whether a line was paid elsewhere, so that what holds for payments of this ledger does not bind it.
 * Among recorded money its source is only a reference: no payer passes a control by naming one.
 * @param row what the line is of: the commitment that is opened or pays
 */
export function isPaidElsewhere(
  row: { readonly basis: Basis },
  source: object | undefined,
): boolean {
  return row.basis === 'reconstructed' && source !== undefined;
}

/** What is taken out of recorded money is recorded, down to the payment. */
function checkBasis(context: Books, above: Node, basis: Basis): void {
  const facts = { above: 'allocation' in above ? above.allocation : above.fund };
  const isKept = basis === 'recorded' || above.basis === 'reconstructed';
  context.check(isKept, 'ABOVE_RECORDED', facts);
}

/** The rule of `checkBasis`, judged by the rows themselves. */
function isBasisKept(
  readers: NodeReaders,
  { basis, fund }: Allocation | Commitment,
  parent: string,
): boolean {
  if (basis === 'recorded') return true;
  return nodeAt(readers, fund, parent)?.basis === 'reconstructed';
}

/** Only what was paid elsewhere, and is imported, may have had no controller but its holder. */
function checkController(
  context: Books,
  { holder, controller }: Pick<Node, 'holder' | 'controller'>,
) {
  context.check(holder !== controller, 'OWN_CONTROLLER', { holder });
}

/** Two persons; that they are of two organisations follows from whom they sign for. */
function checkFourEyes(context: Books, { holder, controller }: Commitment): void {
  const payers = context.entitled({ role: 'payer', organisation: holder });
  const controllers = context.entitled({ role: 'controller', organisation: controller });
  context.check(
    payers.some((payer) => controllers.some(({ identity }) => identity !== payer.identity)),
    'FOUR_EYES',
    { first: `treasury.payer (${holder})`, second: `treasury.controller (${controller})` },
  );
}

function checkCurrency(context: Books, row: Pick<Node, 'currency'>, amount: Money): void {
  const facts = { held: row.currency, asked: amount.currency };
  context.check(amount.currency === row.currency, 'CURRENCY_DIFFERS', facts);
}

function checkLeft(context: Books, row: Pick<Node, 'currency' | 'left'>, amount: Money): void {
  checkCurrency(context, row, amount);
  const facts = { left: row.left, asked: amount.minor };
  context.check(amount.minor <= row.left, 'NOT_ENOUGH', facts);
}

interface Narrower {
  readonly purposes: readonly string[];
  readonly period: Period;
}

/** Purposes and period may become narrower on the way down, never wider. */
function checkTerms(context: Books, above: Narrower, { purposes, period }: Narrower): void {
  checkPurposes(context, above.purposes, purposes);
  checkPeriod(context, above, period);
}

function checkPeriod(
  context: Books,
  { period: { start, end } }: Pick<Narrower, 'period'>,
  inner: Period,
): void {
  context.check(isPeriodInside({ start, end }, inner), 'OUTSIDE_PERIOD', { start, end });
}

/** Money may come back after the period, never before it. */
function checkBegun(
  context: Books,
  { period: { start, end } }: Pick<Narrower, 'period'>,
  date: string,
): void {
  context.check(start <= date, 'OUTSIDE_PERIOD', { start, end });
}

function checkPurposes(context: Books, allowed: readonly string[], asked: readonly string[]): void {
  const outside = purposeOutside(allowed, asked);
  context.check(outside === undefined, 'OUTSIDE_PURPOSE', { purpose: outside ?? '' });
}

type Payee = Commitment['payee'];

function checkPayee(context: Books, { name, organisation, person }: Payee): void {
  const isPerson = person !== undefined && name === undefined && organisation === undefined;
  const isOrganisation = person === undefined && name !== undefined;
  context.check(isPerson || isOrganisation, 'PAYEE_UNCLEAR');
}

function isSignedByPayee({ signers }: Books, { organisation, key }: Payee): boolean {
  return signers.some(
    (signer) =>
      (organisation !== undefined && signer.organisation === organisation) ||
      (key !== undefined && signer.publicKey !== undefined && equalBytes(signer.publicKey, key)),
  );
}

type ImportedLine = Infer<typeof imported>;

interface Line {
  readonly fund: string;
  readonly payment: string;
  readonly amount: Money;
  readonly date: string;
  readonly reverses?: string | undefined;
  readonly source?: ImportedLine | undefined;
}

/** A publisher's line is imported once, in whatever fund; that is judged before the money. */
function checkNewLine(context: Books, line: ImportedLine | undefined): void {
  const { source } = context.records;
  context.check(line === undefined || !source.has(line), 'ALREADY_IMPORTED');
}

/** A line is the holder's own, or of the publisher for whom the fund was appropriated. */
function checkPublisher(
  context: Books,
  { fund, holder }: Pick<Commitment, 'fund' | 'holder'>,
  line: ImportedLine | undefined,
): void {
  if (line === undefined || line.publisher === holder) return;
  const { publisher = '-' } = context.records.appropriation.need({ fund }, 'FUND_UNKNOWN');
  const facts = { publisher: line.publisher, holder, fund, named: publisher };
  context.check(line.publisher === publisher, 'PUBLISHER_OTHER', facts);
}

/** Nobody takes the place of a member's lines before it imports them itself. */
function checkPublisherAgrees(
  context: Books,
  { publisher, holder }: { readonly publisher?: string | undefined; readonly holder: string },
): void {
  const concerned = [context.actor.organisation, holder];
  if (publisher === undefined || concerned.includes(publisher)) return;
  if (!context.contracts.directory.records.organisation.has({ slug: publisher })) return;
  const agreeing = context.entitled({ role: 'budgeter', organisation: publisher });
  context.check(agreeing.length > 0, 'PUBLISHER_SILENT', { publisher, holder });
}

/** Keeps under the publisher's identity what became of a line. */
function keepLine(
  context: Books,
  line: ImportedLine | undefined,
  became: Omit<RowOf<typeof records.source>, keyof typeof identity | 'details'>,
): void {
  if (line !== undefined) {
    context.records.source.insert({ ...line, ...became }, 'ALREADY_IMPORTED');
  }
}

function checkNew(context: Books, { fund, payment, source }: Line): void {
  checkNewLine(context, source);
  context.check(!context.records.payment.has({ fund, payment }), 'PAYMENT_EXISTS');
}

type PaymentLine = Omit<Payment, 'source' | 'recorded'> & Pick<Line, 'source'>;

function insertPayment(
  context: Books,
  commitment: Commitment,
  { source: line, ...row }: PaymentLine,
): void {
  const { fund, payment: name, amount, kind } = row;
  const action = kind === 'credit' ? 'credit' : 'disburse';
  const recorded = isPaidElsewhere(commitment, line) ? undefined : context.timestampMs;
  const origin = {
    ...(recorded !== undefined && { recorded }),
    ...(line !== undefined && identityOf(line)),
  };
  context.records.payment.insert({ ...row, ...origin }, 'PAYMENT_EXISTS');
  keepLine(context, line, { fund, action, name, amount });
}

function identityOf({ details: _, ...source }: ImportedLine): Pick<Payment, 'source'> {
  return { source };
}

/**
 * Takes a credit off its payment. Only where the budget itself was reconstructed it may have none.
 * @returns the payment as it was
 */
function reverse(
  context: Books,
  row: Commitment,
  { fund, reverses, amount, date }: Line,
): Payment | undefined {
  checkBegun(context, row, date);
  if (reverses === undefined) {
    context.check(row.basis === 'reconstructed', 'CREDIT_UNLINKED');
    return undefined;
  }
  const paid = context.records.payment.need({ fund, payment: reverses }, 'PAYMENT_UNKNOWN');
  context.check(paid.commitment === row.commitment, 'CREDIT_UNLINKED');
  context.check(paid.kind === 'disbursement', 'NOT_DISBURSEMENT');
  const left = paid.amount.minor - paid.reversed;
  context.check(amount.minor <= left, 'CREDIT_TOO_HIGH', { left, asked: amount.minor });
  context.records.payment.put({ ...paid, reversed: paid.reversed + amount.minor });
  return paid;
}

function freshNode(received: bigint) {
  const none = { allocated: 0n, committed: 0n, returned: 0n };
  return { ...none, status: statusOf(received), received, left: received };
}

function freshCommitment(received: bigint) {
  const none = { spent: 0n, credited: 0n, returned: 0n };
  return { ...none, status: statusOf(received), received, left: received };
}

const statusOf = (left: bigint): 'open' | 'empty' => (left > 0n ? 'open' : 'empty');

function withLeft<T extends { readonly left: bigint }>(row: T, change: bigint) {
  const left = row.left + change;
  return { ...row, left, status: statusOf(left) };
}

function enlarged<T extends { readonly left: bigint; readonly received: bigint }>(
  row: T,
  amount: bigint,
) {
  return { ...withLeft(row, amount), received: row.received + amount };
}

function handedBack<T extends { readonly left: bigint; readonly returned: bigint }>(
  row: T,
  amount: bigint,
) {
  return { ...withLeft(row, -amount), returned: row.returned + amount };
}

/** A negative amount is money that comes back from below. */
function passedOn(row: Node, to: 'allocated' | 'committed', amount: bigint): Node {
  return { ...withLeft(row, -amount), [to]: row[to] + amount };
}

function paidOut(row: Commitment, amount: bigint): Commitment {
  return { ...withLeft(row, -amount), spent: row.spent + amount };
}

function creditedBack(row: Commitment, amount: bigint): Commitment {
  return { ...withLeft(row, amount), credited: row.credited + amount };
}

function isConserved({ received, allocated, committed, returned, left, status }: Node): boolean {
  return received === allocated + committed + returned + left && status === statusOf(left);
}

/** What a row says it passed on is what the rows below it received and did not return. */
function isPassedOn({ fund, allocated, committed }: Node, name: string, sums: Sums): boolean {
  return (
    allocated === allocatedBelow(sums, fund, name) && committed === committedBelow(sums, fund, name)
  );
}

function allocatedBelow(sums: Sums, fund: string, parent: string): bigint {
  const key = { fund, parent };
  return sums.allocated.get(key).total - sums.allocatedBack.get(key).total;
}

function committedBelow(sums: Sums, fund: string, allocation: string): bigint {
  const key = { fund, allocation };
  return sums.committed.get(key).total - sums.committedBack.get(key).total;
}

interface Face {
  readonly records: NodeReaders;
  readonly sums: Sums;
}
type SumKey = Readonly<Record<string, unknown>>;

/** The same from below: a row above that a handler left alone is judged by what was taken from it. */
function isAllocatedAbove({ records, sums }: Face, key: SumKey): boolean {
  const [fund, parent] = [`${key.fund}`, `${key.parent}`];
  return nodeAt(records, fund, parent)?.allocated === allocatedBelow(sums, fund, parent);
}

function isCommittedAbove({ records, sums }: Face, key: SumKey): boolean {
  const [fund, allocation] = [`${key.fund}`, `${key.allocation}`];
  return nodeAt(records, fund, allocation)?.committed === committedBelow(sums, fund, allocation);
}

/** A row is as narrow as what it is taken from when it is opened, and bound as before ever after. */
function isEarmarkKept(
  before: Allocation | Commitment | undefined,
  after: Allocation | Commitment,
  above: () => Node | undefined,
): boolean {
  if (before !== undefined) return isBoundAsBefore(before, after);
  const from = above();
  return from !== undefined && isWithin(from, after);
}

/** Money may come back after the period, never before it. */
function isPaidWithin(owner: Commitment, payment: Payment): boolean {
  const { kind, date, amount, purpose, payee, reversed } = payment;
  const { start, end } = owner.period;
  return (
    amount.currency === owner.currency &&
    reversed <= amount.minor &&
    start <= date &&
    (kind === 'credit' || date <= end) &&
    purposeOutside(owner.purposes, [purpose]) === undefined &&
    isSamePayee(payee, owner.payee)
  );
}
