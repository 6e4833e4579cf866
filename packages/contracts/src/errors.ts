/**
 * Failures of the engine. Those with a receipt number end a transaction and are part of the
 * protocol: a number is never reused, its text is not hashed. `{name}` in a text stands for a fact.
 * Contracts declare their own failures, with numbers from contract number * 1000 on.
 */
import { defineErrors } from '@daybook/core';

export const CONTRACTS_ERRORS = defineErrors({
  CONTRACTS_CONTRACT_UNKNOWN: {
    receipt: 1,
    status: 404,
    summary: 'There is no active contract {contract}.',
    remedy: 'Choose one of the contracts that the manifest lists.',
    zh: { summary: '没有启用的合约{contract}。', remedy: '请选用清单中列出的合约。' },
  },
  CONTRACTS_ACTION_UNKNOWN: {
    receipt: 2,
    status: 404,
    summary: 'The contract {contract} has no action {action}.',
    remedy: 'Choose one of the actions that the manifest lists for this contract.',
    zh: { summary: '合约{contract}没有操作{action}。', remedy: '请选用清单中该合约的操作。' },
  },
  CONTRACTS_INPUT_INVALID: {
    receipt: 3,
    status: 422,
    summary: 'The input has faults; the first is at {pointer}: expected {expected}, found {found}.',
    remedy: 'Mend every field that is listed and submit again.',
    zh: {
      summary: '输入有误,首处在{pointer}:应为{expected},实为{found}。',
      remedy: '请改正所列各字段后重新提交。',
    },
  },
  CONTRACTS_FIELD_MISSING: {
    receipt: 25,
    status: 422,
    summary: 'A field that is needed is missing: {pointer} is {expected}.',
    remedy: 'Add every field that is listed and submit again.',
    zh: {
      summary: '缺少必填字段{pointer}:应为{expected}。',
      remedy: '请补充所列各字段后重新提交。',
    },
  },
  CONTRACTS_FIELD_UNKNOWN: {
    receipt: 26,
    status: 422,
    summary: 'There is a field that the action does not know, {pointer}: expected {expected}.',
    remedy: 'Remove or rename the field; the schema of the action lists all fields.',
    zh: {
      summary: '{pointer}不是该操作的字段:{expected}。',
      remedy: '请删除或更名此字段;操作的模式列出了全部字段。',
    },
  },
  CONTRACTS_FIELD_RANGE: {
    receipt: 27,
    status: 422,
    summary: 'A value is outside its bounds, {pointer}: expected {expected}, found {found}.',
    remedy: 'Choose a value within the bounds and submit again.',
    zh: {
      summary: '{pointer}的值超出范围:应为{expected},实为{found}。',
      remedy: '请改为范围内的值后重新提交。',
    },
  },
  CONTRACTS_KEY_UNKNOWN: {
    receipt: 4,
    status: 403,
    summary: 'The signing key is not registered for {identity}.',
    remedy: 'Sign with a key that the directory holds for this identity, or have the key added.',
    zh: {
      summary: '签名密钥未登记在{identity}名下。',
      remedy: '请用名录中该身份的密钥签名,或先登记此密钥。',
    },
  },
  CONTRACTS_KEY_INVALID: {
    receipt: 5,
    status: 403,
    summary: 'The signing key of {identity} is revoked, expired or not valid yet.',
    remedy: 'Sign with a key that is valid at the time of the block.',
    zh: {
      summary: '{identity}的签名密钥已撤销、已过期或尚未生效。',
      remedy: '请用出块时有效的密钥签名。',
    },
  },
  CONTRACTS_SUSPENDED: {
    receipt: 6,
    status: 403,
    summary: 'The officer {identity} or its organisation is suspended.',
    remedy:
      'Ask the administrators of the organisation, or the consortium, to lift the suspension.',
    zh: {
      summary: '经办人{identity}或其机构已被暂停。',
      remedy: '请由机构管理员或联盟解除暂停。',
    },
  },
  CONTRACTS_NOT_ENTITLED: {
    receipt: 7,
    status: 403,
    summary: 'No signer may take this action; it needs {needed}.',
    remedy: 'Have an officer with the role named sign the transaction.',
    zh: {
      summary: '签名人均无权执行此操作;需要{needed}。',
      remedy: '请由具有该角色的经办人签名。',
    },
  },
  CONTRACTS_APPROVALS_MISSING: {
    receipt: 8,
    status: 403,
    summary: 'Agreed by {officers} officers of {organisations} organisations; more are needed.',
    remedy: 'Collect the signatures of further entitled officers in the same transaction.',
    zh: {
      summary: '已有{organisations}个机构的{officers}名经办人同意,人数不足。',
      remedy: '请在同一交易中补足其他有权经办人的签名。',
    },
  },
  CONTRACTS_PENDING_ALONE: {
    receipt: 9,
    status: 422,
    summary: 'A call that has to wait for others stands beside further calls.',
    remedy: 'Submit the call that waits in a transaction of its own.',
    zh: { summary: '待审批的调用与其他调用同在一笔交易。', remedy: '请将待审批的调用单独提交。' },
  },
  CONTRACTS_CALLER_REFUSED: {
    receipt: 10,
    status: 403,
    summary: 'The action {contract}.{action} is not open to this caller.',
    remedy: 'Use the action of the contract that leads to it.',
    zh: {
      summary: '操作{contract}.{action}不对此调用方开放。',
      remedy: '请通过相应合约的操作进行。',
    },
  },
  CONTRACTS_REFERENCE_MISSING: {
    receipt: 11,
    status: 422,
    summary: 'The field {pointer} names a {record} that does not exist: {key}.',
    remedy: 'Correct the key, or create the record first.',
    zh: {
      summary: '字段{pointer}所指的{record}不存在:{key}。',
      remedy: '请更正键值,或先建立该记录。',
    },
  },
  CONTRACTS_RECORD_MISSING: {
    receipt: 12,
    status: 404,
    summary: 'There is no {record} with the key {key}.',
    remedy: 'Correct the key, or create the record first.',
    zh: { summary: '没有键为{key}的{record}。', remedy: '请更正键值,或先建立该记录。' },
  },
  CONTRACTS_RECORD_EXISTS: {
    receipt: 13,
    status: 409,
    summary: 'There is already a {record} with the key {key}.',
    remedy: 'Choose another key; if this is a repetition, nothing is left to do.',
    zh: { summary: '已有键为{key}的{record}。', remedy: '请另选键值;若为重复提交则无须再做。' },
  },
  CONTRACTS_TRANSITION_REFUSED: {
    receipt: 14,
    status: 409,
    summary: 'A {record} can not go from {from} to {to}.',
    remedy:
      'Look at the present state of the record; its manifest lists where each state may lead.',
    zh: { summary: '{record}不能由{from}转为{to}。', remedy: '请查看记录现状及清单中的状态转换。' },
  },
  CONTRACTS_INVARIANT_BROKEN: {
    receipt: 15,
    status: 500,
    summary: 'The transaction would break {contract}.{invariant} at {record} {key}.',
    remedy: 'Nothing was changed. Report it to the maintainers of the contract.',
    zh: {
      summary: '该交易将破坏{contract}.{invariant}({record} {key})。',
      remedy: '未作任何更改。请报告合约维护者。',
    },
  },
  CONTRACTS_METER_EXCEEDED: {
    receipt: 16,
    status: 422,
    summary: 'A call, or the transaction, needs more {operation} than the {limit} that it may use.',
    remedy: 'Split the work into several calls, or several transactions.',
    zh: {
      summary: '某调用或该交易的{operation}超过上限{limit}。',
      remedy: '请拆分为多个调用或多笔交易。',
    },
  },
  // Receipt 17 was a transaction for which a block had no work left: it now stays out of the block.
  CONTRACTS_DEPTH_EXCEEDED: {
    receipt: 18,
    status: 500,
    summary: 'Contracts called one another more than {limit} deep.',
    remedy: 'Nothing was changed. Report it to the maintainers of the contract.',
    zh: { summary: '合约互相调用超过{limit}层。', remedy: '未作任何更改。请报告合约维护者。' },
  },
  CONTRACTS_DEFECT: {
    receipt: 19,
    status: 500,
    summary: 'The contract {contract} failed on this call by a fault of its own.',
    remedy: 'Nothing was changed. Report the transaction to the maintainers of the contract.',
    zh: {
      summary: '合约{contract}因自身缺陷未能执行。',
      remedy: '未作任何更改。请报告合约维护者。',
    },
  },
  CONTRACTS_SUM_RANGE: {
    receipt: 20,
    status: 422,
    summary: 'The sum {sum} would leave the range of 64 bits.',
    remedy: 'Check the amount; use a smaller one.',
    zh: { summary: '合计{sum}将超出64位范围。', remedy: '请核对金额并改用较小数值。' },
  },
  CONTRACTS_CALL_CLOSED: {
    receipt: 21,
    status: 409,
    summary: 'The pending call {call} is {status}.',
    remedy:
      'done: it took effect, do not submit it again. held: releasers decide by ledger.release or ' +
      'ledger.refuse. waiting: approve it. withdrawn, refused or expired: it had no effect; submit ' +
      'the action anew if it is still wanted.',
    zh: {
      summary: '待审批调用{call}的状态为{status}。',
      remedy:
        'done:已生效,切勿重复提交。held:由放行官员以 ledger.release 或 ledger.refuse 决定。' +
        'waiting:请审批。withdrawn、refused 或 expired:未生效;如仍需要,请重新提交该操作。',
    },
  },
  CONTRACTS_CALL_EXPIRED: {
    receipt: 22,
    status: 409,
    summary: 'The pending call {call} waited until {expires} and has expired.',
    remedy: 'Submit the action anew if it is still wanted.',
    zh: { summary: '待审批调用{call}已于{expires}失效。', remedy: '如仍需要,请重新提交该操作。' },
  },
  CONTRACTS_APPROVED_ALREADY: {
    receipt: 23,
    status: 409,
    summary: 'Every signer has already agreed to this call, or may not agree to it.',
    remedy: 'Have another entitled officer sign.',
    zh: { summary: '签名人均已同意,或无权同意此调用。', remedy: '请由其他有权经办人签名。' },
  },
  CONTRACTS_RECORD_INVALID: {
    receipt: 24,
    status: 422,
    summary: 'The {record} can not hold this: {pointer} expected {expected}, found {found}.',
    remedy: 'Use a value that the record can hold.',
    zh: {
      summary: '{record}无法保存:{pointer}应为{expected},实为{found}。',
      remedy: '请改用该记录可保存的值。',
    },
  },
  CONTRACTS_CALL_OPEN: {
    receipt: 28,
    status: 409,
    summary: 'The pending call still waits, until {expires}.',
    remedy: 'Wait for that time; whoever agreed to it may withdraw it before.',
    zh: { summary: '待审批调用有效至{expires}。', remedy: '请待期满;同意者可提前撤回。' },
  },
  CONTRACTS_VERSION_MISSING: {
    summary: 'The chain runs a contract version that this software does not know.',
    remedy: 'Install the release that brings it and start the node again.',
  },
  CONTRACTS_STORED_MALFORMED: {
    summary: 'A stored value is not what its record set holds.',
    remedy: 'The state database is damaged: stop the node and repair it from peers.',
  },
  CONTRACTS_MANIFEST_DIFFERS: {
    summary: 'The contracts of this software are not those that the chain agreed on.',
    remedy: 'Install the release that the other nodes run.',
  },
  CONTRACTS_GENESIS_REFUSED: {
    summary: 'The contracts do not take the genesis document.',
    remedy: 'Mend the document as the failure inside says; every founder then signs it anew.',
  },
  CONTRACTS_BLOCK_WORK: {
    summary: 'The transactions of the block ask for more work than a block may.',
    remedy: 'Nothing to do: the block is not valid, and another proposer is next.',
  },
  CONTRACTS_SYSTEM_REFUSED: {
    summary: 'A system transaction is not valid, so the block is not.',
    remedy: 'Do not vote for the block; look at the facts to see which rule it breaks.',
  },
});

/** Codes of failures that end a transaction. */
export type ReceiptCode = {
  [C in keyof typeof CONTRACTS_ERRORS]: (typeof CONTRACTS_ERRORS)[C] extends {
    readonly receipt: number;
  }
    ? C
    : never;
}[keyof typeof CONTRACTS_ERRORS];

/** The world failed the engine: damaged state, or software too old for its chain. */
export type ContractsFailure =
  | {
      readonly code: 'CONTRACTS_VERSION_MISSING';
      readonly contract: string;
      readonly version: number;
    }
  | {
      readonly code: 'CONTRACTS_STORED_MALFORMED';
      readonly record: string;
      readonly key: string;
      readonly fact: string;
    }
  | {
      readonly code: 'CONTRACTS_GENESIS_REFUSED';
      /** The failure code of the contract that refused. */
      readonly refused: string;
      readonly facts: Readonly<Record<string, unknown>>;
    }
  | {
      readonly code: 'CONTRACTS_MANIFEST_DIFFERS';
      readonly expected: string;
      readonly found: string;
    };

/** Why a block is not valid; `index` is a position in the body. */
export type BlockFailure =
  | {
      readonly code: 'CONTRACTS_SYSTEM_REFUSED';
      readonly index: number;
      readonly kind: string;
      readonly fact: string;
    }
  | {
      readonly code: 'CONTRACTS_BLOCK_WORK';
      readonly index: number;
      readonly limitMs: number;
    };

export class ContractsError extends Error {
  override readonly name = 'ContractsError';
  readonly failure: ContractsFailure;

  constructor(failure: ContractsFailure, options?: ErrorOptions) {
    super(explainContracts(failure), options);
    this.failure = failure;
  }
}

/** The failure in words, with its facts. */
export function explainContracts(failure: ContractsFailure | BlockFailure): string {
  const { summary } = CONTRACTS_ERRORS[failure.code];
  switch (failure.code) {
    case 'CONTRACTS_VERSION_MISSING':
      return `${summary} It is version ${failure.version} of ${failure.contract}.`;
    case 'CONTRACTS_STORED_MALFORMED':
      return `${summary} It is ${failure.record} ${failure.key}: ${failure.fact}.`;
    case 'CONTRACTS_GENESIS_REFUSED': {
      const facts = Object.entries(failure.facts).map(([name, fact]) => `${name} ${String(fact)}`);
      return `${summary} The reason is ${[failure.refused, ...facts].join(', ')}.`;
    }
    case 'CONTRACTS_MANIFEST_DIFFERS':
      return `${summary} The chain says ${failure.expected}, this software ${failure.found}.`;
    case 'CONTRACTS_SYSTEM_REFUSED':
      return `${summary} Entry ${failure.index} (${failure.kind}): ${failure.fact}.`;
    case 'CONTRACTS_BLOCK_WORK':
      return `${summary} Entry ${failure.index} is beyond the ${failure.limitMs} ms of a block.`;
  }
}
