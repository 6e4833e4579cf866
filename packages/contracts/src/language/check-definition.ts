export function checkDefinition(_d: unknown): void {}
