import { resolve } from 'node:path';
import { CONFIG_FILE, type Config, loadConfig } from './config.ts';
import type { Finding, ModelSummary, Surroundings } from './contracts/engine.ts';
import { DagrunError } from './errors.ts';
import { listWorkflows } from './load.ts';
import { summarizeModels } from './model-assembly.ts';
import { splitModel } from './models/catalog.ts';

/** The oldest Node that everything here runs on. */
const OLDEST_NODE = [20, 19] as const;

/** What `dagrun doctor` says of this machine, this project and this configuration. Calls nobody, and shows no key. */
export async function examine(around: Surroundings = {}): Promise<readonly Finding[]> {
  const findings: Finding[] = [examineNode()];
  let config: Config | undefined;
  try {
    config = loadConfig(around);
    findings.push({
      area: 'configuration',
      status: config.warnings.length > 0 ? 'warning' : 'ok',
      message: config.file ?? `no ${CONFIG_FILE}; what is built in is used`,
    });
  } catch (error) {
    if (!(error instanceof DagrunError)) throw error;
    findings.push({
      area: 'configuration',
      status: 'problem',
      message: error.message,
      help: `\`dagrun models\` shows every mistake in it`,
    });
  }
  if (config) findings.push(...examineProviders(config), ...examineTiers(config));
  findings.push(await examineWorkflows(around));
  return findings;
}

/** Every model known or configured, with its price and whether it can be used. Throws DagrunError for a wrong configuration. */
export async function listModels(around: Surroundings = {}): Promise<readonly ModelSummary[]> {
  return summarizeModels(loadConfig(around));
}

function examineNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return {
    area: 'node',
    status: fits ? 'ok' : 'problem',
    message: `Node ${process.versions.node}`,
    ...(!fits && { help: `dagrun needs Node ${OLDEST_NODE.join('.')} or newer` }),
  };
}

function examineProviders(config: Config): readonly Finding[] {
  return [...config.providers.values()].map((provider): Finding => {
    const where = provider.baseUrl === undefined ? '' : ` at ${provider.baseUrl}`;
    if (provider.usable) return { area: 'provider', status: 'ok', message: `${provider.id} can be used${where}` };
    return {
      area: 'provider',
      status: 'warning',
      message: `${provider.id} has no key${where}`,
      ...(provider.variable !== undefined && { help: `set ${provider.variable}` }),
    };
  });
}

function examineTiers(config: Config): readonly Finding[] {
  return Object.entries(config.tiers).map(([tier, names]): Finding => {
    const first = names.find((name) => config.providers.get(splitModel(name).provider)?.usable);
    if (first !== undefined) return { area: 'tier', status: 'ok', message: `${tier} is ${first}` };
    return {
      area: 'tier',
      status: 'warning',
      message: `${tier} has no model that can be used (${names.join(', ')})`,
      help: 'set a key, or run with --offline',
    };
  });
}

async function examineWorkflows(around: Surroundings): Promise<Finding> {
  const own = (await listWorkflows({ ...around, cwd: resolve(around.cwd ?? '.') })).filter((workflow) => !workflow.builtin);
  const broken = own.filter((workflow) => workflow.mistakes > 0);
  if (broken.length === 0)
    return { area: 'workflows', status: 'ok', message: own.length === 1 ? '1 workflow here' : `${own.length} workflows here` };
  return {
    area: 'workflows',
    status: 'problem',
    message: `${broken.length} of ${own.length} workflows here have mistakes: ${broken.map((workflow) => workflow.name).join(', ')}`,
    help: '`dagrun validate` shows them',
  };
}
