// What two clients, unchanged, make of the service at the address given: one JSON object.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import OpenAI from "openai";

const [baseURL, model] = process.argv.slice(2);
const messages = [{ role: "user", content: "hello" }];
const settings = { model, messages, max_tokens: 8, temperature: 0, seed: 1 };

const openai = new OpenAI({ baseURL, apiKey: "none" });
const whole = await openai.chat.completions.create(settings);
let streamed = "";
for await (const event of await openai.chat.completions.create({
  ...settings,
  stream: true,
})) {
  streamed += event.choices[0]?.delta?.content ?? "";
}
const listed = (await openai.models.list()).data.map((one) => one.id);
const missing = await openai.chat.completions
  .create({ ...settings, model: "nowhere" })
  .catch((error) => ({ status: error.status, code: error.code }));

const chat = createOpenAICompatible({ name: "stateof", baseURL })(model);
const asked = { model: chat, messages, maxOutputTokens: 8, temperature: 0, seed: 1 };
const vercel = await generateText(asked);
let vercelStreamed = "";
for await (const text of streamText(asked).textStream) vercelStreamed += text;

console.log(
  JSON.stringify({
    whole: whole.choices[0].message.content,
    streamed,
    usage: whole.usage,
    listed,
    missing,
    vercel: vercel.text,
    vercelStreamed,
  }),
);
