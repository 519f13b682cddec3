import { type Diagnostic, renderDiagnostics, type TestFileReport, type TestReport } from '../engine/index.ts';

/** A report as JUnit XML: a suite for each file, a case for each scenario. Format: github.com/testmoapp/junitxml. */
export function renderJUnit(report: TestReport): string {
  const { passed, failed } = report;
  const broken = report.files.filter(isBroken).length;
  const head = `<testsuites name="dagrun" tests="${passed + failed + broken}" failures="${failed}" errors="${broken}">`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${head}\n${report.files.map(suite).join('')}</testsuites>\n`;
}

function suite(file: TestFileReport): string {
  const { scenarios, diagnostics } = file;
  const failed = scenarios.filter(({ status }) => status === 'failed').length;
  const broken = isBroken(file) ? 1 : 0;
  const cases = scenarios.map((scenario) => {
    const place = `name="${text(scenario.name)}" classname="${text(file.workflow ?? file.file)}" file="${text(file.file)}" line="${scenario.line}"`;
    if (scenario.status === 'passed') return `    <testcase ${place}/>\n`;
    return `    <testcase ${place}>\n${problem('failure', scenario.diagnostics)}    </testcase>\n`;
  });
  const own =
    broken === 0 ? '' : `    <testcase name="the file" file="${text(file.file)}">\n${problem('error', diagnostics)}    </testcase>\n`;
  const counts = `tests="${scenarios.length + broken}" failures="${failed}" errors="${broken}"`;
  return `  <testsuite name="${text(file.file)}" ${counts}>\n${own}${cases.join('')}  </testsuite>\n`;
}

function problem(kind: 'failure' | 'error', diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const frames = renderDiagnostics(errors, { format: 'pretty', colour: false });
  return `      <${kind} message="${text(errors[0]?.message ?? '')}" type="${errors[0]?.code ?? ''}">${text(frames)}</${kind}>\n`;
}

function isBroken({ diagnostics }: TestFileReport): boolean {
  return diagnostics.some(({ severity }) => severity === 'error');
}

/** Text as it may stand in XML: also in an attribute, and without the characters XML does not have. */
function text(raw: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML 1.0 has none of them.
  const clean = raw.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
  return clean.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
