/**
 * Why blocks do not advance, as a table: each cause with its words and its remedy in English and
 * Chinese. Places in braces are filled with the facts of the moment. API, `daybook why`, /healthz and
 * the log say these sentences and no others; docs/operations/runbook.md says more on each.
 */

export interface Words {
  readonly en: string;
  readonly zh: string;
}

export interface CauseRow {
  /** fault: the node or the chain does not do its work; warning: it soon may not. */
  readonly severity: 'fault' | 'warning';
  /** What is wrong, with figures. */
  readonly words: Words;
  /** What the operator can do. */
  readonly advice: Words;
  /** Section of the runbook, which is the name of its alarm. */
  readonly alarm: string;
}

/** In the order of blame: what stands first explains what follows. */
export const CAUSES = {
  halted: {
    severity: 'fault',
    words: {
      en: 'The node has stopped taking part, to protect the chain. {detail}',
      zh: '本节点为保护链已停止参与。{detail}',
    },
    advice: {
      en: 'Keep the data directory as it is; do not restart; follow the runbook for this code.',
      zh: '保持数据目录原样,不要重启,按运行手册中该代码的说明处理。',
    },
    alarm: 'DaybookHalted',
  },
  'signer-away': {
    severity: 'fault',
    words: {
      en: 'The process that holds the validator key does not answer, so this validator does not sign.',
      zh: '保管共识密钥的签名进程没有应答,本验证者无法签名。',
    },
    advice: {
      en: 'Look at systemctl status daybook-signer and its log; the node connects again by itself.',
      zh: '查看 systemctl status daybook-signer 及其日志;恢复后本节点会自动重新连接。',
    },
    alarm: 'DaybookSignerAway',
  },
  'signature-hangs': {
    severity: 'fault',
    words: {
      en: 'This validator has waited for its own signature for {age}: the disk does not finish a write of {log}. Until it does, nothing is voted.',
      zh: '本验证者等待自己的签名已有 {age}:磁盘没有完成{logZh}的写入。完成之前不投票。',
    },
    advice: {
      en: 'Check the disk that holds {place}: iostat -x 1, and the kernel log for errors. When it answers again, signing resumes by itself; when it stays silent, replace it as the runbook says.',
      zh: '检查保存{placeZh}的磁盘:iostat -x 1 以及内核日志中的错误。磁盘恢复应答后签名会自动恢复;一直没有应答时按运行手册更换。',
    },
    alarm: 'DaybookSignatureHangs',
  },
  quarantined: {
    severity: 'fault',
    words: {
      en: 'This validator is in quarantine and does not sign. {detail} {progress}',
      zh: '本验证者处于隔离状态,不签名。{detail} {progressZh}',
    },
    advice: {
      en: 'Make sure that no second process uses this key; then wait: quarantine ends by itself.',
      zh: '确认没有其他进程使用同一密钥,然后等待:隔离会自动结束。',
    },
    alarm: 'DaybookNotSigning',
  },
  'disk-full': {
    severity: 'fault',
    words: {
      en: '{percent} of the disk is free: this node does not sign until {resume} are.',
      zh: '磁盘剩余空间 {percent}:在恢复到 {resume} 之前本节点不签名。',
    },
    advice: {
      en: 'Free space or enlarge the disk; signing resumes by itself.',
      zh: '释放空间或扩大磁盘;签名会自动恢复。',
    },
    alarm: 'DaybookDiskFull',
  },
  'clock-off': {
    severity: 'fault',
    words: {
      en: 'The clock of this node differs by {offset} from those of the others: it does not propose.',
      zh: '本节点时钟与其他节点相差 {offset}:不提出区块。',
    },
    advice: {
      en: 'Check time synchronisation (chronyc tracking); at least four sources.',
      zh: '检查时间同步(chronyc tracking),至少使用四个时间源。',
    },
    alarm: 'DaybookClock',
  },
  'no-links': {
    severity: 'fault',
    words: {
      en: 'This node is connected to no other validator ({silent}).',
      zh: '本节点未连接任何其他验证者({silentZh})。',
    },
    advice: {
      en: 'Check the line, the firewall (TCP 7700 in and out), name resolution and the address registered for this node.',
      zh: '检查线路、防火墙(TCP 7700 出入)、域名解析以及本节点登记的地址。',
    },
    alarm: 'DaybookQuorumUnreachable',
  },
  'quorum-unreachable': {
    severity: 'fault',
    words: {
      en: 'Only {count} of {of} validators are within reach, {quorum} are needed. Not connected: {silent}.',
      zh: '{of} 个验证者中仅能连通 {count} 个,需要 {quorum} 个。未连接:{silentZh}。',
    },
    advice: {
      en: 'If another department sees the same, call the operators of those named; if not, check the own line and firewall. No restart is needed: blocks come when {quorum} are back.',
      zh: '若其他单位看到同样情况,请联系上述节点的运维人员;否则检查本地线路与防火墙。无需重启:恢复到 {quorum} 个后区块会继续。',
    },
    alarm: 'DaybookQuorumUnreachable',
  },
  'join-stalled': {
    severity: 'fault',
    words: {
      en: 'Joining by a snapshot has brought nothing for {age}, at {phase}. {reason}',
      zh: '通过快照加入已 {age} 没有进展,当前阶段:{phaseZh}。{reason}',
    },
    advice: {
      en: 'Check that peers are connected, that they keep snapshots (sync.snapshotSeconds), and that the disk has space; sync.mode blocks joins without one.',
      zh: '检查对等节点是否连通、是否保留快照(sync.snapshotSeconds)以及磁盘空间;sync.mode 设为 blocks 可不用快照加入。',
    },
    alarm: 'DaybookSyncStalled',
  },
  'sync-stalled': {
    severity: 'fault',
    words: {
      en: 'Catching up brought no block for {age}; the newest height that a peer spoke of is {target}. {reason}',
      zh: '同步已 {age} 没有取得新区块;对等节点提到的最新高度为 {target}。{reasonZh}',
    },
    advice: {
      en: 'Check that peers are connected, that they run the same chain and release, and that the disk has space.',
      zh: '检查对等节点是否连通、链与版本是否一致、磁盘是否有空间。',
    },
    alarm: 'DaybookSyncStalled',
  },
  'quorum-silent': {
    severity: 'fault',
    words: {
      en: 'No block for {age}. Height {height}, round {round}: {voted} of the {quorum} votes needed are there. Silent although connected: {silent}.',
      zh: '已 {age} 没有新区块。高度 {height},第 {round} 轮:所需 {quorum} 票中已有 {voted} 票。已连接但没有投票:{silentZh}。',
    },
    advice: {
      en: 'Call the operators of those named: their nodes run and do not vote; /v1/why there says why.',
      zh: '联系上述节点的运维人员:其节点在运行但不投票,在其节点上查看 /v1/why。',
    },
    alarm: 'DaybookStalled',
  },
  'block-missing': {
    severity: 'fault',
    words: {
      en: 'No block for {age}. Height {height} is decided or prepared, and no connected node has given its block.',
      zh: '已 {age} 没有新区块。高度 {height} 已达成决定或准备,但没有连通的节点提供其区块内容。',
    },
    advice: {
      en: 'Bring back the node that proposed it ({proposer}); until then the rounds go on by themselves.',
      zh: '恢复提出该区块的节点({proposer});在此之前各轮会自动继续。',
    },
    alarm: 'DaybookStalled',
  },
  stalled: {
    severity: 'fault',
    words: {
      en: 'No block has become final for {age}. Height {height}, round {round}: this node waits for {awaited}. Silent: {silent}.',
      zh: '已 {age} 没有区块成为最终。高度 {height},第 {round} 轮:本节点在等待{awaitedZh}。没有投票:{silentZh}。',
    },
    advice: {
      en: 'Compare /v1/why of several nodes. If all are connected and vote in different rounds for over a minute, collect these answers and the logs and report them.',
      zh: '比较多个节点的 /v1/why。若全部连通却在不同轮次投票超过一分钟,请收集这些结果和日志并报告。',
    },
    alarm: 'DaybookStalled',
  },
  'validator-silent': {
    severity: 'warning',
    words: {
      en: 'The chain goes on without: {silent}.',
      zh: '链正常运行,但缺少:{silentZh}。',
    },
    advice: {
      en: 'Tell their operators; {spare} more may fail before the chain stands still.',
      zh: '通知其运维人员;再有 {spare} 个以上失效,链将停止。',
    },
    alarm: 'DaybookValidatorSilent',
  },
  rounds: {
    severity: 'warning',
    words: {
      en: 'Height {height} has needed {round} round changes.',
      zh: '高度 {height} 已更换 {round} 轮。',
    },
    advice: {
      en: 'Several validators are slow or down: tell the operators of the silent ones.',
      zh: '有多个验证者缓慢或停机:请通知没有投票的节点的运维人员。',
    },
    alarm: 'DaybookRounds',
  },
  'clock-drifting': {
    severity: 'warning',
    words: {
      en: 'The clock of this node differs by {offset} from those of the others.',
      zh: '本节点时钟与其他节点相差 {offset}。',
    },
    advice: {
      en: 'Check time synchronisation (chronyc tracking); at least four sources.',
      zh: '检查时间同步(chronyc tracking),至少使用四个时间源。',
    },
    alarm: 'DaybookClock',
  },
  'disk-low': {
    severity: 'warning',
    words: {
      en: '{percent} of the disk is free; at {stop} this node stops signing.',
      zh: '磁盘剩余空间 {percent};降到 {stop} 时本节点停止签名。',
    },
    advice: {
      en: 'Enlarge the disk this week; the growth is on the dashboard.',
      zh: '请在本周内扩容;增长情况见监控面板。',
    },
    alarm: 'DaybookDiskLow',
  },
  'data-damaged': {
    severity: 'warning',
    words: {
      en: 'Stored data is damaged, in {places} places so far: {detail} Whoever asks for it is refused.',
      zh: '存储的数据已损坏,目前发现 {places} 处:{detail} 对这些数据的请求会被拒绝。',
    },
    advice: {
      en: 'Look at the disk; stop the node and run daybookd repair, which fetches from the others what is lost.',
      zh: '检查磁盘;停止节点并运行 daybookd repair,丢失的数据会从其他节点取回。',
    },
    alarm: 'DaybookDataDamaged',
  },
  'mempool-full': {
    severity: 'warning',
    words: {
      en: '{transactions} waiting transactions fill the mempool.',
      zh: '等待中的 {transactions} 笔交易已占满内存池。',
    },
    advice: {
      en: 'See which organisation submits so much; raise mempool.bytesMax if it is right to.',
      zh: '查看哪个机构提交过多;确有需要时提高 mempool.bytesMax。',
    },
    alarm: 'DaybookMempoolFull',
  },
} as const satisfies Readonly<Record<string, CauseRow>>;

export type HealthKind = keyof typeof CAUSES;
export const HEALTH_KINDS = Object.keys(CAUSES) as readonly HealthKind[];

/** What the node is doing, whether or not something is wrong. */
export const STATES = {
  starting: { en: 'The node is starting.', zh: '节点正在启动。' },
  asking: {
    en: 'Before it signs, this validator asks the others what they hold of its votes: {answers} of {needed} have answered.',
    zh: '签名之前,本验证者先向其他节点核对自己的投票:{needed} 个中已有 {answers} 个应答。',
  },
  joining: {
    en: 'The node joins by a snapshot{place}: {phase}, {percent} %.',
    zh: '节点正在通过快照加入{place}:{phaseZh},{percent} %。',
  },
  'catching-up': {
    en: 'The node catches up: height {head} of {target}{pace}. {reason}',
    zh: '节点正在同步:高度 {head} / {target}{paceZh}。{reasonZh}',
  },
  idle: {
    en: 'All is well: nothing waits for a block. Block {head} is {age} old; an empty one follows after {interval}.',
    zh: '一切正常:没有等待入块的交易。区块 {head} 已过 {age};每 {interval} 产生一个空块。',
  },
  working: {
    en: 'Block {height} is being decided, round {round}: this node waits for {awaited}.',
    zh: '正在决定区块 {height},第 {round} 轮:本节点在等待{awaitedZh}。',
  },
  stopping: { en: 'The node is being stopped.', zh: '节点正在停止。' },
  halted: { en: 'The node has stopped taking part.', zh: '节点已停止参与。' },
} as const satisfies Readonly<Record<string, Words>>;

export type StateKind = keyof typeof STATES;

/** What a signature waits to be written: its name, and where it lies. */
export const SIGNING_LOGS = {
  'vote-log': {
    name: { en: 'the vote log', zh: '投票日志' },
    place: {
      en: 'the vote log (votes in the data directory, and state.voteMirrorDirectory)',
      zh: '投票日志(数据目录中的 votes 以及 state.voteMirrorDirectory)',
    },
  },
  'block-log': {
    name: { en: 'the block that it votes for', zh: '所投票的区块' },
    place: { en: 'the blocks (blocks in the data directory)', zh: '区块(数据目录中的 blocks)' },
  },
} as const satisfies Readonly<Record<string, { readonly name: Words; readonly place: Words }>>;

/** What a node that joins fetches, to stand in a sentence. */
export const JOIN_PHASES = {
  choosing: { en: 'asking the others for one', zh: '向其他节点询问快照' },
  hashes: { en: 'hashes of the history', zh: '历史区块哈希' },
  records: { en: 'records of the state', zh: '状态记录' },
  blocks: { en: 'the newest blocks', zh: '最近的区块' },
  adopting: { en: 'starting on it', zh: '启用快照' },
} as const satisfies Readonly<Record<string, Words>>;

/** What consensus waits for, to stand in a sentence. */
export const AWAITED = {
  start: { en: 'the node to finish starting', zh: '节点启动完成' },
  work: { en: 'a transaction', zh: '交易' },
  pacing: { en: 'the pause between blocks to end', zh: '区块间隔结束' },
  build: { en: 'its own block to be built', zh: '自身区块构建完成' },
  proposal: { en: 'the proposal of {proposer}', zh: '{proposer} 的提案' },
  clock: { en: 'its clock to reach the time of the proposal', zh: '本地时钟到达提案时间' },
  judgement: { en: 'the proposed block to be checked', zh: '提案区块检查完成' },
  prepares: { en: 'PREPARE votes ({votes} of {quorum})', zh: 'PREPARE 投票({votes} / {quorum})' },
  commits: { en: 'COMMIT votes ({votes} of {quorum})', zh: 'COMMIT 投票({votes} / {quorum})' },
  'round-changes': {
    en: 'others to ask for this round ({votes} of {quorum})',
    zh: '其他节点请求本轮({votes} / {quorum})',
  },
  block: { en: 'the body of a decided block', zh: '已决定区块的内容' },
  finality: { en: 'the decided block to be written', zh: '已决定区块写入完成' },
  signature: { en: 'its own signature, which a disk holds up', zh: '自己的签名(磁盘没有完成写入)' },
  operator: { en: 'an operator', zh: '运维人员处理' },
} as const satisfies Readonly<Record<string, Words>>;

export type Facts = Readonly<Record<string, string | number>>;

/** Puts facts into a sentence; what has no fact is left out. */
export function fill({ en, zh }: Words, facts: Facts): Words {
  const fillIn = (text: string): string =>
    text
      .replace(/\{([a-zA-Z]+)\}/g, (_, name: string) => String(facts[name] ?? ''))
      .replace(/ {2,}/g, ' ')
      .trim();
  return { en: fillIn(en), zh: fillIn(zh) };
}
