// Drives clients of other systems that are written for Node, unmodified, against a server: clients.mjs URL FOLDER MODULES.
//
// FOLDER holds a checkout of Hydro under that name; MODULES is where npm has put piston-client, superagent, ws and
// esbuild. Of Hydro, its client of go-judge is driven, TypeScript as it is; what it imports of the rest of Hydro is stood
// in for. Exits with 1 where an outcome is wrong.
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {isDeepStrictEqual} from 'node:util';

const [url, folder, modules] = process.argv.slice(2);
const require = createRequire(join(modules, 'package.json'));

const SECOND = 1e9;
const MIB = 1 << 20;

class Checks {
  constructor(client) {
    Object.assign(this, {client, done: 0, wrong: 0});
  }

  equal(name, found, wanted) {
    ++this.done;
    if (isDeepStrictEqual(found, wanted)) return;
    ++this.wrong;
    console.log(`${this.client}: ${name}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
  }
}

async function piston(checks) {
  const {piston} = await import(pathToFileURL(join(modules, 'node_modules/piston-client/index.js')).href);
  const client = piston({server: url});
  const run = async (language, code, more = {}) => (await client.execute(language, code, {args: [], ...more}));
  checks.equal('runtimes', (await client.runtimes()).some((each) => each.language === 'python'), true);
  const accepted = await run('python', 'print(int(input()) * 2)', {stdin: '21'});
  checks.equal('accepted', [accepted.run.stdout, accepted.run.code], ['42\n', 0]);
  checks.equal('arguments', (await run('python', 'import sys; print(sys.argv[1:])', {args: ['a', 'b']})).run.stdout, "['a', 'b']\n");
  checks.equal('run-time error', (await run('python', 'import sys; sys.exit(3)')).run.code, 3);
  checks.equal('time', (await run('python', 'while True: pass', {runTimeout: 1000})).run.signal, 'SIGKILL');
  const hungry = 'x = bytearray(3 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1';
  checks.equal('memory', (await run('python', hungry, {runMemoryLimit: 128 * MIB})).run.signal, 'SIGKILL');
  checks.equal('compile error', (await run('c++', 'int main() { return x; }')).compile.code !== 0, true);
  checks.equal('large output', (await run('python', "print('x' * 400000)")).run.stdout.length, 400001);
  checks.equal('large input', (await run('python', 'print(len(input()))', {stdin: 'y'.repeat(3000000)})).run.stdout, '3000000\n');
  const many = await Promise.all([...Array(40).keys()].map((i) => run('python', `print(${i})`)));
  checks.equal('many at once', many.map((each) => each.run.stdout), [...Array(40).keys()].map((i) => `${i}\n`));
}

// What client.ts imports of Hydro beside its own types.
const STANDINS = {
  '@hydrooj/utils':
    'export const pipeRequest = (request, to) => new Promise((done, failed) => { request.pipe(to).on("finish", done).on("error", failed); });',
  '../../package.json': 'export const version = "0";',
  '../config': `export const getConfig = () => ${JSON.stringify(`${url}/`)};`,
};

async function hydro(checks) {
  const to = mkdtempSync(join(tmpdir(), 'evalrun-hydro-'));
  try {
    const standins = {
      name: 'standins',
      setup(build) {
        build.onResolve({filter: /.*/}, ({path}) => (path in STANDINS ? {path, namespace: 'standin'} : undefined));
        build.onLoad({filter: /.*/, namespace: 'standin'}, ({path}) => ({contents: STANDINS[path]}));
      },
    };
    await require('esbuild').build({
      entryPoints: [join(folder, 'Hydro/packages/hydrojudge/src/sandbox/client.ts')],
      bundle: true,
      platform: 'node',
      outfile: join(to, 'client.cjs'),
      nodePaths: [join(modules, 'node_modules')],
      plugins: [standins],
      logLevel: 'error',
    });
    await driveHydro(createRequire(join(to, 'client.cjs'))(join(to, 'client.cjs')).default, checks, to);
  } finally {
    rmSync(to, {recursive: true});
  }
}

const command = (args, more = {}) => ({
  args,
  env: ['PATH=/usr/bin:/bin'],
  files: [{content: ''}, {name: 'stdout', max: MIB}, {name: 'stderr', max: MIB}],
  cpuLimit: 5 * SECOND,
  clockLimit: 15 * SECOND,
  memoryLimit: 256 * MIB,
  procLimit: 32,
  ...more,
});

// Talks with `ask` and answers with all that has come when the connection is closed.
const talk = (client, request, ask) =>
  new Promise((done, failed) => {
    const told = {outputs: {}, result: null};
    const stream = client.stream(request);
    stream.on('error', failed);
    stream.on('output', ({index, fd, content}) => {
      const key = `${index}/${fd}`;
      told.outputs[key] = (told.outputs[key] ?? '') + content.toString();
      ask(stream, told);
    });
    stream.on('end', (result) => { told.result = result; });
    stream.on('close', () => done(told));
    stream.on('open', () => ask(stream, told));
  });

async function driveHydro(client, checks, to) {
  const run = async (...commands) => (await client.run({cmd: commands}));
  const version = await client.version();
  checks.equal('version', [typeof version.buildVersion, version.copyOutOptional, version.stream], ['string', true, true]);
  checks.equal('config', (await client.config()).runnerConfig.workDir, '/w');
  const [compiled] = await run(command(['g++', 'a.cc', '-o', 'a'], {
    copyIn: {'a.cc': {content: '#include <iostream>\nint main() { int a; std::cin >> a; std::cout << a * 2; }'}},
    copyOutCached: ['a'],
    memoryLimit: 1024 * MIB,
    clockLimit: 60 * SECOND,
    cpuLimit: 30 * SECOND,
  }));
  checks.equal('compile', compiled.status, 'Accepted');
  const fileId = compiled.fileIds?.a;
  checks.equal('the list of files', (await client.listFiles())[fileId], 'a');
  const [doubled] = await run(command(['a'], {
    args: ['/w/a'],
    copyIn: {a: {fileId}},
    files: [{content: '21'}, {name: 'stdout', max: MIB}, {name: 'stderr', max: MIB}],
  }));
  checks.equal('accepted', [doubled.status, doubled.files.stdout], ['Accepted', '42']);
  await client.getFile(fileId, join(to, 'a.out'));
  checks.equal('a file', readFileSync(join(to, 'a.out')).subarray(1, 4).toString(), 'ELF');
  await client.deleteFile(fileId);
  checks.equal('a file that was deleted', (await client.listFiles())[fileId], undefined);
  checks.equal('time', (await run(command(['sh', '-c', 'while :; do :; done'], {cpuLimit: SECOND / 2})))[0].status, 'Time Limit Exceeded');
  const hungry = ['python3', '-c', 'x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1'];
  checks.equal('memory', (await run(command(hungry, {memoryLimit: 64 * MIB})))[0].status, 'Memory Limit Exceeded');
  checks.equal('run-time error', (await run(command(['sh', '-c', 'exit 3'])))[0].exitStatus, 3);
  const both = await client.run({
    cmd: [command(['echo', 'through'], {files: [{content: ''}, null, {name: 'stderr', max: 100}]}),
      command(['cat'], {files: [null, {name: 'stdout', max: 100}, {name: 'stderr', max: 100}]})],
    pipeMapping: [{in: {index: 0, fd: 1}, out: {index: 1, fd: 0}}],
  });
  checks.equal('a pipe', both[1].files.stdout, 'through\n');

  const streams = {files: [{streamIn: true}, {streamOut: true}, {streamOut: true}]};
  const dialogue = await talk(
    client, {cmd: [command(['sh', '-c', 'echo ready; read x; echo $x; read y; echo $y >&2; exit 7'], streams)]},
    (stream, told) => {
      const output = told.outputs['0/1'] ?? '';
      if (output === 'ready\n') stream.input({index: 0, fd: 0, content: Buffer.from('one\n')});
      if (output === 'ready\none\n' && !told.outputs['0/2']) stream.input({index: 0, fd: 0, content: Buffer.from('two\n')});
    });
  checks.equal('a stream', [dialogue.outputs, dialogue.result?.results?.[0]?.exitStatus],
    [{'0/1': 'ready\none\n', '0/2': 'two\n'}, 7]);
  const cancelled = await talk(client, {cmd: [command(['sh', '-c', 'echo ready; sleep 60'], streams)]}, (stream, told) => {
    if (told.outputs['0/1']) stream.cancel();
  });
  checks.equal('a stream that is cancelled', cancelled.result?.results?.[0]?.status, 'Signalled');
}

let wrong = 0;
for (const [name, drive, isThere] of [
  ['piston-client', piston, true],
  ['Hydro', hydro, existsSync(join(folder, 'Hydro'))],
]) {
  if (!isThere) {
    console.log(`${name}: not in ${folder}`);
    continue;
  }
  const checks = new Checks(name);
  await drive(checks);
  wrong += checks.wrong;
  console.log(`${name}: ${checks.done - checks.wrong} of ${checks.done} outcomes right`);
}
process.exit(wrong === 0 ? 0 : 1);
