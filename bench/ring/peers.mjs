// Times libraries that run offline on the same texts as the ring, in the same way: one text after the other, on one thread.
// node peers.mjs TEXTS.json SECONDS < nothing > ROWS.json
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [texts, seconds, folder] = [JSON.parse(readFileSync(process.argv[2], "utf8")), Number(process.argv[3]), process.argv[4]];
const require = createRequire(pathToFileURL(folder + "/"));
const load = async (name) => { try { return await import(pathToFileURL(require.resolve(name)).href); } catch (e) { console.error(`${name} is left out: ${e.message}`); return null; } };
const contenders = [];

const redact = await load("redact-pii");
if (redact) {
    const redactor = new (redact.SyncRedactor ?? redact.default.SyncRedactor)();
    contenders.push(["redact-pii", (text) => redactor.redact(text) !== text]);
}
const obscenity = await load("obscenity");
if (obscenity) {
    const o = obscenity.RegExpMatcher ? obscenity : obscenity.default;
    const matcher = new o.RegExpMatcher({ ...o.englishDataset.build(), ...o.englishRecommendedTransformers });
    contenders.push(["obscenity", (text) => matcher.hasMatch(text)]);
}
const hai = await load("@presidio-dev/hai-guardrails");
if (hai) {
    // Its heuristic mode starts workers from a path of its builder's machine and cannot run; the patterns can.
    const all = { selection: hai.SelectionType.All };
    const engine = new hai.GuardrailsEngine({ guards: [hai.injectionGuard({ roles: ["user"] }, { mode: "pattern", threshold: 0.7 }), hai.piiGuard(all), hai.secretGuard(all)], logLevel: "silent" });
    contenders.push(["hai-guardrails", async (text) => (await engine.run([{ role: "user", content: text }])).messagesWithGuardResult.some((g) => g.messages.some((m) => !m.passed))]);
}
const openai = await load("@openai/guardrails");
if (openai) {
    const bundle = openai.loadConfigBundle(JSON.stringify({ version: 1, guardrails: [
        { name: "Contains PII", config: { entities: ["EMAIL_ADDRESS", "CREDIT_CARD", "PHONE_NUMBER", "US_SSN", "IP_ADDRESS", "IBAN_CODE"], block: true, detect_encoded_pii: false } },
        { name: "Secret Keys", config: { threshold: "balanced" } },
        { name: "Keyword Filter", config: { keywords: ["idiot", "stupid", "pathetic", "worthless", "ignore all previous instructions", "system prompt"] } }] }));
    contenders.push(["@openai/guardrails", async (text) => (await openai.runGuardrails(text, bundle)).some((r) => r.tripwireTriggered)]);
}

const groups = new Map();
for (const t of texts) { const key = `${t.Kind}|${t.Size}`; groups.set(key, [...(groups.get(key) ?? []), t]); }
const rows = [];
for (const [name, judge] of contenders) {
    for (const group of groups.values()) {
        const hostile = group[0].Kind.startsWith("hostile");
        let found = 0;
        // A promise is awaited only where the library is asynchronous: waiting costs what it costs its users.
        const run = async (text) => { const answer = judge(text); return answer instanceof Promise ? await answer : answer; };
        for (const t of group) found += (await run(t.Text)) ? 1 : 0;
        const until = (limit, least) => { const begun = performance.now(); let n = 0; return () => performance.now() - begun < limit * 1000 || n++ < least; };
        for (const more = until(hostile ? 0 : seconds / 2, 1); more();) for (const t of group) await run(t.Text);
        const micros = [];
        for (const more = until(seconds, hostile ? 3 : 20); more();) {
            for (const t of group) {
                const begun = process.hrtime.bigint();
                await run(t.Text);
                micros.push(Number(process.hrtime.bigint() - begun) / 1000);
            }
        }
        micros.sort((a, b) => a - b);
        const at = (share) => Math.round(micros[Math.min(micros.length - 1, Math.floor(share * micros.length))] * 10) / 10;
        const mean = group.reduce((sum, t) => sum + t.Text.length, 0) / group.length;
        rows.push({ Contender: name, Kind: group[0].Kind, Size: group[0].Size, P50: at(0.5), P99: at(0.99), MegabytesPerSecond: Math.round(mean / at(0.5) * 10) / 10, Bytes: null, Found: found, Texts: group.length });
        console.error(`${name}: ${group[0].Kind}, ${group[0].Size}`);
    }
}
process.stdout.write(JSON.stringify(rows), () => process.exit(0));
