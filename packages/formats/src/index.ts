/** Mappers between public formats and contract calls. Exports only. */
export type { AmountFault, AmountStyle } from './amount.ts';
export { formatAmount, parseAmount } from './amount.ts';
export type { DatePattern, DateStyle, FiscalYear } from './civil-date.ts';
export { compileDatePattern, fiscalYearOf, parseDate } from './civil-date.ts';
export type { CsvFault, CsvRow } from './csv.ts';
export { CSV_ROW_CHARS_MAX, readCsvRows } from './csv.ts';
export type { Cell, CsvTable, TableLine } from './csv-table.ts';

export type { Finding, FormatsCode, FormatsFailure, LineFault } from './errors.ts';
export { explainFault, explainFinding, explainFormats, FORMATS_ERRORS } from './errors.ts';
export type { ExactJson, ExactNumber, ExactObject, JsonFile } from './exact-json.ts';
export { exactNumber, readExactJson, writeExactJson } from './exact-json.ts';
export { FILE_BYTES_MAX } from './file-size.ts';
export type { FiscalValidator } from './fiscal/descriptor.ts';
export { createFiscalValidator } from './fiscal/descriptor.ts';
export type { FiscalFact, FiscalPackage, FiscalRecord } from './fiscal/package.ts';
export { readFiscalPackage } from './fiscal/package.ts';
export type { Resource } from './fiscal/resource.ts';
export type { FiscalMetadata, WrittenFiscalPackage } from './fiscal/write.ts';
export { writeFiscalPackages, writeImportedPackage } from './fiscal/write.ts';
export type { FundsLine, FundsTotals } from './funds-csv.ts';
export { readFundsFile, totalFunds } from './funds-csv.ts';
export { writeFundsFiles } from './funds-files.ts';
export type { FundsField, FundsMapping } from './funds-mapping.ts';
export { decodeFundsMapping } from './funds-mapping.ts';
export type { IatiActivity, IatiTransaction } from './iati/activity.ts';
export type { IatiFile } from './iati/file.ts';
export { readIatiFile } from './iati/file.ts';
export type { WrittenActivity } from './iati/write.ts';
export { writeIatiFile } from './iati/write.ts';
export type { TextPlace } from './json-places.ts';
export { locateFindings, locateJson } from './json-places.ts';
export type { BooksMapping } from './moves/books.ts';
export { decodeBooksMapping } from './moves/books.ts';
export { DETAILS_MAX, readDetails, writeDetails } from './moves/details.ts';
export type { MoneyReader } from './moves/formats.ts';
export { MONEY_FORMATS } from './moves/formats.ts';
export { fundsMoves } from './moves/funds.ts';
export { iatiMoves } from './moves/iati.ts';
export type { KeptFinding, KeptLine, KeptRecords, KeptRow } from './moves/kept.ts';
export { movedBy, readKeptLines } from './moves/kept.ts';
export type { ActivityHead, KeptPart } from './moves/kept-activities.ts';
export { joinActivities } from './moves/kept-activities.ts';
export type { KeptRecord } from './moves/kept-details.ts';
export type { FileBundle, PlannedPart } from './moves/kept-files.ts';
export {
  KEPT_FILES_BYTES_MAX,
  mergeKeptFiles,
  mergeOcdsFrame,
  planKeptFiles,
  planOcdsFrames,
  readKeptFiles,
} from './moves/kept-files.ts';
export type { KeptSeries, MergedFiles } from './moves/merged-file.ts';
export type { MoneyLine, MoneyRow, Move } from './moves/move.ts';
export { signedOf } from './moves/move.ts';
export type {
  ChangedLine,
  ImportPlan,
  PlannedCall,
  PlannedLine,
  PlannedRecord,
  PlannedSigner,
  PlanOptions,
  Present,
} from './moves/plan.ts';
export { planImport } from './moves/plan.ts';
export { spendMoves } from './moves/spend.ts';
export type { ImportTotals, ReportedFault } from './moves/totals.ts';
export { listFaults, totalLines } from './moves/totals.ts';
export { BID_EXTENSION, conductedReleaseJson } from './ocds/conducted.ts';
export type { ConductedRelease, ConductedRows } from './ocds/conducted-rows.ts';
export type { KeptRelease } from './ocds/kept-release.ts';
export { readKeptRelease } from './ocds/kept-release.ts';
export type {
  FaultyRelease,
  JsonPlace,
  OcdsPlan,
  OcdsPlanOptions,
  OcdsSource,
  PlannedRelease,
} from './ocds/ledger-plan.ts';
export { planReleases } from './ocds/ledger-plan.ts';
export { compileReleases, recordsOf } from './ocds/merge.ts';
export type { OcdsMetadata, OcdsPackage, OcdsRecord, OcdsRelease } from './ocds/package.ts';
export { readOcdsFile } from './ocds/package.ts';
export type { OcdsPart, OcdsValidator } from './ocds/validator.ts';
export { createOcdsValidator } from './ocds/validator.ts';
export type { WrittenPackage } from './ocds/write.ts';
export { releaseJson, writeRecordPackage, writeReleasePackage } from './ocds/write.ts';
export type {
  ParquetCell,
  ParquetColumn,
  ParquetColumnType,
  ParquetDifference,
  ParquetNotes,
  ParquetTable,
} from './parquet.ts';
export { parquetDifference, writeParquet } from './parquet.ts';
export type {
  Appropriation,
  Award,
  Classification,
  Commitment,
  Contract,
  Identifier,
  Item,
  Money,
  MoneyPart,
  Organisation,
  OtherCell,
  Party,
  Payment,
  Period,
  ProcurementRelease,
  RecordSource,
  SourceFile,
  SourcePlace,
  Tender,
} from './records.ts';
export type { SpendLine } from './spend-csv.ts';
export { readSpendFile } from './spend-csv.ts';
export { writeSpendFiles } from './spend-files.ts';
export type { LineReading, SpendPayment } from './spend-line.ts';
export { SPEND_NUMBER_MAX, SPEND_TEXT_MAX } from './spend-line.ts';
export type { SpendBody, SpendField, SpendMapping } from './spend-mapping.ts';
export { decodeSpendMapping } from './spend-mapping.ts';
export type { Encoding } from './text.ts';
export { cleanText, decodeText } from './text.ts';
export type { TimeStampRequest, TspHash, TspRefusal } from './tsp/request.ts';
export { readTimeStampRequest, TSP_REQUEST_BYTES_MAX } from './tsp/request.ts';
export type { TimeStampInfo, TspSigner } from './tsp/response.ts';
export { writeTimeStampRefusal, writeTimeStampToken } from './tsp/response.ts';
