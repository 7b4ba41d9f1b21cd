// Uses the official client as any application would: node chat.mjs BASE_URL ALIAS
import assert from "node:assert/strict";
import OpenAI from "openai";

const [, , baseURL, model] = process.argv;
const client = new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0 });
const messages = [{ role: "user", content: "What is 2 + 2?" }];

const models = await client.models.list();
assert.ok(models.data.some((m) => m.id === model));
console.log("models ok");

const chat = await client.chat.completions.create({ model, messages });
assert.equal(chat.choices[0].finish_reason, "stop");
assert.ok(JSON.parse(chat.choices[0].message.content).answer);
console.log("chat ok");

let text = "";
for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  text += chunk.choices[0]?.delta?.content ?? "";
}
assert.ok(JSON.parse(text).answer);
console.log("stream ok");

await assert.rejects(client.chat.completions.create({ model: "nobody:prod", messages }), (error) => {
  assert.equal(error.status, 404);
  assert.equal(error.code, "unknown_alias");
  return true;
});
console.log("error ok");
